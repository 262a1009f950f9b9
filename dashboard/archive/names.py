"""Paths of stored files and the names that they have in an archive."""

import re

from dashboard.addresses import OwnPath

MANIFEST = "MANIFEST.jsonl"
SIGNATURE = "SIGNATURE"
EVENTS = "EVENTS.jsonl"
README = "README.txt"
READING_COPY = "profile.html"
# What we put beside the files; nobody's files lie outside of the two trees.
EXTRAS = frozenset({MANIFEST, SIGNATURE, EVENTS, README, READING_COPY})
# A further underscore for names that have one already: so no two folders become the same.
_APP_BUNDLE = re.compile(r"(/(?:pub|priv)/[^/]+\.app_*)/")


def name_of(path: OwnPath, *, rename_bundles: bool = False) -> str:
    """The name of a file in an archive: its path without the first slash.

    macOS shows a folder `pubky.app` as a program that cannot be opened: `pubky.app_` if wished.
    """
    text = _APP_BUNDLE.sub(r"\1_/", path.text, count=1) if rename_bundles else path.text
    return text.removeprefix("/")


def path_of(name: str) -> OwnPath:
    """The path that a name in an archive stands for. Raises `AddressError`."""
    return OwnPath.parse("/" + name)
