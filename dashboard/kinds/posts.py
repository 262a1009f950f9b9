"""Posts: notes, articles, media, collections, replies and reposts, in both layouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dashboard.kinds import ids
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.kind import Kind, Reference, check_v1_uri, checked_v0_url, references, v0_url
from dashboard.kinds.paths import V0, Classified
from dashboard.kinds.text import one_line
from dashboard.kinds.wire import bounded_json
from dashboard.kinds.wire.bounded_json import UnreadableJsonError, Value
from dashboard.kinds.wire.members import FREE, Limits, Members
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

FOLDER = V0 + "posts/"
# Where the draft keeps the edits of a post, one file each.
V1_FOLDERS = ("/pub/social/v1/posts/", "/priv/social/v1/posts/")
# The reference shows a post that others refer to, and that is gone, under this text.
DELETED = "[DELETED]"
KINDS_V0 = ("short", "long", "image", "video", "link", "file", "collection")
KINDS_V1 = ("note", "article", "image", "video", "link", "file", "collection")
MOST_SHORT = 2_000
MOST_LONG = 50_000
MOST_ATTACHMENTS = 10
MOST_ITEMS = 100

_ATTACHMENT = Limits(200)
_TITLE = Limits(100, 1)
_COLLECTION_NAME = Limits(100, 1)
_DESCRIPTION = Limits(500)
_LAYOUTS = ("grid", "list", "visual")
_LONG_KINDS = {"long", "article"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """Media that belong to a post; v1 gives them words."""

    uri: str
    alt: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """What the content of a long post holds. In v0 the cover is the first attachment."""

    title: str
    body: str
    cover: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A list of posts with a name."""

    name: str
    description: str | None
    cover: str | None
    layout: str | None
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """A post. `embed` is what it reposts or quotes; `text` is what it says in plain words."""

    kind: str
    text: str
    article: Article | None = None
    collection: Collection | None = None
    parent: str | None = None
    embed: str | None = None
    embed_kind: str | None = None
    attachments: tuple[Attachment, ...] = ()
    lock: str | None = None
    is_known_kind: bool = True
    rest: Mapping[str, Value] = field(default_factory=dict)

    @property
    def is_reply(self) -> bool:
        """Whether it answers another post."""
        return self.parent is not None

    @property
    def is_repost(self) -> bool:
        """Whether it passes another post on."""
        return self.embed is not None

    @property
    def cover(self) -> str | None:
        """The picture above an article or a collection."""
        if self.article is not None:
            return self.article.cover
        return self.collection.cover if self.collection is not None else None


def _read(members: Members, at: Classified) -> Post:
    # A kind from tomorrow is shown as text and not refused.
    kind = members.needed_text("kind")
    content = members.text("content", FREE) or ""
    if not at.is_v1 and trimmed(content) == DELETED:
        members.complain("content", "is a reserved word; apps show such a post as deleted.")
    attachments = _read_attachments(members, at)
    article = _article(members, content, kind, attachments, at)
    collection = _collection(members, content, at) if kind == "collection" else None
    if article is None and collection is None:
        most = MOST_LONG if kind in _LONG_KINDS else MOST_SHORT
        complaint = Limits(most).complaint(content)
        if complaint is not None:
            members.complain("content", complaint)
    embed, embed_kind = _read_embed(members, at)
    parent = members.text("parent") if at.is_v1 else v0_url(members, "parent")
    if at.is_v1 and parent is not None:
        check_v1_uri(members, "parent", parent, at, "pubky")
    if collection is not None and (parent or embed or attachments):
        members.refuse("A collection has no parent, embed or attachments.")
    return Post(
        kind=kind,
        text=article.body if article else (collection.description or "") if collection else content,
        article=article,
        collection=collection,
        parent=parent,
        embed=embed,
        embed_kind=embed_kind,
        attachments=attachments,
        lock=members.text("lock"),
        is_known_kind=kind in (KINDS_V1 if at.is_v1 else KINDS_V0),
        rest=members.rest(),
    )


def _read_embed(members: Members, at: Classified) -> tuple[str | None, str | None]:
    if at.is_v1:
        uri = members.text("embed")
        if uri is not None:
            check_v1_uri(members, "embed", uri, at, "any")
        return uri, None
    embed = members.object("embed")
    if embed is None:
        return None, None
    return v0_url(embed, "uri"), embed.text("kind")


def _read_attachments(members: Members, at: Classified) -> tuple[Attachment, ...]:
    if at.is_v1:
        listed = members.objects("attachments") or ()
        found = []
        for each in listed:
            uri = each.needed_text("uri")
            check_v1_uri(each, "uri", uri, at, "pubky or web")
            found.append(Attachment(uri, each.text("alt"), each.text("name")))
    else:
        found = [
            Attachment(checked_v0_url(members, f"attachments[{index}]", uri, _ATTACHMENT))
            for index, uri in enumerate(members.texts("attachments") or ())
        ]
    if len(found) > MOST_ATTACHMENTS:
        members.complain(
            "attachments", f"has {len(found)} items; at most {MOST_ATTACHMENTS} are allowed."
        )
    return tuple(found)


def _envelope(members: Members, content: str) -> Members | None:
    """The object that a long post's or a collection's content holds as text."""
    try:
        value = bounded_json.parse(content.encode("utf-8", "replace")).value
    except UnreadableJsonError:
        value = None
    if not isinstance(value, Mapping):
        members.complain("content", "should hold a JSON object as text, and does not.")
        return None
    return Members(value, members.problems, "content.")


