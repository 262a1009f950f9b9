"""All files below a folder of somebody's own, page by page, and their hashes in hex."""

import binascii
from base64 import b64decode
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from dashboard.addresses import OwnPath
from dashboard.doors.storage import File
from dashboard.doors.tenant import TenantDoor

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file as the listing has it; the hash is hex."""

    path: OwnPath
    byte_count: int
    content_type: str
    modified_at: datetime
    blake3: str


async def files_below(door: TenantDoor, folder: OwnPath) -> AsyncGenerator[OwnFile, None]:
    """Every file, folder by folder; what changes meanwhile may be seen or not.

    Raises `DoorError`.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        inner: list[OwnPath] = []
        cursor: str | None = None
        while True:
            listing = await door.find_folder(here, _PAGE, cursor)
            if listing is None:
                break
            for item in listing.items:
                path = cast("OwnPath", item.path)  # the kind of path that was asked for
                if isinstance(item, File):
                    yield OwnFile(
                        path,
                        item.byte_count,
                        item.content_type,
                        item.modified_at,
                        hex_of(item.content_hash),
                    )
                else:
                    inner.append(path)
            cursor = listing.next_cursor
            if cursor is None:
                break
        waiting += reversed(inner)


def hex_of(base64_text: str) -> str:
    """A BLAKE3 hash in base64, as listings and ETags have it, in hex; empty for anything else."""
    try:
        digest = b64decode(base64_text.strip('"'), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return digest.hex() if len(digest) == 32 else ""
