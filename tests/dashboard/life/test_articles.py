"""Articles as HTML: whatever is written, only a short list of elements comes out."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.life.articles import LONGEST, article_html

ALLOWED = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong"),
    *("s", "a", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![beacon](https://evil.example/p.png)",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>1</script>)",
    "[x](https://a.example/ 'title\" onclick=1')",
    '<https://a.example/"onmouseover=1>',
    "<svg onload=1>",
    "```html\n</code></pre><script>1</script>\n```",
    "[x]: javascript:alert(1)\n\n[x]",
    "<style>*{display:none}</style>",
)


class Elements(HTMLParser):
    """Every element of some HTML, with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(body: str) -> list[tuple[str, dict[str, str | None]]]:
    html = article_html(body)
    assert html is not None
    return Elements(html).found


def check_harmless(body: str) -> None:
    for name, attributes in elements(body):
        assert name in ALLOWED
        allowed = {"a": {"href", "rel"}, "ol": {"start"}}.get(name, set())
        assert set(attributes) <= allowed
        href = attributes.get("href")
        if href is not None:
            assert href.split(":")[0].lower() in {"http", "https", "mailto", "pubky"}
            assert attributes["rel"] == "noopener noreferrer nofollow ugc"


@pytest.mark.parametrize("body", HOSTILE)
def test_nothing_hostile_survives(body: str) -> None:
    check_harmless(body)


@given(st.lists(st.sampled_from([*HOSTILE, "# ", "> ", "- ", "\n", "[", "](", "<", "`", "|"])))
def test_no_mixture_of_hostile_pieces_survives(pieces: list[str]) -> None:
    check_harmless("".join(pieces))


@given(st.text())
def test_any_text_can_be_laid_out(body: str) -> None:
    check_harmless(body)


def test_a_link_names_the_host_that_it_leads_to() -> None:
    html = article_html("[my bank](https://evil.example/login)")
    assert html is not None
    assert "my bank</a> (evil.example)" in html


def test_a_picture_is_words_and_an_address() -> None:
    html = article_html("![the garden](https://a.example/g.png)")
    assert html == "<p>the garden (https://a.example/g.png)</p>\n"


def test_headings_begin_below_the_pages_own_and_skip_no_level() -> None:
    names = [name for name, _ in elements("#### Deep\n\n###### Deeper\n\n# Top\n\n#\n")]
    assert names == ["h2", "h3", "h2", "p"]


def test_invisible_characters_are_written_out() -> None:
    html = article_html("a\u202eb")
    assert html is not None
    assert "\u202e" not in html
    assert "U+202E" in html


def test_what_is_too_long_is_not_laid_out() -> None:
    assert article_html("x" * (LONGEST + 1)) is None
