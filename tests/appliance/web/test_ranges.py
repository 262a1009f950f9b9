"""Parts of a file: our one deliberate addition to the contract (decision D7, RFC 9110 14)."""

import email
import re
from email.utils import formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.web.ranges import MOST_RANGES, ByteRange, parse_ranges
from tests.support.appliance import Appliance, Person
from tests.support.raw_http import RawResponse, ask

BODY = bytes(range(256)) * 4
SIZE = len(BODY)


async def part(
    appliance: Appliance, owner: Person, value: str, method: str = "GET", **headers: str
) -> RawResponse:
    """Ask for a range of `/pub/video.bin`."""
    lines = [("pubky-host", owner.z32), ("range", value)]
    lines += [(name.replace("_", "-"), text) for name, text in headers.items()]
    return await ask(appliance.client_url, method, "/pub/video.bin", lines)


@pytest.fixture
async def owner(alice: Person) -> Person:
    """Somebody with a file of 1,024 bytes."""
    assert (await alice.put("/pub/video.bin", BODY)).status_code == 201
    return alice


async def test_a_single_range_is_a_206_with_its_place(appliance: Appliance, owner: Person) -> None:
    for value, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=1000-", 1000, SIZE),
        ("bytes=1000-99999", 1000, SIZE),
        ("bytes=-24", 1000, SIZE),
        ("bytes=-99999", 0, SIZE),
        ("BYTES = 5-6", 5, 7),
        ("bytes=2000-3000,7-8", 7, 9),
    ):
        answer = await part(appliance, owner, value)
        assert (answer.status, answer.body) == (206, BODY[start:stop]), value
        assert answer.header("content-range") == f"bytes {start}-{stop - 1}/{SIZE}"
        assert answer.header("content-length") == str(stop - start)
        assert answer.header("accept-ranges") == "bytes"
        assert answer.header("content-type") == "application/octet-stream"
        assert answer.header("etag")


async def test_several_ranges_come_as_parts_of_one_body(
    appliance: Appliance, owner: Person
) -> None:
    answer = await part(appliance, owner, "bytes=0-9, 500-509, -4")
    content_type = answer.header("content-type") or ""
    assert answer.status == 206
    assert answer.header("content-range") is None
    assert re.fullmatch(r"multipart/byteranges; boundary=[0-9a-f]{32}", content_type)
    message = email.message_from_bytes(
        f"content-type: {content_type}\r\n\r\n".encode() + answer.body
    )
    _, *parts = message.walk()
    assert [piece["content-range"] for piece in parts] == [
        f"bytes 0-9/{SIZE}",
        f"bytes 500-509/{SIZE}",
        f"bytes 1020-1023/{SIZE}",
    ]
    assert {piece["content-type"] for piece in parts} == {"application/octet-stream"}
    assert answer.body.count(BODY[:10]) == 1
    assert BODY[500:510] in answer.body
    assert len(answer.body) == int(answer.header("content-length") or 0)


async def test_a_range_outside_the_file_is_416(appliance: Appliance, owner: Person) -> None:
    for value in ("bytes=1024-", "bytes=5000-6000", "bytes=-0", "bytes=2000-,3000-"):
        answer = await part(appliance, owner, value)
        assert (answer.status, answer.body) == (416, b""), value
        assert answer.header("content-range") == f"bytes */{SIZE}"


