"""Archives as tests make them: by our writer, and by hand where no honest program would."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from blake3 import blake3

from dashboard.addresses import OwnPath
from dashboard.archive.manifest import ManifestEntry, State
from dashboard.archive.names import SIGNATURE, name_of
from dashboard.archive.writing import ArchiveWriter

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def entry_of(path: str, body: bytes, state: State = "kept") -> ManifestEntry:
    """What the manifest says of a file."""
    own = OwnPath.parse(path)
    digest = blake3(body).hexdigest()
    return ManifestEntry(own, name_of(own), len(body), "text/plain", digest, NOON, state)


def write_archive(
    target: Path,
    files: dict[str, bytes],
    listed: list[ManifestEntry] | None = None,
    sign: Callable[[str], bytes] | None = None,
) -> Path:
    """An archive of ours. `listed` replaces what the manifest would say.

    `sign` makes the text of the signature from the manifest's hash.
    """
    writer = ArchiveWriter()
    with target.open("wb") as out:
        for path, body in files.items():
            entry = entry_of(path, body)
            writer.begin(entry.name, len(body), entry.content_type, NOON)
            writer.write(body)
            writer.end()
            out.write(writer.take())
        for entry in listed if listed is not None else [entry_of(*each) for each in files.items()]:
            writer.note(entry)
        writer.begin_manifest(NOON)
        while writer.write_manifest():
            out.write(writer.take())
        _, manifest_hash = writer.end()
        if sign is not None:
            writer.add_text(SIGNATURE, sign(manifest_hash), NOON)
        writer.finish()
        out.write(writer.take())
    writer.close()
    return target


def foreign_archive(target: Path, files: dict[str, bytes], mode: int = 0o100644) -> Path:
    """An archive as other programs make it: no manifest, and any name."""
    with ZipFile(target, "w", ZIP_DEFLATED) as made:
        for name, body in files.items():
            info = ZipInfo(name)
            info.filename = info.orig_filename = name  # the constructor would tidy it up
            info.external_attr = mode << 16
            info.compress_type = ZIP_DEFLATED
            made.writestr(info, body)
    return target
