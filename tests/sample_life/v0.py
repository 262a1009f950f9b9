"""Objects of the layout that apps use today, as their bytes: everything under `/pub/pubky.app/`.

Written by hand and not with the dashboard's own builders, so that its readers meet a second
opinion; only the spelling of ids is theirs.
"""

import json
from collections.abc import Sequence
from typing import Any

from dashboard.kinds import ids
from tests.sample_life.acts import Act

ROOT = "/pub/pubky.app"


def dumped(members: Any) -> bytes:
    """JSON as browsers write it: no spaces, no escapes for what is not ASCII."""
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def uri(owner: str, path: str) -> str:
    """The address of somebody's file."""
    return f"pubky://{owner}{path}"


def post_path(at_us: int) -> str:
    """Where a post of this moment lies."""
    return f"{ROOT}/posts/{ids.timestamp_id(at_us)}"


def post(
    at_us: int,
    content: str,
    *,
    kind: str = "short",
    parent: str | None = None,
    embed: tuple[str, str] | None = None,
    attachments: Sequence[str] = (),
    **more: Any,
) -> Act:
    """A post; `embed` is (kind, address). `more` are members that nobody specified."""
    members = {
        "content": content,
        "kind": kind,
        "parent": parent,
        "embed": {"kind": embed[0], "uri": embed[1]} if embed else None,
        "attachments": list(attachments) or None,
    }
    return Act(at_us, "PUT", post_path(at_us), dumped(members | more))


def article(at_us: int, title: str, body: str, cover: str | None = None) -> Act:
    """A long post, whose content is JSON in a text."""
    content = dumped({"title": title, "body": body}).decode()
    return post(at_us, content, kind="long", attachments=[cover] if cover else [])


def collection(at_us: int, name: str, layout: str, items: Sequence[str]) -> Act:
    """A post that lists others."""
    members = {"name": name, "description": None, "layout": layout, "items": list(items)}
    return post(at_us, dumped(members).decode(), kind="collection")


def profile(
    at_us: int,
    name: str,
    *,
    bio: str | None = None,
    image: str | None = None,
    links: Sequence[tuple[str, str]] = (),
    status: str | None = None,
) -> Act:
    """Who somebody says they are."""
    members = {
        "name": name,
        "bio": bio,
        "image": image,
        "links": [{"title": title, "url": url} for title, url in links] or None,
        "status": status,
    }
    return Act(at_us, "PUT", f"{ROOT}/profile.json", dumped(members))


def follow(at_us: int, whom: str) -> Act:
    """Following somebody."""
    return Act(at_us, "PUT", f"{ROOT}/follows/{whom}", dumped({"created_at": at_us}))


def mute(at_us: int, whom: str) -> Act:
    """Not wanting to read somebody."""
    return Act(at_us, "PUT", f"{ROOT}/mutes/{whom}", dumped({"created_at": at_us}))


def tag(at_us: int, target: str, label: str) -> Act:
    """A label on something; `target` in the spelling of the URL standard."""
    members = {"uri": target, "label": label, "created_at": at_us}
    name = ids.text_hash_id(f"{target}:{label}")
    return Act(at_us, "PUT", f"{ROOT}/tags/{name}", dumped(members))


def bookmark(at_us: int, target: str) -> Act:
    """Something to find again."""
    members = {"uri": target, "created_at": at_us}
    return Act(at_us, "PUT", f"{ROOT}/bookmarks/{ids.text_hash_id(target)}", dumped(members))


def feed(
    at_us: int,
    name: str,
    tags: Sequence[str],
    *,
    reach: str = "following",
    layout: str = "columns",
    sort: str = "recent",
    content: str | None = None,
) -> Act:
    """A search that is kept; its id is made of the configuration as it is written here."""
    config = {
        "tags": list(tags) or None,
        "reach": reach,
        "layout": layout,
        "sort": sort,
        "content": content,
    }
    members = {"feed": config, "name": name, "created_at": at_us}
    return Act(at_us, "PUT", f"{ROOT}/feeds/{ids.hash_id(dumped(config))}", dumped(members))


def blob_path(content: bytes) -> str:
    """Where these bytes lie."""
    return f"{ROOT}/blobs/{ids.hash_id(content)}"


def file_path(at_us: int) -> str:
    """Where the words about an upload of this moment lie."""
    return f"{ROOT}/files/{ids.timestamp_id(at_us)}"


def upload(at_us: int, owner: str, name: str, content_type: str, content: bytes) -> list[Act]:
    """Two writes: the bytes, and at `at_us` what they are."""
    members = {
        "name": name,
        "created_at": at_us,
        "src": uri(owner, blob_path(content)),
        "content_type": content_type,
        "size": len(content),
    }
    return [
        Act(at_us - 1000, "PUT", blob_path(content), content),
        Act(at_us, "PUT", file_path(at_us), dumped(members)),
    ]


def last_read(at_us: int) -> Act:
    """Up to when notifications were read, in milliseconds."""
    return Act(at_us, "PUT", f"{ROOT}/last_read", dumped({"timestamp": at_us // 1000}))


_NOTIFICATIONS = (
    "follow",
    "newFriend",
    "tagPost",
    "tagProfile",
    "mention",
    "reply",
    "repost",
    "postDeleted",
    "postEdited",
)
_PRIVACY = (
    "showConfirm",
    "blurCensored",
    "signOutInactive",
    "requirePin",
    "hideWhoToFollow",
    "hideActiveFriends",
    "hideSearch",
    "neverShowPosts",
)


def settings(at_us: int, language: str, switched_on: Sequence[str]) -> Act:
    """What a client remembers, where everybody can read it."""
    members = {
        "notifications": {name: name in switched_on for name in _NOTIFICATIONS},
        "privacy": {name: name in switched_on for name in _PRIVACY},
        "language": language,
        "updatedAt": at_us // 1000,
        "version": 3,
    }
    return Act(at_us, "PUT", f"{ROOT}/settings.json", dumped(members))
