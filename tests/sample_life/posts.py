"""Ada's 2,400 posts over twenty months, and what becomes of some of them in the draft layout."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from tests.sample_life import people, phrases, uploads, v0, v1
from tests.sample_life.acts import DAY_US, END_US, HOUR_US, START_US, Act, moment_us
from tests.sample_life.chance import Chance
from tests.sample_life.media import Medium
from tests.sample_life.uploads import Uploads

Sort = Literal["short", "reply", "repost", "image", "link", "long", "video", "file", "collection"]
MIX: dict[Sort, int] = {
    "short": 1680,
    "reply": 240,
    "repost": 192,
    "image": 144,
    "link": 48,
    "long": 48,
    "video": 12,
    "file": 12,
    "collection": 24,
}
"""How many posts of each sort: seventy in a hundred are short."""
POSTS = sum(MIX.values())
MIGRATED = 300
EDITED = 40
MIGRATION_US = moment_us(2026, 9, 12, 9)
STRANGERS = 400
DELETED = 30
REWORDED = 20
COVERS = 20
_RECENT_US = END_US - 20 * DAY_US
_SITES = (
    "https://example.com/tides?month=11",
    "https://radio.example/schedule",
    "https://bread.example/starter#feeding",
    "https://maps.example/1912/harbour.html",
    "https://www.example.org/",
)
_KINDS_V1 = {"short": "note", "long": "article"}


@dataclass(frozen=True, slots=True)
class Post:
    """A post before it is written in one layout or the other; `title` belongs to articles."""

    at_us: int
    kind: str
    text: str
    title: str = ""
    parent: str | None = None
    embed: str | None = None
    attachments: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    def in_v0(self) -> Act:
        """As apps keep it today."""
        if self.kind == "long":
            cover = self.attachments[0] if self.attachments else None
            return v0.article(self.at_us, self.title, self.text, cover)
        if self.kind == "collection":
            return v0.collection(self.at_us, self.title, "grid", self.items)
        return v0.post(
            self.at_us,
            self.text,
            kind=self.kind,
            parent=self.parent,
            embed=("short", self.embed) if self.embed else None,
            attachments=self.attachments,
        )

    def in_v1(self, edit_us: int, text: str) -> Act:
        """One version in the draft layout; the first has the post's own moment in its name."""
        if self.kind == "long":
            return v1.article("pub", self.at_us, edit_us, self.title, text)
        return v1.edit(
            "pub",
            self.at_us,
            edit_us,
            text,
            kind=_KINDS_V1.get(self.kind, self.kind),
            parent=self.parent,
            embed=self.embed,
            attachments=[(uri, "A picture of the canal") for uri in self.attachments],
        )


def address_of(owner: str, at_us: int) -> str:
    """The address of somebody's post of this moment."""
    return v0.uri(owner, v0.post_path(at_us))


def foreign_post(chance: Chance, before_us: int) -> str:
    """The address of a post by somebody elsewhere; few people write most of them."""
    author = people.stranger(chance.ranked(range(STRANGERS)))
    at_us = before_us - chance.between(1, 20) * HOUR_US - chance.below(3_600_000) * 1000
    return address_of(author, at_us)


