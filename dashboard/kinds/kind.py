"""What every kind of object offers, and how one object refers to others."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from dashboard.kinds.addresses import Address, parse_address
from dashboard.kinds.paths import Classified, KindName, classify
from dashboard.kinds.wire import urls
from dashboard.kinds.wire.members import Limits, Members

T = TypeVar("T")

Role = Literal[
    "parent",
    "embed",
    "attachment",
    "lock",
    "item",
    "cover",
    "image",
    "link",
    "target",
    "source",
    "person",
    "mention",
]
# What the draft lets a member point to.
Tier = Literal["pubky", "pubky or web", "web", "any"]

_V1_MOST = 1024
_SPACES = re.compile(r"[\x00-\x20\x7f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_WEB = re.compile(r"https?://[^/?#].*", re.DOTALL)
_SCHEMED = re.compile(r"[a-z][a-z0-9+.-]*:.+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reference:
    """One object's pointer to something: `address` and `target` are set if that is pubky's.

    Media needs two hops in v0: a target of kind `file` is JSON whose `source` leads to the bytes;
    `blob` and `media` are the bytes.
    """

    role: Role
    uri: str
    address: Address | None = None
    target: Classified | None = None


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind: how it is read, titled and connected, and which id its content asks for.

    `expected_id` answers None where the content alone does not say. Other apps ignore an object
    under another id if `id_is_binding`.
    """

    name: KindName
    singular: str
    plural: str
    read: Callable[[Members, Classified], T]
    title: Callable[[T, Classified], str]
    references: Callable[[T, Classified], tuple[Reference, ...]]
    expected_id: Callable[[T, Classified], str | None] = lambda _value, _at: None
    id_is_binding: bool = True


def reference(role: Role, uri: str) -> Reference:
    """Follow the text of a reference as far as its path goes."""
    address = parse_address(uri)
    if address is None:
        return Reference(role, uri)
    return Reference(role, uri, address, classify(address.path) if address.path else None)


def references(*pairs: tuple[Role, str | None]) -> tuple[Reference, ...]:
    """The references that are there."""
    return tuple(reference(role, uri) for role, uri in pairs if uri)


def v0_url(members: Members, name: str, limits: Limits | None = None) -> str | None:
    """A member that v0 runs through its URL library, in the library's spelling.

    Lengths count in that spelling, too.
    """
    text = members.text(name, Limits(is_trimmed=True))
    return None if text is None else checked_v0_url(members, name, text, limits)


def checked_v0_url(members: Members, name: str, text: str, limits: Limits | None = None) -> str:
    """The library's spelling of an address; complains if it has none or breaks the limits."""
    url = urls.parse(text)
    if url is None:
        members.complain(name, "is empty." if not text else "is not an address (URL).")
        return text
    complaint = limits.complaint(url.text) if limits else None
    if complaint is not None:
        members.complain(name, complaint)
    return url.text


def check_v1_uri(members: Members, name: str, uri: str, at: Classified, tier: Tier) -> None:
    """The draft's rules for references: canonical, in the tier, and never from public to private.

    Appendix A1 and the root rule (B0): such a pointer dangles for everybody but the owner, and
    tells strangers that a private path exists.
    """
    if len(uri) > _V1_MOST:
        members.complain(name, f"is longer than {_V1_MOST:,} characters.")
    elif uri.startswith("pubky"):
        _check_v1_address(members, name, uri, at, tier)
    elif _SPACES.search(uri):
        members.complain(name, "has white space in it.")
    elif _WEB.fullmatch(uri):
        if tier == "pubky":
            members.complain(name, "is not a pubky address.")
    elif tier != "any" or uri.startswith(("http:", "https:")) or not _SCHEMED.fullmatch(uri):
        members.complain(name, "is not an address that belongs here.")


def _check_v1_address(members: Members, name: str, uri: str, at: Classified, tier: Tier) -> None:
    address = parse_address(uri)
    if tier == "web" or address is None or str(address) != uri:
        members.complain(name, "is not a canonical address that belongs here.")
    elif at.is_public and address.is_private:
        members.complain(name, "points to a private object, which a public object must not do.")
    elif address.path and classify(address.path).edit_id is not None:
        members.complain(name, "names one edit of a post instead of the post.")
