"""Articles as HTML: Markdown without HTML in it, links only where they may lead, no pictures.

Two walls: the parser writes no markup of the writer's, and `nh3` keeps a short list of elements.
What comes out is the only text of a stranger that a template does not escape.
"""

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from dashboard.kinds import text
from dashboard.wording import visible_text

# Longer ones are nobody's article; they are shown as plain text.
LONGEST = 60_000
_ELEMENTS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong"),
    *("s", "a", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
# The star stands for every element: without it `nh3` lets `title` and `lang` through.
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
_REL = "noopener noreferrer nofollow ugc"

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def article_html(body: str) -> Markup | None:
    """An article's body as safe HTML, or None if it is too long to be laid out."""
    if len(body) > LONGEST:
        return None
    tokens = _MARKDOWN.parse(visible_text(body))
    _set_headings(tokens)
    for token in tokens:
        if token.children is not None:
            token.children = _guarded(token.children)
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    cleaned = nh3.clean(
        html,
        tags=_ELEMENTS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "pubky"},
        link_rel=_REL,
    )
    return Markup(cleaned)  # noqa: S704 - nh3 has the last word on every element


def _set_headings(tokens: list[Token]) -> None:
    """Headings begin below the page's own and skip no level; an empty one is none."""
    level = 1
    for index, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        level = min(int(token.tag[1]) + 1, level + 1, 6)
        tag = f"h{level}" if tokens[index + 1].content.strip() else "p"
        token.tag = tokens[index + 2].tag = tag


def _guarded(tokens: list[Token]) -> list[Token]:
    """Inline tokens with the host named behind each link, and pictures as links to them."""
    kept: list[Token] = []
    open_links: list[str | None] = []
    for token in tokens:
        match token.type:
            case "link_open":
                href = text.href(str(token.attrs.get("href", "")))
                open_links.append(href)
                if href is not None:
                    kept.append(token)
            case "link_close":
                href = open_links.pop() if open_links else None
                if href is not None:
                    kept += [token, *_host(href)]
            case "image":
                kept += _picture(token)
            case _:
                kept.append(token)
    return kept


def _picture(token: Token) -> list[Token]:
    """The words of a picture and its address: fetching it would tell its host who reads."""
    source = str(token.attrs.get("src", ""))
    return [_words(f"{token.content} ({source})" if token.content else f"({source})")]


def _host(href: str) -> list[Token]:
    host = text.host(href)
    return [_words(f" ({host})")] if host and not href.startswith("pubky") else []


def _words(content: str) -> Token:
    return Token("text", "", 0, content=content)
