"""Records as people read them."""

from appliance.pubky.dns_message import TYPE_TXT, Record
from appliance.pubky.record_text import content_text


def test_a_record_without_content_still_shows_something() -> None:
    empty = Record((b"foo",), TYPE_TXT, 30, b"")
    assert content_text(empty) == "-"
