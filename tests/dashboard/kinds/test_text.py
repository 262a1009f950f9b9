"""People's text in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.kinds.text import Hashtag, Link, Mention, Plain, href, one_line, split, suspicious
from tests.support.appliance import keypair_of

KEY = keypair_of("bob").public_key.z32


def test_a_text_falls_into_words_links_mentions_and_hashtags() -> None:
    said = f"See https://a.example/x. #Rust pk:{KEY} ok"
    assert [type(each) for each in split(said)] == [
        Plain,
        Link,
        Plain,
        Hashtag,
        Plain,
        Mention,
        Plain,
    ]


def test_a_sentences_full_stop_is_not_the_links() -> None:
    link = split("(https://a.example/b_(c)).")[1]
    assert isinstance(link, Link)
    assert (link.text, link.host) == ("https://a.example/b_(c)", "a.example")


def test_only_harmless_schemes_become_links() -> None:
    for uri in ("javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"):
        assert href(uri) is None
        assert all(isinstance(each, Plain) for each in split(uri))


def test_what_deceives_in_a_name_is_found() -> None:
    found = suspicious("cod\u202eexe.png")
    assert [(each.index, each.what) for each in found] == [(3, "changes the direction of writing")]
    assert suspicious("👩\u200d🚀 Ада") == ()


@given(st.text())
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(each.text for each in split(text)) == text
    suspicious(text)


@given(st.text(), st.integers(1, 100))
def test_one_line_is_short(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) <= most
    assert "\n" not in line
