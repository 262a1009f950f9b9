"""The visitor as others see them: their card, what they have, and what of it is better not seen."""

from dataclasses import dataclass

from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath
from dashboard.kinds import people
from dashboard.kinds.people import Profile, ProfileLink
from dashboard.kinds.posts import Attachment
from dashboard.kinds.text import Segment, host, split
from dashboard.life.counting import Counts, counts
from dashboard.life.media import Medium, medium
from dashboard.life.reading import Life, Stored, find
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import SECTION, find_visitor
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

V0 = OwnPath(people.PATH)
V1 = OwnPath("/pub/social/v1/profile.json")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a profile, with the host that it leads to."""

    link: ProfileLink
    host: str


@dataclass(frozen=True, slots=True)
class Card:
    """A profile in one layout. Without a name there are only reasons and the raw bytes."""

    path: OwnPath
    name: str
    bio: tuple[Segment, ...]
    status: str | None
    links: tuple[Link, ...]
    avatar: Medium | None
    problems: tuple[str, ...]
    oddities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """Who the visitor is; `card` is the v0 profile where there is one."""

    public_key: str
    card: Card | None
    is_v1: bool
    is_also_in_v1: bool
    counts: Counts
    may_change: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page of the profile."""

    @table.add("/me", audience="tenant")
    async def index() -> ResponseReturnValue:
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        life = visitor.life
        in_v0, in_v1 = await find(life, V0), await find(life, V1)
        shown = in_v0 or in_v1
        content = ProfilePage(
            public_key=life.public_key,
            card=await _card(life, shown) if shown is not None else None,
            is_v1=in_v0 is None and in_v1 is not None,
            is_also_in_v1=in_v0 is not None and in_v1 is not None,
            counts=await counts(life),
            may_change=visitor.may_change,
        )
        return await render("life/profile.html", await frame(parts, SECTION), content)


async def _card(life: Life, stored: Stored) -> Card:
    profile = stored.parsed.value
    if not isinstance(profile, Profile):
        profile = Profile("")
    return Card(
        path=stored.path,
        name=profile.name,
        bio=split(profile.bio or ""),
        status=profile.status,
        links=tuple(
            Link(link, host(link.url) if link.href is not None else "") for link in profile.links
        ),
        avatar=await medium(life, Attachment(profile.image)) if profile.image else None,
        problems=stored.parsed.problems,
        oddities=stored.parsed.oddities,
    )
