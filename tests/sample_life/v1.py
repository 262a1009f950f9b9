"""Objects of the draft layout, as their bytes: `/pub/social/v1/` and `/priv/social/v1/`."""

import base64
from collections.abc import Sequence
from typing import Any, Literal

from dashboard.kinds import ids
from tests.sample_life.acts import Act
from tests.sample_life.v0 import dumped

Root = Literal["pub", "priv"]

# A bookmark's target is spelled out in its file's name as long as that has at most 255 bytes.
_LONGEST_SPELLED_OUT = 187


def root(of: Root) -> str:
    """The folder of all objects of one tier."""
    return f"/{of}/social/v1"


def post_folder(of: Root, created_us: int) -> str:
    """What others call a post; its edits lie in it."""
    return f"{root(of)}/posts/{ids.timestamp_id(created_us)}"


def edit(
    of: Root,
    created_us: int,
    at_us: int,
    content: str,
    *,
    kind: str = "note",
    parent: str | None = None,
    embed: str | None = None,
    attachments: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> Act:
    """One version of a post; the first has `at_us` like the post itself in its name.

    `attachments` are (address, what it shows).
    """
    members = {
        "content": content,
        "kind": kind,
        "parent": parent,
        "embed": embed,
        "attachments": [{"uri": uri, "alt": alt} for uri, alt in attachments],
    }
    path = f"{post_folder(of, created_us)}/{ids.timestamp_id(at_us)}.json"
    return Act(at_us, "PUT", path, dumped(members | more))


def article(of: Root, created_us: int, at_us: int, title: str, body: str) -> Act:
    """A version of a long post."""
    content = dumped({"title": title, "body": body, "cover_image": None}).decode()
    return edit(of, created_us, at_us, content, kind="article")


def collection(of: Root, at_us: int, name: str, items: Sequence[str]) -> Act:
    """A list of posts."""
    members = {"name": name, "description": None, "layout": "list", "items": list(items)}
    return edit(of, at_us, at_us, dumped(members).decode(), kind="collection")


def media(at_us: int, of: Root, content: bytes, extension: str) -> Act:
    """Bytes under their hash."""
    return Act(at_us, "PUT", f"{root(of)}/files/{ids.hash_id(content)}.{extension}", content)


def profile(at_us: int, name: str, bio: str, links: Sequence[tuple[str, str]]) -> Act:
    """Who somebody says they are."""
    members = {
        "name": name,
        "bio": bio,
        "image": None,
        "links": [{"title": title, "url": url} for title, url in links],
        "status": None,
    }
    return Act(at_us, "PUT", f"{root('pub')}/profile.json", dumped(members))


def follow(at_us: int, whom: str) -> Act:
    """Following somebody."""
    return _dated(at_us, f"{root('pub')}/follows/{whom}.json")


def mute(at_us: int, whom: str) -> Act:
    """Not wanting to read somebody, without telling everybody."""
    return _dated(at_us, f"{root('priv')}/mutes/{whom}.json")


def tag(at_us: int, target: str, label: str) -> Act:
    """A label on something."""
    members = {"uri": target, "label": label, "created_at": at_us}
    name = ids.text_hash_id(f"{target}:{label}")
    return Act(at_us, "PUT", f"{root('pub')}/tags/{name}.json", dumped(members))


def bookmark(at_us: int, target: str) -> Act:
    """Something to find again; long addresses go into the file, not into its name."""
    folder = f"{root('priv')}/bookmarks"
    if len(target.encode()) > _LONGEST_SPELLED_OUT:
        members = {"created_at": at_us, "target": target}
        return Act(at_us, "PUT", f"{folder}/~{ids.text_hash_id(target)}.json", dumped(members))
    name = base64.urlsafe_b64encode(target.encode()).decode().rstrip("=")
    return _dated(at_us, f"{folder}/{name}.json")


def last_read(at_us: int) -> Act:
    """Up to when notifications were read, in microseconds."""
    return Act(at_us, "PUT", f"{root('priv')}/last_read.json", dumped({"timestamp": at_us}))


def settings(at_us: int, language: str) -> Act:
    """What a client remembers; every part may be missing."""
    members = {
        "notifications": {"reply": True, "mention": True, "repost": False},
        "privacy": {"require_pin": False, "sign_out_inactive": True},
        "language": language,
        "updated_at": at_us,
    }
    return Act(at_us, "PUT", f"{root('priv')}/settings.json", dumped(members))


def _dated(at_us: int, path: str) -> Act:
    return Act(at_us, "PUT", path, dumped({"created_at": at_us}))
