"""Ada: runs the node and has used it every day for twenty months, in both layouts."""

from collections.abc import Iterator

from tests.sample_life import bo, broken, foreign_apps, people, phrases, posts, uploads, v0, v1
from tests.sample_life.acts import (
    DAY_US,
    END_US,
    HOUR_US,
    START_US,
    US_PER_SECOND,
    Act,
    in_order,
    moment_us,
    written_one_by_one,
)
from tests.sample_life.chance import Chance
from tests.sample_life.media import LARGEST
from tests.sample_life.posts import Post, address_of
from tests.sample_life.uploads import Uploads

FOLLOWS = 340
MUTES = 14
TAGS = 900
BOOKMARKS = 130
DRAFTS = 8
PRIVATE_BOOKMARKS = 40
UNFOLLOWED = 12

_PAGES = tuple(f"https://example.com/{label}" for label in ("tides", "bread", "maps", "radio"))
_PLACE = "geo:38.6900,-9.5200"
_BIOS = (
    "Gardens, radios and old maps.",
    "Gardens, radios and old maps. I run this node.",
    "Gardens, radios, old maps and a very small computer that is always on. 🌱📻",
)
_LINKS = (
    ("Garden diary", "https://garden.example/diary"),
    ("Radio log", "https://radio.example/log?year=2026"),
    ("Source", "https://code.example/ada"),
)


def life(*, with_broken: bool = True) -> list[Act]:
    """Everything that Ada ever did; without the broken objects every one is as it should be."""
    owner = people.key("ada")
    written, files = posts.written(owner, bo.post_addresses())
    acts: list[Act] = [*files]
    acts += (post.in_v0() for post in written)
    acts += posts.thought_better_of()
    acts += posts.reworded(written)
    acts += posts.migrated(written)
    acts += _profile(owner)
    acts += _people()
    acts += _tags(owner, written)
    acts += _bookmarks(owner, written)
    acts += _feeds_and_settings()
    acts += _private(owner, written)
    acts += foreign_apps.all_apps(owner)
    if with_broken:
        acts += written_one_by_one(broken.cases(owner), moment_us(2026, 11, 18, 4))
    return in_order(acts)


def largest_upload() -> list[Act]:
    """A file as long as apps accept one; the last thing of all, for whoever asks for it."""
    content = LARGEST.body()
    return v0.upload(
        END_US - US_PER_SECOND, people.key("ada"), LARGEST.name, LARGEST.content_type, content
    )


def _profile(owner: str) -> Iterator[Act]:
    """Some versions of who she is; the newest has a portrait."""
    joined_us = START_US + 2 * HOUR_US
    yield v0.profile(joined_us, "Ada")
    yield v0.profile(joined_us + DAY_US, "Ada", bio=_BIOS[0], status="📻 On the air")
    yield v0.profile(joined_us + 200 * DAY_US, "Ada Beltane", bio=_BIOS[1], links=_LINKS[:2])
    uploaded = Uploads(owner)
    at_us = END_US - 9 * DAY_US
    image = uploaded.add(at_us, uploads.cover(0))
    yield from uploaded.acts
    yield v0.profile(
        at_us, "Ada Beltane", bio=_BIOS[2], image=image, links=_LINKS, status="🌱 In the garden"
    )
    yield v1.profile(posts.MIGRATION_US, "Ada Beltane", _BIOS[2], _LINKS)


