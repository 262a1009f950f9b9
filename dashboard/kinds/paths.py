"""What kind of object lies at a path, in both layouts; the body plays no part.

v0 is everything under `/pub/pubky.app/`. v1 is a draft, `/pub/social/v1/` and `/priv/social/v1/`;
its grammar is appendix A of the document named by `V1_DRAFT`. Every path has an outcome.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dashboard.kinds import ids

# The commit of pubky-app-specs whose draft is read here; compare before reading a newer one.
V1_DRAFT = "067ade8c2309e03e5edab1093cf64824c3185705"

V0_APP = "pubky.app"
V0 = f"/pub/{V0_APP}/"
V1_APP = "social"
V1_EPOCH = "v1"

Outcome = Literal["typed-v0", "typed-v1", "foreign", "unsupported", "unknown", "reserved"]
Root = Literal["pub", "priv"]
KindName = Literal[
    "profile",
    "post",
    "file",
    "blob",
    "media",
    "tag",
    "bookmark",
    "follow",
    "mute",
    "feed",
    "settings",
    "last_read",
]

# The draft's closed set of endings; all others are unknown.
MEDIA_TYPES = {
    "bin": "application/octet-stream",
    "css": "text/css",
    "csv": "text/csv",
    "gif": "image/gif",
    "html": "text/html",
    "jpg": "image/jpeg",
    "js": "application/javascript",
    "json": "application/json",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
}

_EPOCH = re.compile(r"v[0-9]+", re.ASCII)
_LABEL = re.compile(r"[a-z0-9-]{1,64}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")

_SINGLES_V0: dict[str, KindName] = {
    "profile.json": "profile",
    "settings.json": "settings",
    "last_read": "last_read",
}
_SINGLES_V1: dict[str, tuple[KindName, Root]] = {
    "profile.json": ("profile", "pub"),
    "settings.json": ("settings", "priv"),
    "last_read.json": ("last_read", "priv"),
}
_FOLDERS_V0: dict[str, KindName] = {
    "posts": "post",
    "files": "file",
    "blobs": "blob",
    "tags": "tag",
    "bookmarks": "bookmark",
    "follows": "follow",
    "mutes": "mute",
    "feeds": "feed",
}
_FOLDERS_V1: dict[str, tuple[KindName, Root | None]] = {
    "posts": ("post", None),
    "files": ("media", None),
    "tags": ("tag", "pub"),
    "bookmarks": ("bookmark", "priv"),
    "follows": ("follow", "pub"),
    "mutes": ("mute", "priv"),
    "feeds": ("feed", None),
}


@dataclass(frozen=True, slots=True)
class Classified:
    """What a path says. `kind` is set exactly if the outcome is typed.

    `id` is the text that names the object in its folder, as it is spelled there: v1 endings are cut
    off. `edit_id` is a v1 post's edit and `label` the readable end of its name. `app` is the first
    folder below the root, `epoch` the second where it looks like one. `problem` says why a path is
    unknown.
    """

    path: str
    outcome: Outcome
    root: Root | None = None
    app: str = ""
    epoch: str | None = None
    kind: KindName | None = None
    id: str | None = None
    edit_id: str | None = None
    label: str | None = None
    extension: str | None = None
    has_canonical_id: bool = True
    problem: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether anybody can read what is there."""
        return self.root == "pub"

    @property
    def is_v1(self) -> bool:
        """Whether it is an object of the draft."""
        return self.outcome == "typed-v1"


def classify(path: str) -> Classified:
    """Say what lies at a stored path (`/pub/…`, `/priv/…`, not decoded again). Never raises."""
    segments = path.split("/")
    if len(segments) < 3 or segments[0] or "" in segments[1:]:
        return Classified(path, "unknown", problem="It is not the path of a file.")
    match segments[1]:
        case "pub":
            return _in_root(Classified(path, "unknown", "pub"), segments[2:])
        case "priv":
            return _in_root(Classified(path, "unknown", "priv"), segments[2:])
        case _:
            return Classified(path, "unknown", problem="It lies neither in /pub/ nor in /priv/.")


def _in_root(at: Classified, segments: Sequence[str]) -> Classified:
    app, rest = segments[0], segments[1:]
    if not rest:
        return replace(at, problem="It lies in no app's folder.")
    epoch = rest[0] if _EPOCH.fullmatch(rest[0]) else None
    if app == V0_APP:
        return _in_v0(replace(at, app=app, epoch="v0"), rest)
    if app == V1_APP:
        return _in_social(replace(at, app=app, epoch=epoch), rest)
    return replace(at, outcome="foreign", app=app, epoch=epoch)


