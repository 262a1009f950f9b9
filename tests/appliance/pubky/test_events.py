"""Feed lines and SSE frames, byte for byte as in the client API, sections 12 and 13.4."""

from appliance.pubky.content_hash import content_hash
from appliance.pubky.events import Event, feed_line, sse_frame
from appliance.pubky.keys import Keypair

OWNER = Keypair.from_seed(bytes(32)).public_key
URL = "pubky://8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo/pub/files/doc.txt"
PUT = Event(42, "PUT", OWNER, "/pub/files/doc.txt", content_hash(b""), 1_700_000_000_000_000)
DEL = Event(43, "DEL", OWNER, "/pub/files/doc.txt", None, 1_700_000_000_000_001)


def test_the_feed_line_of_a_put_names_kind_and_url() -> None:
    assert feed_line(PUT) == f"PUT {URL}"


def test_the_feed_line_of_a_deletion_names_kind_and_url() -> None:
    assert feed_line(DEL) == f"DEL {URL}"


def test_the_frame_of_a_put_has_url_cursor_and_hash_in_this_order() -> None:
    assert sse_frame(PUT) == (
        "event: PUT\n"
        f"data: {URL}\n"
        "data: cursor: 42\n"
        "data: content_hash: rxNJufX5oaagQE3qNtzJSZvLJcmtwRK3zJqTyuQfMmI=\n"
        "\n"
    )


def test_the_frame_of_a_deletion_has_no_hash() -> None:
    assert sse_frame(DEL) == f"event: DEL\ndata: {URL}\ndata: cursor: 43\n\n"