class Writer:
    """Writes Ada's posts in the order of time, and uploads what belongs to them."""

    def __init__(self, owner: str, neighbours: Mapping[int, str]) -> None:
        """`neighbours` are posts of others on this node, by their moments."""
        self._owner = owner
        self._neighbours = neighbours
        self._chance = Chance("what Ada posts")
        self._documents = iter(uploads.documents_of_posts())
        self._picture_numbers = iter(range(uploads.PICTURES))
        self._picture_counts = iter(_picture_counts())
        self._numbers = {sort: count(1) for sort in MIX}
        self._earlier: list[int] = []
        self.uploads = Uploads(owner)

    def write(self, at_us: int, sort: Sort) -> Post:
        """The next post, of this sort."""
        post = self._of_sort(at_us, sort, next(self._numbers[sort]))
        self._earlier.append(at_us)
        return post

    def _of_sort(self, at_us: int, sort: Sort, number: int) -> Post:
        chance = self._chance
        match sort:
            case "short":
                return Post(at_us, "short", self._said())
            case "reply" | "repost":
                return self._about_another(at_us, sort)
            case "link":
                return Post(at_us, "link", f"{phrases.sentence(chance)} {chance.pick(_SITES)}")
            case "long":
                return self._article(at_us, number)
            case "collection":
                return self._collection(at_us)
            case _:
                return self._with_media(at_us, sort, number)

    def _about_another(self, at_us: int, sort: Sort) -> Post:
        target = self._some_post(at_us)
        if sort == "reply":
            return Post(at_us, "short", phrases.reaction(self._chance), parent=target)
        text = "" if self._chance.happens(70) else phrases.reaction(self._chance)
        return Post(at_us, "short", text, embed=target)

    def _collection(self, at_us: int) -> Post:
        items = {self._some_post(at_us) for _ in range(self._chance.between(5, 30))}
        name = phrases.collection_name(self._chance)
        return Post(at_us, "collection", "", title=name, items=tuple(sorted(items)))

    def _with_media(self, at_us: int, sort: Sort, number: int) -> Post:
        text = phrases.sentence(self._chance) if self._chance.happens(70) else ""
        media = self._media(sort, number)
        added = tuple(self.uploads.add(at_us, medium) for medium in media)
        return Post(at_us, sort, text, attachments=added)

    def _media(self, sort: Sort, number: int) -> list[Medium]:
        if sort == "image":
            numbers = (next(self._picture_numbers) for _ in range(next(self._picture_counts)))
            return [uploads.picture(each) for each in numbers]
        return [uploads.film(number) if sort == "video" else next(self._documents)]

    def _said(self) -> str:
        chance = self._chance
        text = " ".join(phrases.sentence(chance) for _ in range(chance.pick((1, 1, 1, 2, 3))))
        if chance.happens(6):
            return f"{text}\n\npk:{people.stranger(chance.ranked(range(STRANGERS)))}"
        return f"{text} {chance.pick(_SITES)}" if chance.happens(5) else text

    def _article(self, at_us: int, number: int) -> Post:
        chance = self._chance
        cover: tuple[str, ...] = ()
        if number <= COVERS:
            cover = (self.uploads.add(at_us, uploads.cover(number)),)
        body = phrases.article(chance)
        return Post(at_us, "long", body, title=phrases.title(chance), attachments=cover)

    def _some_post(self, at_us: int) -> str:
        chance = self._chance
        nearby = [uri for posted_us, uri in self._neighbours.items() if posted_us < at_us]
        if nearby and chance.happens(12):
            return chance.pick(nearby)
        if self._earlier and chance.happens(25):
            return address_of(self._owner, chance.pick(self._earlier[-60:]))
        return foreign_post(chance, at_us)


def written(owner: str, neighbours: Mapping[int, str]) -> tuple[list[Post], list[Act]]:
    """All of Ada's posts, and the uploads that they need."""
    chance = Chance("when Ada posts")
    moments = chance.moments(POSTS, START_US + 2 * DAY_US, END_US)
    sorts = chance.shuffled([sort for sort, number in MIX.items() for _ in range(number)])
    writer = Writer(owner, neighbours)
    posts = [writer.write(at_us, sort) for at_us, sort in zip(moments, sorts, strict=True)]
    return posts, writer.uploads.acts


def thought_better_of() -> Iterator[Act]:
    """Posts of the last weeks that were deleted after some hours; what is left of them is trash."""
    chance = Chance("what Ada deletes")
    for at_us in chance.moments(DELETED, END_US - 25 * DAY_US, END_US - 2 * DAY_US):
        # Half a millisecond on: no other post has such an id.
        post = v0.post(at_us + 500, phrases.sentence(chance))
        yield post
        yield Act(chance.soon_after(at_us, 36 * 3600), "DEL", post.path)


def reworded(posts: Sequence[Post]) -> Iterator[Act]:
    """Posts of the last weeks that got other words once or twice."""
    chance = Chance("what Ada rewords")
    recent = [post for post in posts if post.kind == "short" and post.at_us > _RECENT_US]
    for post in chance.some(recent, REWORDED):
        at_us = post.at_us
        for _ in range(chance.between(1, 2)):
            at_us = chance.soon_after(at_us, 3600)
            reworded_post = replace(post, text=phrases.sentence(chance)).in_v0()
            yield replace(reworded_post, at_us=at_us)


def migrated(posts: Sequence[Post]) -> Iterator[Act]:
    """Copies in the draft layout, made in one go by a client, and later edits of some of them."""
    chance = Chance("what Ada migrates")
    chosen = [post for post in posts if post.at_us < MIGRATION_US and post.kind != "collection"]
    chosen = chosen[-MIGRATED:]
    for number, post in enumerate(chosen):
        copied_us = MIGRATION_US + number * 40_000
        yield replace(post.in_v1(post.at_us, post.text), at_us=copied_us)
    for post in chance.some(chosen, EDITED):
        edits = chance.between(2, 5)
        for at_us in chance.moments(edits, MIGRATION_US + DAY_US, END_US):
            yield post.in_v1(at_us, f"{post.text}\n\n{phrases.sentence(chance)}".strip())


def _picture_counts() -> list[int]:
    """How many pictures each post with pictures has: one to four, all of them together."""
    chance = Chance("how many pictures")
    counts = [1] * MIX["image"]
    left = uploads.PICTURES - len(counts)
    while left:
        place = chance.below(len(counts))
        if counts[place] < 4:
            counts[place] += 1
            left -= 1
    return counts