def _in_social(at: Classified, rest: Sequence[str]) -> Classified:
    if at.epoch is None:
        return replace(at, problem="It names no version of the social layout.")
    if at.epoch != V1_EPOCH:
        return replace(at, outcome="unsupported")
    if rest[-1].startswith("_"):
        return replace(at, outcome="reserved")
    return _in_v1(at, rest[1:])


def _in_v0(at: Classified, rest: Sequence[str]) -> Classified:
    if at.root != "pub":
        return replace(at, problem="The v0 layout keeps nothing in /priv/.")
    if len(rest) == 1 and rest[0] in _SINGLES_V0:
        return replace(at, outcome="typed-v0", kind=_SINGLES_V0[rest[0]])
    kind = _FOLDERS_V0.get(rest[0]) if len(rest) == 2 else None
    if kind is None:
        return replace(at, problem="The v0 layout has no such place.")
    name = rest[1]
    match kind:
        case "post" | "file":
            found = ids.parse_timestamp_id(name)
            canonical = found is not None and found.is_canonical
            problem = None if found else "Its name is not a timestamp id."
        case "follow" | "mute":
            canonical = ids.is_key(name)
            problem = None if ids.is_loosely_a_key(name) else "Its name is not a public key."
        case _:
            found = ids.parse_hash_id(name)
            canonical = found is not None and found.is_canonical
            problem = None if found else "Its name is not a hash id."
    if problem is not None:
        return replace(at, problem=problem)
    return replace(at, outcome="typed-v0", kind=kind, id=name, has_canonical_id=canonical)


def _in_v1(at: Classified, rest: Sequence[str]) -> Classified:
    if len(rest) == 1 and rest[0] in _SINGLES_V1:
        kind, root = _SINGLES_V1[rest[0]]
        return _rooted(replace(at, kind=kind), root)
    folder_kind, folder_root = _FOLDERS_V1.get(rest[0], (None, None)) if rest else (None, None)
    if folder_kind == "post" and len(rest) in {2, 3}:
        return _post_in_v1(at, rest)
    if folder_kind is None or len(rest) != 2:
        return replace(at, problem="The v1 layout has no such place.")
    named = _named_in_v1(replace(at, kind=folder_kind), rest[1])
    return named if named.problem else _rooted(named, folder_root)


def _rooted(at: Classified, root: Root | None) -> Classified:
    if root is not None and at.root != root:
        return replace(at, kind=None, id=None, problem=f"In v1 it belongs in /{root}/.")
    return replace(at, outcome="typed-v1")


def _post_in_v1(at: Classified, rest: Sequence[str]) -> Classified:
    if not _is_timestamp(rest[1]):
        return replace(at, problem="Its folder's name is not a timestamp id.")
    at = replace(at, kind="post", id=rest[1])
    if len(rest) == 2:
        return replace(at, outcome="typed-v1")
    stem, dot, ending = rest[2].rpartition(".")
    edit_id, dash, label = stem.partition("-")
    if ending != "json" or not dot or not _is_timestamp(edit_id):
        return replace(at, kind=None, id=None, problem="Its name is not that of an edit.")
    if dash and not _LABEL.fullmatch(label):
        return replace(at, kind=None, id=None, problem="Its name has no proper label.")
    return replace(at, outcome="typed-v1", edit_id=edit_id, label=label if dash else None)


def _named_in_v1(at: Classified, name: str) -> Classified:
    stem, _, ending = name.rpartition(".")
    problem: str | None = None
    if at.kind == "media":
        if ending not in MEDIA_TYPES or not _is_hash(stem):
            problem = "Its name is not a hash id with a known ending."
        at = replace(at, extension=ending)
    elif ending != "json":
        problem = "Its name does not end in .json."
    elif at.kind in {"follow", "mute"}:
        problem = None if ids.is_key(stem) else "Its name is not a public key."
    elif at.kind == "bookmark":
        problem = None if _is_bookmark(stem) else "Its name is not that of a bookmark."
    elif not _is_hash(stem):
        problem = "Its name is not a hash id."
    if problem is not None:
        return replace(at, kind=None, extension=None, problem=problem)
    return replace(at, id=stem)


def _is_timestamp(text: str) -> bool:
    found = ids.parse_timestamp_id(text)
    return found is not None and found.is_canonical


def _is_hash(text: str) -> bool:
    found = ids.parse_hash_id(text)
    return found is not None and found.is_canonical


def _is_bookmark(stem: str) -> bool:
    if stem.startswith("~"):
        return _is_hash(stem[1:])
    return _BASE64URL.fullmatch(stem) is not None
