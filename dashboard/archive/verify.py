"""Whether an archive holds, byte for byte, what its manifest says."""

from dataclasses import dataclass
from pathlib import Path

from dashboard.archive.directory import ArchiveError
from dashboard.archive.reading import Archive, LeftOut, Limits
from dashboard.archive.signature import Signature, SignatureError


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `noted` are files of which the manifest itself says that they are not whole.

    `unlisted` lie in the archive and not in the manifest, `missing` the other way round. The
    `signature` is about this manifest, but who knows whether it is genuine: that needs a key.
    """

    has_manifest: bool
    file_count: int
    byte_count: int
    damaged: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    noted: tuple[str, ...]
    signature: Signature | None
    signature_problem: str | None

    @property
    def is_good(self) -> bool:
        """Whether every file is there and is the one that was exported."""
        return self.has_manifest and not (
            self.damaged or self.missing or self.unlisted or self.left_out or self.signature_problem
        )


def verify(path: Path, limits: Limits | None = None) -> Report:
    """Read all of an archive. Raises `ArchiveError` when its structure is not one that we read."""
    with Archive.open(path, limits) as archive:
        listed = archive.listed or {}
        noted = {name for name, entry in listed.items() if not entry.is_whole}
        damaged: list[str] = []
        byte_count = 0
        for entry in archive.entries:
            try:
                found = archive.hash_of(entry)
            except ArchiveError:
                damaged.append(entry.name)
                continue
            byte_count += entry.byte_count
            said = listed.get(entry.name)
            if said is not None and (said.blake3, said.byte_count) != (found, entry.byte_count):
                damaged.append(entry.name)
        signature, problem = _signature(archive)
        return Report(
            has_manifest=archive.listed is not None,
            file_count=len(archive.entries),
            byte_count=byte_count,
            damaged=tuple(damaged),
            missing=archive.missing(),
            unlisted=tuple(each.name for each in archive.entries if each.name not in listed),
            left_out=tuple(each for each in archive.left_out if each.name not in noted),
            noted=tuple(sorted(noted)),
            signature=signature,
            signature_problem=problem,
        )


def _signature(archive: Archive) -> tuple[Signature | None, str | None]:
    try:
        found = archive.signature()
    except SignatureError as error:
        return None, str(error)
    if found is not None and found.blake3 != archive.manifest_hash:
        return None, "It was made for another manifest."
    return found, None
