"""Objects that are not as apps expect them, by accident, by age or by a newer version."""

import json

from dashboard.kinds import ids
from tests.sample_life import people, v0, v1
from tests.sample_life.acts import END_US, Act, Case, Cases, moment_us
from tests.sample_life.v0 import ROOT, dumped

# A quiet stretch before the end, so that no id meets one of the life around it.
_BEGIN_US = moment_us(2026, 11, 18, 3)
FUTURE_US = moment_us(2031, 5, 1)
DEPTH = 10_000
LINE_BYTES = 5_000_000


def _post(number: int, body: bytes, why: str) -> Case:
    """A post whose bytes are given."""
    return Case(v0.post_path(_BEGIN_US + number * 1000), body, why)


def _of(act: Act, why: str) -> Case:
    return Case(act.path, act.body, why)


def _alias_spelled() -> str:
    """An id in lower case, with l for 1 and o for 0: v0 reads it, and it is another key."""
    text = ids.timestamp_id(_BEGIN_US + 40_000)
    return text.lower().replace("1", "l").replace("0", "o")


def _plain(text: str, **more: object) -> bytes:
    members = {"content": text, "kind": "short", "parent": None, "embed": None, "attachments": None}
    return dumped(members | more)


def cases(owner: str) -> Cases:
    """Every broken object, as it lies in this person's folders."""
    return _unreadable() | _misdated() | _dangling(owner) | _from_tomorrow(owner)


def _unreadable() -> Cases:
    lone = b'{"content":"half a character: \\ud83d","kind":"short"}'
    return {
        "truncated": _post(
            1, _plain("This sentence ends in the midd")[:-40], "JSON that is cut off"
        ),
        "duplicate keys": _post(
            2, b'{"content":"first","content":"second","kind":"short"}', "one name twice"
        ),
        "not a number": _post(
            3, b'{"content":"NaN","kind":"short","score":NaN}', "a number that JSON does not have"
        ),
        "deep": _post(4, b"[" * DEPTH + b"]" * DEPTH, "ten thousand lists in each other"),
        "one line": _post(
            5, b'{"content":"' + b"x" * (LINE_BYTES - 30) + b'","kind":"short"}', "5 MB in one line"
        ),
        "lone surrogate": _post(6, lone, "half of a character, escaped"),
        "surrogate bytes": _post(
            7, b'{"content":"\xed\xa0\xbd","kind":"short"}', "half of a character, as bytes"
        ),
        "byte order mark": _post(
            8, b"\xef\xbb\xbf" + _plain("begins with a mark"), "a BOM in front"
        ),
        "empty": _post(9, b"", "no bytes at all"),
        "a list": _post(10, b'["content","kind"]', "JSON, but not an object"),
        "latin-1": _post(11, '{"content":"Grüße","kind":"short"}'.encode("latin-1"), "not UTF-8"),
        "wrong types": _post(12, b'{"content":42,"kind":["short"]}', "a number for a text"),
        "huge number": _post(
            13, b'{"content":"many digits","kind":"short","n":' + b"9" * 5000 + b"}", "5,000 digits"
        ),
        "too long": _post(14, _plain("a" * 2_001), "one character more than is allowed"),
        "reserved word": _post(15, _plain("[DELETED]"), "the word that stands for a deleted post"),
        "not an article": _post(16, _plain("no JSON", kind="long"), "long without its envelope"),
        "zero bytes": _post(17, bytes(64), "as after a power cut"),
    }


