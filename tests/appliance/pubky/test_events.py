"""Feed lines, SSE frames and cursors as in the client API, sections 12 and 13.4."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky import crockford
from appliance.pubky.content_hash import content_hash
from appliance.pubky.events import LARGEST_ID, Cursor, feed_line, parse_cursor, sse_frame
from appliance.pubky.keys import Keypair

OWNER = Keypair.from_seed(bytes(32)).public_key.z32
PATH = "/pub/files/doc.txt"
URL = "pubky://8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo/pub/files/doc.txt"


def test_the_feed_line_of_a_put_names_kind_and_url() -> None:
    assert feed_line("PUT", OWNER, PATH) == f"PUT {URL}"


def test_the_feed_line_of_a_deletion_names_kind_and_url() -> None:
    assert feed_line("DEL", OWNER, PATH) == f"DEL {URL}"


def test_the_frame_of_a_put_has_url_cursor_and_hash_in_this_order() -> None:
    assert sse_frame(42, "PUT", OWNER, PATH, content_hash(b"").raw).decode() == (
        "event: PUT\n"
        f"data: {URL}\n"
        "data: cursor: 42\n"
        "data: content_hash: rxNJufX5oaagQE3qNtzJSZvLJcmtwRK3zJqTyuQfMmI=\n"
        "\n"
    )


def test_the_frame_of_a_deletion_has_no_hash() -> None:
    frame = f"event: DEL\ndata: {URL}\ndata: cursor: 43\n\n"
    assert sse_frame(43, "DEL", OWNER, PATH, None).decode() == frame


def test_a_path_outside_ascii_stands_in_a_frame_as_it_is() -> None:
    assert "/pub/ä b%20\n" in sse_frame(1, "DEL", OWNER, "/pub/ä b%20", None).decode()


@pytest.mark.parametrize(
    ("text", "event_id"),
    [
        ("0", 0),
        ("42", 42),
        ("+42", 42),
        ("0000000000000042", 42),
        ("pubky://42", 42),
        ("pubky://pubky://42", 42),
        (str(2**63), LARGEST_ID),
        (str(2**64 - 1), LARGEST_ID),
        # Thirteen digits could be a time as well; a number wins.
        ("1234567890123", 1234567890123),
    ],
)
def test_a_number_is_the_id_of_an_event(text: str, event_id: int) -> None:
    assert parse_cursor(text) == Cursor(id=event_id)


def test_thirteen_crockford_characters_are_a_time() -> None:
    created_us = 1_700_000_000_000_000
    text = crockford.encode(created_us.to_bytes(8))
    assert len(text) == 13
    assert parse_cursor(text) == Cursor(created_us=created_us)


@pytest.mark.parametrize(
    "text",
    ["", "-100", "abc123xyz", "1.5", " 1", "1_0", "٤٢", str(2**64), "U" * 13, "9" * 5000, "12-34"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(PubkyError, match=r"^Invalid cursor$"):
        parse_cursor(text)


@given(st.text() | st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=13, max_size=13))
@example("pubky://")
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = parse_cursor(text)
    except PubkyError:
        return
    assert (cursor.id is None) != (cursor.created_us is None)
