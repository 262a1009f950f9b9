"""Bookmarks: public in v0 and named by a hash; private in v1 and named by their target."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.kinds import ids
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.kind import Kind, Reference, check_v1_uri, references
from dashboard.kinds.paths import V0, Classified
from dashboard.kinds.text import host
from dashboard.kinds.wire import urls
from dashboard.kinds.wire.bounded_json import Value
from dashboard.kinds.wire.members import Members
from dashboard.kinds.wire.moments import Moment, moment
from dashboard.kinds.writing import Built, finish, invalid, trimmed

# Longer targets do not fit into a file name of 255 bytes, so v1 names them by a hash.
_MOST_NAMED_BYTES = 187
_OVERFLOW = "~"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Something the owner wants to find again. `group` is a heading to sort it under."""

    uri: str
    created_at: int | None
    created: Moment | None
    rest: Mapping[str, Value] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The kind of object, the app or the web host that the bookmark leads to."""
        found = references(("target", self.uri))
        if not found or found[0].address is None:
            return host(self.uri) or "Other addresses"
        target = found[0].target
        if target is None:
            return "People"
        return target.kind or target.app or "Other addresses"


def target_of_name(name: str) -> str | None:
    """The target that a v1 file name spells out, or None if it is a hash or spelled wrongly.

    Decoding must give the same name back, because lenient decoders read many names alike.
    """
    if name.startswith(_OVERFLOW):
        return None
    try:
        data = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
        target = data.decode()
    except ValueError:
        return None
    return target if name_of_target(target) == name else None


def name_of_target(target: str) -> str:
    """The v1 file name (without `.json`) of a bookmark of this canonical target."""
    data = target.encode()
    if len(data) > _MOST_NAMED_BYTES:
        return _OVERFLOW + ids.hash_id(data)
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _read(members: Members, at: Classified) -> Bookmark:
    if at.is_v1:
        uri = _target_in_v1(members, at.id or "")
        if uri:
            check_v1_uri(members, "target", uri, at, "any")
    else:
        # Stored and hashed as it was given, so it is never respelled.
        uri = members.needed_text("uri")
        if urls.parse(uri) is None:
            members.complain("uri", "is not an address (URL).")
    created_at = members.needed_whole("created_at")
    return Bookmark(uri, created_at, moment(created_at), members.rest())


def _target_in_v1(members: Members, name: str) -> str:
    if name.startswith(_OVERFLOW):
        return members.needed_text("target")
    target = target_of_name(name)
    if target is None:
        members.refuse("Its name does not spell out an address.")
    return target or ""


def _expected_id(bookmark: Bookmark, at: Classified) -> str | None:
    if at.is_v1:
        return name_of_target(bookmark.uri) if bookmark.uri else None
    return ids.text_hash_id(bookmark.uri)


def _references(bookmark: Bookmark, _at: Classified) -> tuple[Reference, ...]:
    return references(("target", bookmark.uri))


BOOKMARK = Kind(
    "bookmark",
    "Bookmark",
    "Bookmarks",
    _read,
    lambda bookmark, _at: bookmark.uri or "Bookmark of something unreadable",
    _references,
    _expected_id,
)


def build_bookmark(uri: str, *, now_us: int) -> Built:
    """Remember an address; in v0 everybody can see it. Raises `InvalidObjectError`."""
    target = trimmed(uri)
    address = parse_address(target)
    if address is not None and address.is_private:
        raise invalid("uri", "A v0 bookmark is public, so it cannot point to a private object.")
    return finish(
        BOOKMARK,
        f"{V0}bookmarks/{ids.text_hash_id(target)}",
        {"uri": target, "created_at": now_us},
    )
