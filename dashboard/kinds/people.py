"""The owner as others see them, and the people they follow or mute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dashboard.kinds import ids
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.kind import Kind, Reference, check_v1_uri, checked_v0_url, references, v0_url
from dashboard.kinds.paths import V0, Classified
from dashboard.kinds.text import href, one_line
from dashboard.kinds.wire.bounded_json import Value
from dashboard.kinds.wire.members import Limits, Members
from dashboard.kinds.wire.moments import Moment, moment
from dashboard.kinds.writing import (
    Built,
    finish,
    invalid,
    optional,
    over,
    standard_url,
    stored_members,
    trimmed,
)

PATH = V0 + "profile.json"
# The reference shows somebody whose profile is gone under this name, and renames those who use it.
DELETED = "[DELETED]"
MOST_LINKS = 5

_IMAGE = Limits(300)
_LINK_TITLE = Limits(100)
_LINK_URL = Limits(300)


@dataclass(frozen=True, slots=True)
class ProfileLink:
    """A link of a profile. `href` is None if the address must stay text."""

    title: str
    url: str
    href: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of either layout; `rest` are the members that nobody here knows."""

    name: str
    bio: str | None = None
    image: str | None = None
    links: tuple[ProfileLink, ...] = ()
    status: str | None = None
    rest: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Follow:
    """Somebody whose posts the owner wants to see."""

    public_key: str
    created_at: int | None
    created: Moment | None
    rest: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mute(Follow):
    """Somebody whose posts the owner does not want to see. Public in v0, private in v1."""


def _read_profile(members: Members, at: Classified) -> Profile:
    trims = not at.is_v1
    name = members.needed_text("name", Limits(50, 3, is_trimmed=trims))
    if name == DELETED and not at.is_v1:
        members.complain("name", "is a reserved word; apps show “anonymous” instead.")
    bio = members.text("bio", Limits(160, is_trimmed=trims))
    if at.is_v1:
        image = members.text("image", _IMAGE)
        if image is not None:
            check_v1_uri(members, "image", image, at, "pubky or web")
    else:
        image = v0_url(members, "image", _IMAGE)
    listed = members.objects("links") or ()
    if len(listed) > MOST_LINKS:
        members.complain("links", f"has {len(listed)} links; at most {MOST_LINKS} are allowed.")
    links = tuple(_read_link(link, at) for link in listed)
    status = members.text("status", Limits(50, is_trimmed=trims))
    return Profile(name, bio, image, links, status, members.rest())


def _read_link(members: Members, at: Classified) -> ProfileLink:
    title = members.needed_text("title", _LINK_TITLE)
    if not trimmed(title):
        members.complain("title", "is empty.")
    url = members.needed_text("url", Limits(is_trimmed=not at.is_v1))
    if at.is_v1:
        complaint = _LINK_URL.complaint(url)
        if complaint is not None:
            members.complain("url", complaint)
        check_v1_uri(members, "url", url, at, "web")
    else:
        url = checked_v0_url(members, "url", url, _LINK_URL)
    return ProfileLink(trimmed(title), url, href(url))


def _profile_references(profile: Profile, _at: Classified) -> tuple[Reference, ...]:
    return references(("image", profile.image), *(("link", link.url) for link in profile.links))


def _read_follow(members: Members, at: Classified) -> Follow:
    created_at = members.needed_whole("created_at")
    return Follow(at.id or "", created_at, moment(created_at), members.rest())


def _read_mute(members: Members, at: Classified) -> Mute:
    created_at = members.needed_whole("created_at")
    return Mute(at.id or "", created_at, moment(created_at), members.rest())


def _person_title(person: Follow, _at: Classified) -> str:
    return person.public_key


def _person_references(person: Follow, _at: Classified) -> tuple[Reference, ...]:
    return references(("person", f"pubky://{person.public_key}"))


PROFILE = Kind(
    "profile",
    "Profile",
    "Profiles",
    _read_profile,
    lambda profile, _at: one_line(profile.name) or "Profile without a name",
    _profile_references,
)
FOLLOW = Kind("follow", "Follow", "Follows", _read_follow, _person_title, _person_references)
MUTE = Kind("mute", "Mute", "Mutes", _read_mute, _person_title, _person_references)


def build_profile(
    name: str,
    *,
    bio: str | None = None,
    image: str | None = None,
    links: Sequence[tuple[str, str]] = (),
    status: str | None = None,
    stored: bytes | None = None,
) -> Built:
    """The profile, its links as (title, address). `stored` are the bytes that it replaces.

    Raises `InvalidObjectError`.
    """
    before = stored_members(stored)
    known_links = {
        link["url"]: link
        for link in _objects(before.get("links"))
        if isinstance(link.get("url"), str)
    }
    written: list[Value] = []
    for index, (title, url) in enumerate(links):
        standard = standard_url(f"links[{index}].url", url)
        kept = known_links.get(url, known_links.get(standard, {}))
        written.append(over({"title": trimmed(title), "url": standard}, kept))
    avatar = optional(image)
    members: dict[str, Value] = {
        "name": trimmed(name),
        "bio": optional(bio),
        "image": None if avatar is None else standard_url("image", avatar),
        "links": written or None,
        "status": optional(status),
    }
    return finish(PROFILE, PATH, over(members, before))


def build_follow(person: str, *, now_us: int) -> Built:
    """Follow a person, given as a key or an address of theirs. Raises `InvalidObjectError`."""
    return finish(FOLLOW, follow_path(person), {"created_at": now_us})


def build_mute(person: str, *, now_us: int) -> Built:
    """Mute a person; in v0 everybody can see that. Raises `InvalidObjectError`."""
    return finish(MUTE, mute_path(person), {"created_at": now_us})


def follow_path(person: str) -> str:
    """Where following this person is stored. Raises `InvalidObjectError`."""
    return f"{V0}follows/{_key_of(person)}"


def mute_path(person: str) -> str:
    """Where muting this person is stored. Raises `InvalidObjectError`."""
    return f"{V0}mutes/{_key_of(person)}"


def _key_of(person: str) -> str:
    text = trimmed(person)
    if ids.is_key(text):
        return text
    address = parse_address(text)
    if address is None:
        raise invalid("person", "This is not a public key: 52 letters and digits are expected.")
    return address.public_key


def _objects(value: Value) -> list[Mapping[str, Value]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [item for item in value if isinstance(item, Mapping)]
