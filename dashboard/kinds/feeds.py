"""Feeds: a search that the owner keeps, and the sentence that says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dashboard.kinds import ids
from dashboard.kinds.kind import Kind
from dashboard.kinds.paths import V0, Classified
from dashboard.kinds.tags import fold_label, label_complaint
from dashboard.kinds.text import one_line
from dashboard.kinds.wire import bounded_json
from dashboard.kinds.wire.bounded_json import Value
from dashboard.kinds.wire.members import Limits, Members
from dashboard.kinds.wire.moments import Moment, moment
from dashboard.kinds.writing import Built, finish, trimmed

FOLDER = V0 + "feeds/"
REACHES = {
    "following": "people I follow",
    "followers": "my followers",
    "friends": "my friends",
    "all": "everybody",
    "wot": "people I trust",
    "me": "me",
}
LAYOUTS = ("columns", "wide", "visual", "list", "cards")
SORTS = {"recent": "newest first", "popularity": "most popular first"}
MOST_TAGS = 5

_KINDS = {
    "short": "Short posts",
    "note": "Short posts",
    "long": "Articles",
    "article": "Articles",
    "image": "Pictures",
    "video": "Videos",
    "link": "Links",
    "file": "Files",
    "collection": "Collections",
}
_NAME = Limits(100, 1, is_trimmed=True)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed; `sentence` says what it shows."""

    name: str
    tags: tuple[str, ...]
    reach: str
    layout: str | None
    sort: str
    content: str | None
    domain_tags: tuple[str, ...]
    icon: str | None
    created_at: int | None
    created: Moment | None
    config_id: str | None
    rest: Mapping[str, Value] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What the feed shows, in plain words."""
        what = _KINDS.get(self.content or "", "Posts")
        by = REACHES.get(self.reach, f"“{self.reach[:40]}”")
        tags = (*self.tags, *self.domain_tags)
        tagged = f" tagged {_either(tags)}" if tags else ""
        order = SORTS.get(self.sort, f"sorted by “{self.sort[:40]}”")
        return f"{what} by {by}{tagged}, {order}"


def _either(words: Sequence[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _read(members: Members, at: Classified) -> Feed:
    config = members.object("feed")
    if config is None:
        members.complain("feed", "is missing.")
        config = Members({}, [])
    tags = config.texts("tags") or ()
    for index, tag in enumerate(tags):
        complaint = label_complaint(tag)
        if complaint is not None:
            config.complain(f"tags[{index}]", complaint)
    created_at = members.needed_whole("created_at")
    reach = config.choice("reach", REACHES) or ""
    layout = config.choice("layout", LAYOUTS)
    sort = config.choice("sort", SORTS) or ""
    content = config.text("content")
    domain_tags = config.texts("domain_tags") or ()
    return Feed(
        members.needed_text("name", _NAME),
        tags,
        reach,
        layout,
        sort,
        content,
        domain_tags,
        members.text("icon"),
        created_at,
        moment(created_at),
        # The draft and 0.8 put more into the hash than is known for sure.
        None if at.is_v1 or domain_tags else _config_id(tags, reach, layout, sort, content),
        members.rest(),
    )


def _config_id(
    tags: Sequence[str], reach: str, layout: str | None, sort: str, content: str | None
) -> str:
    config: dict[str, Value] = {
        "tags": list(tags) or None,
        "reach": reach,
        "layout": layout,
        "sort": sort,
        "content": content,
    }
    return ids.hash_id(bounded_json.write(config))


FEED = Kind(
    "feed",
    "Feed",
    "Feeds",
    _read,
    lambda feed, _at: one_line(feed.name) or "Feed without a name",
    lambda *_: (),
    lambda feed, _at: feed.config_id,
    # Its members grew from version to version, and apps read old ones all the same.
    id_is_binding=False,
)


def build_feed(
    name: str,
    *,
    tags: Sequence[str] = (),
    reach: str = "following",
    layout: str = "columns",
    sort: str = "recent",
    content: str | None = None,
    now_us: int,
) -> Built:
    """A v0 feed. Raises `InvalidObjectError`."""
    labels = [fold_label(tag) for tag in tags]
    config: dict[str, Value] = {
        "tags": labels or None,
        "reach": reach,
        "layout": layout,
        "sort": sort,
        "content": content,
    }
    return finish(
        FEED,
        FOLDER + _config_id(labels, reach, layout, sort, content),
        {"feed": config, "name": trimmed(name), "created_at": now_us},
    )