def _people() -> Iterator[Act]:
    """Whom she follows (Bo, too) and mutes, and whom she follows no more."""
    chance = Chance("whom Ada follows")
    others = [people.stranger(number) for number in chance.shuffled(range(posts.STRANGERS))]
    followed, muted = others[: FOLLOWS - 1], others[FOLLOWS:][: MUTES - 1]
    times = chance.moments(FOLLOWS, START_US + DAY_US, END_US)
    for at_us, whom in zip(times, chance.shuffled([*followed, people.key("bo")]), strict=True):
        yield v0.follow(at_us, whom)
    muted.append(people.key("mallory"))
    for at_us, whom in zip(
        chance.moments(MUTES, START_US + 90 * DAY_US, posts.MIGRATION_US), muted, strict=True
    ):
        yield v0.mute(at_us, whom)
        yield v1.mute(posts.MIGRATION_US + at_us % 1_000_000, whom)
    for number, at_us in enumerate(chance.moments(UNFOLLOWED, START_US + DAY_US, END_US - DAY_US)):
        follow = v0.follow(at_us, people.stranger(2000 + number))
        yield follow
        yield Act(chance.soon_after(at_us, (END_US - at_us) // 2_000_000), "DEL", follow.path)


def _tags(owner: str, written: list[Post]) -> Iterator[Act]:
    """Labels on her own posts, on others', on pages, and on a place."""
    chance = Chance("what Ada tags")
    seen: set[tuple[str, str]] = set()
    for at_us in chance.moments(TAGS, START_US + 3 * DAY_US, END_US):
        pair = (_PLACE, "harbour") if not seen else _target(chance, owner, written, at_us)
        while pair in seen:
            pair = _target(chance, owner, written, at_us)
        seen.add(pair)
        yield v0.tag(at_us, *pair)


def _target(chance: Chance, owner: str, written: list[Post], at_us: int) -> tuple[str, str]:
    label = chance.ranked(phrases.LABELS)
    if chance.happens(55):
        return posts.foreign_post(chance, at_us), label
    if chance.happens(75):
        return address_of(owner, chance.pick(written).at_us), label
    return (chance.pick(_PAGES) if chance.happens(80) else _PLACE), label


def _bookmarks(owner: str, written: list[Post]) -> Iterator[Act]:
    """Other people's posts, people, pages; kept in the open as v0 does."""
    chance = Chance("what Ada bookmarks")
    seen: set[str] = set()
    for number, at_us in enumerate(chance.moments(BOOKMARKS, START_US + 3 * DAY_US, END_US)):
        target = f"https://example.com/read/{number}?from=pubky"
        if chance.happens(60):
            target = posts.foreign_post(chance, at_us)
        elif chance.happens(30):
            target = address_of(owner, chance.pick(written).at_us)
        elif chance.happens(20):
            target = f"pubky://{people.stranger(number)}"
        if target in seen:
            target = f"https://example.com/again/{number}"
        seen.add(target)
        yield v0.bookmark(at_us, target)


def _feeds_and_settings() -> Iterator[Act]:
    """Six searches, some changes of the settings, and how far notifications were read."""
    begin_us = START_US + 20 * DAY_US
    kept = (
        v0.feed(begin_us, "Garden people", ["garden", "compost", "seeds"]),
        v0.feed(begin_us + DAY_US, "Radio", ["radio"], reach="all", sort="popularity"),
        v0.feed(begin_us + 2 * DAY_US, "Friends' pictures", [], reach="friends", content="image"),
        v0.feed(begin_us + 3 * DAY_US, "Long reads", ["longread"], layout="wide", content="long"),
        v0.feed(begin_us + 4 * DAY_US, "Who follows me", [], reach="followers", layout="visual"),
        v0.feed(begin_us + 5 * DAY_US, "Bitcoin or Rust", ["bitcoin", "rust"]),
    )
    yield from kept
    yield v0.settings(begin_us, "en", ["follow", "mention", "reply", "showConfirm"])
    yield v0.settings(
        END_US - 12 * DAY_US, "de", ["follow", "mention", "reply", "showConfirm", "signOutInactive"]
    )
    for at_us in Chance("when Ada reads").moments(70, END_US - 80 * DAY_US, END_US):
        yield v0.last_read(at_us)


def _private(owner: str, written: list[Post]) -> Iterator[Act]:
    """The private tier of the draft layout: drafts, a collection, bookmarks, settings."""
    chance = Chance("what Ada keeps to herself")
    after_us = posts.MIGRATION_US + 2 * DAY_US
    for at_us in chance.moments(DRAFTS, after_us, END_US):
        yield v1.edit("priv", at_us, at_us, f"DRAFT: {phrases.sentence(chance)}")
        again_us = chance.soon_after(at_us, 3600)
        yield v1.edit("priv", at_us, again_us, f"DRAFT 2: {phrases.sentence(chance)}")
    items = [address_of(owner, post.at_us) for post in chance.some(written, 12)]
    yield v1.collection("priv", after_us, "For the book", sorted(items))
    longest = "https://example.com/" + "a-very-long-way/" * 15
    yield v1.bookmark(after_us + HOUR_US, longest)
    for at_us in chance.moments(PRIVATE_BOOKMARKS - 1, after_us, END_US):
        yield v1.bookmark(at_us, posts.foreign_post(chance, at_us))
    yield v1.settings(after_us, "en")
    yield v1.settings(END_US - 11 * DAY_US, "de")
    yield v1.last_read(END_US - HOUR_US)