def _misdated() -> Cases:
    target = "https://example.com/seconds"
    label = "sunday"
    name = ids.text_hash_id(f"{target}:{label}")
    seconds = {"uri": target, "label": label, "created_at": END_US // 1_000_000}
    mismatch = ids.text_hash_id("something else")
    feed = v0.feed(END_US, "Renamed", ["radio"], layout="wide")
    return {
        "timestamp in seconds": Case(
            f"{ROOT}/tags/{name}", dumped(seconds), "a time in seconds where microseconds belong"
        ),
        "alias-spelled id": Case(
            f"{ROOT}/posts/{_alias_spelled()}", _plain("lower case"), "another spelling of an id"
        ),
        "id in the future": _of(v0.post(FUTURE_US, "from 2031"), "an id of the year 2031"),
        "id before the app": _of(
            v0.post(moment_us(2020, 2, 2), "from 2020"), "an id from before the app existed"
        ),
        "no id": Case(f"{ROOT}/posts/hello", _plain("no id"), "a name that is no id"),
        "id differs": Case(
            f"{ROOT}/bookmarks/{mismatch}",
            dumped({"uri": "https://example.com/", "created_at": END_US}),
            "the hash of something else",
        ),
        "feed id differs": Case(
            f"{ROOT}/feeds/{mismatch}", feed.body, "a feed of an older version has another hash"
        ),
        "surplus bits": Case(
            f"{ROOT}/posts/{ids.timestamp_id(_BEGIN_US + 41_000)[:-1]}1",
            _plain("an odd last character"),
            "a bit that no id has",
        ),
    }


def _dangling(owner: str) -> Cases:
    nowhere = f"{ROOT}/blobs/{ids.text_hash_id('nothing')}"
    lost = {
        "name": "lost.png",
        "created_at": _BEGIN_US,
        "src": v0.uri(owner, nowhere),
        "content_type": "image/png",
        "size": 1234,
    }
    unreferenced = b"bytes that no file speaks of\n"
    gone = v0.uri(owner, v0.post_path(_BEGIN_US - 1000))
    unknown = v0.uri(people.stranger(999), v0.post_path(_BEGIN_US))
    unknown_file = v0.uri(owner, v0.file_path(_BEGIN_US - 5000))
    return {
        "blob is gone": Case(v0.file_path(_BEGIN_US), dumped(lost), "a file without its bytes"),
        "blob without file": Case(v0.blob_path(unreferenced), unreferenced, "nobody names it"),
        "reply to a deleted post": _of(
            v0.post(_BEGIN_US + 50_000, "I disagree!", parent=gone), "its parent is gone"
        ),
        "embed of an unknown user": _of(
            v0.post(_BEGIN_US + 51_000, "", embed=("short", unknown)), "nobody here knows them"
        ),
        "attachment is gone": _of(
            v0.post(_BEGIN_US + 52_000, "look", kind="image", attachments=[unknown_file]),
            "its picture is gone",
        ),
        "follows itself": _of(v0.follow(_BEGIN_US, owner), "one's own key"),
        "follows no key": Case(
            f"{ROOT}/follows/nobody", dumped({"created_at": _BEGIN_US}), "not a key"
        ),
    }


def _from_tomorrow(owner: str) -> Cases:
    at_us = _BEGIN_US + 60_000
    rain = {"weather.example": {"rain": True, "mm": 2.5}}
    edit = v1.edit("pub", at_us, at_us, "more members than are known", mood="calm", ext=rain)
    private = v1.mute(at_us, people.stranger(998))
    leak = v1.edit("pub", at_us + 2000, at_us + 2000, "see my draft", embed=_private(owner))
    return {
        "unknown kind": _of(v0.post(at_us, "a hologram", kind="hologram"), "a kind from tomorrow"),
        "unknown members": _of(
            v0.post(at_us + 1000, "more than is known", mood="calm", poll={"a": 1, "b": 2}),
            "members that must survive an edit",
        ),
        "ext": _of(edit, "another app's data in a member of its own"),
        "second epoch": Case(
            "/pub/social/v2/posts/" + ids.timestamp_id(at_us),
            dumped({"body": "v2"}),
            "a version to come",
        ),
        "reserved leaf": Case(
            f"{v1.root('pub')}/posts/{ids.timestamp_id(at_us)}/_private.json",
            json.dumps({"keep": "out"}).encode(),
            "a name that begins with an underscore",
        ),
        "wrong root": Case(
            private.path.replace("/priv/", "/pub/"), private.body, "a private kind in public"
        ),
        "points to private": _of(leak, "a public object that points to a private one"),
    }


def _private(owner: str) -> str:
    return v0.uri(owner, v1.post_folder("priv", _BEGIN_US))