async def test_an_empty_file_has_no_ranges(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/video.bin", b"")
    for value in ("bytes=0-", "bytes=-1", "bytes=0-0"):
        assert (await part(appliance, alice, value)).header("content-range") == "bytes */0"


async def test_a_range_that_cannot_be_read_is_ignored(appliance: Appliance, owner: Person) -> None:
    for value in (
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=1-2-3",
        "items=0-1",
        "bytes=0-1;2-3",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes=1_0-20",
        "bytes=" + "1" * 30 + "-",
    ):
        answer = await part(appliance, owner, value)
        assert (answer.status, answer.body) == (200, BODY), value


async def test_greedy_ranges_get_the_whole_file_once(appliance: Appliance, owner: Person) -> None:
    """Many ranges, or ranges that overlap to more than the file, would only multiply the work."""
    for value in (
        "bytes=" + ",".join(f"{n}-{n}" for n in range(MOST_RANGES + 1)),
        "bytes=0-,0-",
        "bytes=0-1000,500-",
    ):
        answer = await part(appliance, owner, value)
        assert (answer.status, answer.body) == (200, BODY), value


async def test_if_range_asks_for_the_rest_of_the_same_version(
    appliance: Appliance, owner: Person
) -> None:
    first = await part(appliance, owner, "bytes=0-9")
    etag, modified = first.header("etag") or "", first.header("last-modified") or ""
    for value, same in (
        (etag, True),
        (f" {etag} ", True),
        (modified, True),
        (f"W/{etag}", False),
        ('"other"', False),
        ("", False),
        (formatdate(0, usegmt=True), False),
        (formatdate(4e9, usegmt=True), False),
    ):
        answer = await part(appliance, owner, "bytes=10-", if_range=value)
        assert answer.status == (206 if same else 200), value
    await owner.put("/pub/video.bin", BODY[::-1])
    changed = await part(appliance, owner, "bytes=10-", if_range=etag)
    assert (changed.status, changed.body) == (200, BODY[::-1])


async def test_a_condition_comes_before_the_range(appliance: Appliance, owner: Person) -> None:
    etag = (await part(appliance, owner, "bytes=0-9")).header("etag") or ""
    assert (await part(appliance, owner, "bytes=0-9", if_none_match=etag)).status == 304
    assert (await part(appliance, owner, "bytes=5000-", if_none_match=etag)).status == 304


async def test_head_describes_the_whole_file(appliance: Appliance, owner: Person) -> None:
    answer = await part(appliance, owner, "bytes=0-9", "HEAD")
    assert (answer.status, answer.header("content-length")) == (200, str(SIZE))
    assert answer.header("content-range") is None


async def test_ranges_of_a_private_file_are_never_stored(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/priv/a", BODY)
    for value, status in (("bytes=0-9", 206), ("bytes=9999-", 416)):
        answer = await ask(
            appliance.client_url, "GET", "/priv/a", [*alice.headers.items(), ("range", value)]
        )
        assert (answer.status, answer.header("cache-control")) == (status, "no-store")
        assert (answer.header("etag") is None) == (status == 416)


def naive(value: str, size: int) -> set[int] | None:
    """The bytes that a well-formed value asks for, by counting them."""
    wanted = set[int]()
    for spec in value.removeprefix("bytes=").split(","):
        first, _, last = spec.partition("-")
        if not first:
            wanted |= set(range(max(0, size - int(last)), size))
        else:
            wanted |= set(range(int(first), int(last) + 1 if last else size))
    return wanted & set(range(size))


numbers = st.integers(0, 60).map(str)
specs = st.one_of(
    st.tuples(numbers, st.just("")).map("-".join),
    st.tuples(st.just(""), numbers).map("-".join),
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: f"{min(pair)}-{max(pair)}"),
)


@given(st.lists(specs, min_size=1, max_size=6), st.integers(0, 50))
def test_well_formed_ranges_ask_for_what_they_say(wanted: list[str], size: int) -> None:
    value = "bytes=" + ",".join(wanted)
    ranges = parse_ranges(value.encode(), size)
    if ranges is None:
        # Only because they would send more than there is.
        assert len(wanted) > 1
        return
    covered = set[int]()
    for item in ranges:
        assert 0 <= item.start < item.stop <= size
        covered |= set(range(item.start, item.stop))
    assert covered == naive(value, size)
    assert sum(item.length for item in ranges) <= size


@given(
    st.one_of(st.binary(max_size=60), st.binary(max_size=40).map(lambda b: b"bytes=" + b)),
    st.integers(0, 2**40),
)
@example(b"bytes=" + b"9" * 19 + b"-" + b"9" * 19, 10)
@example(b"bytes=1-" + b"\xb2", 10)
def test_any_range_value_is_read_or_ignored(value: bytes, size: int) -> None:
    ranges = parse_ranges(value, size)
    assert ranges is None or all(0 <= item.start < item.stop <= size for item in ranges)


def test_a_range_says_its_place() -> None:
    assert ByteRange(5, 10).content_range(100) == b"bytes 5-9/100"
