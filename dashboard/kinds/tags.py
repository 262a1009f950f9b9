"""Tags: a label that the owner put on something, named by the hash of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.kinds import ids
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.kind import Kind, Reference, check_v1_uri, references
from dashboard.kinds.paths import V0, Classified
from dashboard.kinds.wire import urls
from dashboard.kinds.wire.bounded_json import Value
from dashboard.kinds.wire.members import WHITE_SPACE, Limits, Members
from dashboard.kinds.wire.moments import Moment, moment
from dashboard.kinds.writing import Built, finish, invalid, standard_url, trimmed

MOST_CHARACTERS = 20
_REFUSED = set(WHITE_SPACE + ",:")
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Tag:
    """A label on something. `uri` is in the spelling that the id is made of, where that is sure."""

    uri: str
    label: str
    created_at: int | None
    created: Moment | None
    rest: Mapping[str, Value] = field(default_factory=dict)


def label_complaint(label: str) -> str | None:
    """Why a label is refused, as the rest of a sentence; feeds use it for their tags, too.

    A colon would make the text ambiguous from which the id is made.
    """
    complaint = Limits(MOST_CHARACTERS, 1).complaint(label)
    if complaint is not None:
        return complaint
    refused = next((character for character in label if character in _REFUSED), None)
    if refused is None:
        return None
    return "has white space in it." if refused in WHITE_SPACE else f"has a “{refused}” in it."


def fold_label(label: str, *, is_v1: bool = False) -> str:
    """The stored form of a label: trimmed and in lower case, which v1 does for ASCII only."""
    text = trimmed(label)
    return text.translate(_ASCII_LOWER) if is_v1 else text.lower()


def tag_id(uri: str, label: str) -> str:
    """The id of a tag, from its stored uri and label."""
    return ids.text_hash_id(f"{uri}:{label}")


def _read(members: Members, at: Classified) -> Tag:
    uri = members.needed_text("uri")
    if at.is_v1:
        check_v1_uri(members, "uri", uri, at, "any")
    else:
        url = urls.parse(uri)
        if url is None:
            members.complain("uri", "is not an address (URL).")
        uri = trimmed(uri) if url is None else url.text
    written = members.needed_text("label")
    label = fold_label(written, is_v1=at.is_v1)
    complaint = label_complaint(label)
    if complaint is not None:
        members.complain("label", complaint)
    if at.is_v1 and label != written:
        members.complain("label", "is not trimmed and in lower case.")
    created_at = members.needed_whole("created_at")
    return Tag(uri, label, created_at, moment(created_at), members.rest())


def _expected_id(tag: Tag, at: Classified) -> str | None:
    url = urls.parse(tag.uri)
    if not at.is_v1 and (url is None or not url.is_certain):
        return None
    return tag_id(tag.uri, tag.label)


def _references(tag: Tag, _at: Classified) -> tuple[Reference, ...]:
    return references(("target", tag.uri))


TAG = Kind("tag", "Tag", "Tags", _read, lambda tag, _at: tag.label, _references, _expected_id)


def build_tag(uri: str, label: str, *, now_us: int) -> Built:
    """Put a label on something. Raises `InvalidObjectError`."""
    target = standard_url("uri", uri)
    address = parse_address(target)
    if address is not None and address.is_private:
        raise invalid("uri", "A tag is public, so it cannot point to a private object.")
    folded = fold_label(label)
    return finish(
        TAG,
        f"{V0}tags/{tag_id(target, folded)}",
        {"uri": target, "label": folded, "created_at": now_us},
    )