def _article(
    members: Members,
    content: str,
    kind: str,
    attachments: Sequence[Attachment],
    at: Classified,
) -> Article | None:
    if kind not in _LONG_KINDS:
        return None
    inner = _envelope(members, content)
    if inner is None:
        return None
    title = inner.needed_text("title", _TITLE)
    body = inner.text("body", Limits(MOST_LONG)) or ""
    if at.is_v1:
        cover = inner.text("cover_image")
    else:
        cover = attachments[0].uri if attachments else None
        complaint = Limits(MOST_LONG).complaint(content)
        if complaint is not None:
            members.complain("content", complaint)
    return Article(title, body, cover)


def _collection(members: Members, content: str, at: Classified) -> Collection | None:
    inner = _envelope(members, content)
    if inner is None:
        return None
    items = inner.texts("items") or ()
    if len(items) > MOST_ITEMS:
        inner.complain("items", f"has {len(items)} posts; at most {MOST_ITEMS} are allowed.")
    for index, uri in enumerate(items):
        name = f"items[{index}]"
        if at.is_v1:
            check_v1_uri(inner, name, uri, at, "pubky")
        elif parse_address(uri) is None:
            inner.complain(name, "is not the address of a post.")
    return Collection(
        inner.needed_text("name", _COLLECTION_NAME),
        inner.text("description", _DESCRIPTION),
        inner.text("cover_image"),
        inner.choice("layout", _LAYOUTS),
        items,
    )


def _title(post: Post, _at: Classified) -> str:
    if post.article is not None and post.article.title:
        return one_line(post.article.title)
    if post.collection is not None and post.collection.name:
        return one_line(post.collection.name)
    said = one_line(post.text)
    if said:
        return said
    if post.embed is not None:
        return "Repost"
    return "Reply without words" if post.parent is not None else "Post without words"


def _references(post: Post, _at: Classified) -> tuple[Reference, ...]:
    collected = post.collection
    return references(
        ("parent", post.parent),
        ("embed", post.embed),
        ("lock", post.lock),
        *(("attachment", each.uri) for each in post.attachments),
        # In v0 the cover is among the attachments.
        ("cover", collected.cover if collected else None),
        *(("item", uri) for uri in (collected.items if collected else ())),
    )


POST = Kind("post", "Post", "Posts", _read, _title, _references)


def build_post(
    content: str,
    *,
    now_us: int,
    kind: str = "short",
    parent: str | None = None,
    embed: tuple[str, str] | None = None,
    attachments: Sequence[str] = (),
    stored: tuple[str, bytes] | None = None,
) -> Built:
    """A v0 post. `embed` is (kind, address); `stored` the path and bytes of the one it replaces.

    Raises `InvalidObjectError`.
    """
    if kind not in KINDS_V0:
        raise invalid("kind", f"There is no kind “{kind[:40]}” of posts.")
    said = trimmed(content)
    if not (said or embed or attachments):
        raise invalid("content", "A post needs words, media or something to pass on.")
    before = stored_members(stored[1] if stored else None)
    members: dict[str, Value] = {
        "content": said,
        "kind": kind,
        "parent": standard_url("parent", parent) if optional(parent) and parent else None,
        "embed": {"kind": embed[0], "uri": standard_url("embed.uri", embed[1])} if embed else None,
        "attachments": [standard_url("attachments", uri) for uri in attachments] or None,
    }
    path = stored[0] if stored else FOLDER + ids.timestamp_id(now_us)
    return finish(POST, path, over(members, before))


def build_article(
    title: str,
    body: str,
    *,
    now_us: int,
    cover: str | None = None,
    stored: tuple[str, bytes] | None = None,
) -> Built:
    """A long v0 post: its title and body are JSON in its content. Raises `InvalidObjectError`."""
    words = {"title": trimmed(title), "body": body.strip("\n")}
    content = bounded_json.write(words).decode()
    attachments = [cover] if optional(cover) and cover else []
    return build_post(content, now_us=now_us, kind="long", attachments=attachments, stored=stored)


def edited(stored: tuple[str, bytes], post: Post, *, content: str, title: str = "") -> Built:
    """A stored v0 post with other words; all else stays as it is. Raises `InvalidObjectError`."""
    path, body = stored
    if post.kind == "long":
        cover = post.cover
        built = build_article(title, content, now_us=0, cover=cover, stored=stored)
        more = [each.uri for each in post.attachments[1:]]
        if not more:
            return built
        content = bounded_json.write({"title": trimmed(title), "body": content}).decode()
    elif post.kind == "collection":
        raise invalid("kind", "Collections cannot be edited here.")
    embed = (post.embed_kind or "short", post.embed) if post.embed else None
    return build_post(
        content,
        now_us=0,
        kind=post.kind,
        parent=post.parent,
        embed=embed,
        attachments=[each.uri for each in post.attachments],
        stored=(path, body),
    )


def copies_of(post_id: str) -> tuple[str, tuple[str, ...]]:
    """Where a post can lie: its v0 file, and the folders of its edits in v1.

    All must go with it, or an indexer that reads again finds it (landscape 3.3).
    """
    return FOLDER + post_id, tuple(f"{folder}{post_id}/" for folder in V1_FOLDERS)
