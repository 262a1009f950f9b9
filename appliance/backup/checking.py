"""Examines a copy that was restored: could a node live on it?"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from appliance.backup.manifest import Manifest, read_manifest
from appliance.config import ConfigError, load_config
from appliance.data_folder import (
    CONFIG_FILE,
    DASHBOARD_FILE,
    KEY_FILE,
    PASSWORD_FILE,
    DataFolder,
    DataFolderError,
)
from appliance.errors import PubkyError
from appliance.metadata.copies import (
    KeptBlob,
    counts,
    integrity,
    kept_blobs,
    newer_than_this,
    opened_copy,
)
from appliance.metadata.sqlite import DatabaseUnusableError, quick_check
from appliance.metadata.store import Tx
from appliance.pubky.keys import Keypair

READ_BYTES = 1024 * 1024
NAMED = 3
"""How many missing or damaged files are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    subject: str
    is_good: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class _Files:
    """What is wrong with the bytes: ids of live files, and how many of deleted ones are gone."""

    total: int
    missing: list[str]
    retired_missing: int
    sample: list[KeptBlob]


def check_copy(
    folder: Path, blobs: Path, sample: int | None, node: str | None = None
) -> list[Finding]:
    """Look at everything; the bytes of `sample` files are read, or of all when it is None.

    With `node`, a public key, the copy must be of that node.
    Changes nothing. What cannot be looked at is bad: a copy that cannot be read is none.
    """
    try:
        manifest = read_manifest(folder)
    except PubkyError as error:
        return [Finding("manifest", False, error.message)]
    return [
        Finding("manifest", True, f"made at {manifest.made_at} by version {manifest.version}"),
        *_check_rows(folder / manifest.database, manifest, blobs, sample),
        _check_key(folder, manifest.public_key if node is None else node),
        _check_settings(folder),
        _check_password(folder),
        *_check_dashboard(folder),
    ]


def missing_files(folder: Path, blobs: Path) -> tuple[int, int]:
    """How many live files the rows of a copy have, and how many of them have no bytes.

    Raises PubkyError and DatabaseUnusableError.
    """
    with opened_copy(folder / read_manifest(folder).database) as tx:
        files = _look_for_files(tx, blobs, 0)
    return files.total, len(files.missing)


def _check_rows(
    database: Path, manifest: Manifest, blobs: Path, sample: int | None
) -> Iterator[Finding]:
    try:
        with opened_copy(database) as tx:
            newer = newer_than_this(tx)
            told = f"a newer version wrote it ({newer[0]})" if newer else "known to this version"
            yield Finding("schema", not newer, told)
            verdict = integrity(tx)
            yield Finding("rows", verdict == "ok", f"integrity: {verdict}")
            if newer or verdict != "ok":
                return
            found = counts(tx)
            words = ", ".join(f"{getattr(found, name)} {name}" for name in found.__slots__)
            same = found == manifest.counts
            yield Finding("counts", same, words if same else f"{words}, not as when it was made")
            files = _look_for_files(tx, blobs, sample)
    except DatabaseUnusableError as error:
        yield Finding("rows", False, str(error))
        return
    yield _told_files(files)
    yield _check_bytes(files.sample, blobs)


def _look_for_files(tx: Tx, blobs: Path, sample: int | None) -> _Files:
    """One pass over all rows; the sample is drawn on the way, each file as likely as any other."""
    total, retired_missing = 0, 0
    missing: list[str] = []
    drawn: list[KeptBlob] = []
    there = 0
    for blob in kept_blobs(tx):
        total += blob.is_live
        if not _has_size(_path(blobs, blob), blob.size):
            # Bytes of deleted files may go at any time, their rows after them.
            retired_missing += not blob.is_live
            missing += [blob.id] * blob.is_live
            continue
        there += 1
        if sample is None or len(drawn) < sample:
            drawn.append(blob)
        elif sample and (place := secrets.randbelow(there)) < sample:
            drawn[place] = blob
    return _Files(total, missing, retired_missing, drawn)


def _told_files(files: _Files) -> Finding:
    if files.missing:
        named = ", ".join(files.missing[:NAMED])
        return Finding(
            "files", False, f"{len(files.missing)} of {files.total} are missing or short: {named}"
        )
    rest = f"; {files.retired_missing} deleted ones are gone" if files.retired_missing else ""
    return Finding("files", True, f"all {files.total} are there{rest}")


def _check_bytes(sample: list[KeptBlob], blobs: Path) -> Finding:
    damaged = [blob.id for blob in sample if _hash(_path(blobs, blob)) != blob.content_hash]
    if damaged:
        named = ", ".join(damaged[:NAMED])
        told = f"{len(damaged)} of {len(sample)} read are not what was stored: {named}"
        return Finding("bytes", False, told)
    return Finding("bytes", True, f"{len(sample)} read, each as it was stored")


def _check_key(folder: Path, node: str) -> Finding:
    try:
        text = (folder / KEY_FILE).read_text(encoding="utf-8")
        found = Keypair.from_secret_text(text).public_key.z32
    except FileNotFoundError:
        return Finding("key", False, f"the file '{KEY_FILE}' is missing: nobody could be this node")
    except (OSError, UnicodeDecodeError, PubkyError) as error:
        return Finding("key", False, f"cannot be read: {error}")
    if found != node:
        return Finding("key", False, f"it is {found}, but the node's is {node}")
    return Finding("key", True, found)


def _check_settings(folder: Path) -> Finding:
    try:
        load_config(folder / CONFIG_FILE)
    except ConfigError as error:
        return Finding("settings", False, "; ".join(error.problems))
    return Finding("settings", True, "each is known")


def _check_password(folder: Path) -> Finding:
    try:
        DataFolder(folder).hashed_admin_password()
    except DataFolderError as error:
        return Finding("password", False, str(error))
    return Finding("password", True, f"its hash is in '{PASSWORD_FILE}'")


def _check_dashboard(folder: Path) -> Iterator[Finding]:
    file = folder / DASHBOARD_FILE
    if file.exists():
        verdict = quick_check(file)
        yield Finding("dashboard", verdict == "ok", f"integrity: {verdict}")


def _path(blobs: Path, blob: KeptBlob) -> Path:
    return blobs / blob.id[:2] / blob.id


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _hash(path: Path) -> bytes:
    digest = blake3()
    try:
        with path.open("rb") as file:
            while chunk := file.read(READ_BYTES):
                digest.update(chunk)
    except OSError:
        return b""
    return digest.digest()
