"""The hostile tenant's own pages: nothing of theirs becomes markup, and no page breaks."""

from pathlib import Path

import pytest

from tests.dashboard.people import Page
from tests.sample_life.lived_in import lived_in_node
from tests.sample_life.people import Name

TABS = (
    *("", "/posts", "/drafts", "/media", "/lists", "/follows", "/mutes", "/tags", "/bookmarks"),
    *("/feeds", "/settings", "/posts/new", "/profile/edit"),
)
# Everything that our own templates put on these pages.
ELEMENTS = {
    *("html", "head", "meta", "title", "link", "body", "a", "header", "nav", "ul", "ol", "li"),
    *("span", "b", "bdi", "svg", "path", "circle", "rect", "form", "button", "main", "footer"),
    *("section", "article", "div", "h1", "h2", "h3", "p", "code", "pre", "img", "video", "audio"),
    *("time", "data", "table", "caption", "thead", "tbody", "tr", "th", "td", "input", "select"),
    *("option", "label", "textarea", "small", "fieldset", "legend", "details", "summary", "dl"),
    *("dt", "dd", "br", "em", "strong", "h4", "blockquote", "hr", "s", "dialog", "script"),
}
SCHEMES = ("/", "#", "https://", "http://", "mailto:", "pubky://")


def check(page: Page, where: str) -> None:
    """No element, handler, style or address of a stranger's."""
    for name, attributes in page.elements:
        assert name in ELEMENTS, (where, name)
        assert not [at for at in attributes if at.startswith("on") or at == "style"], where
        if name == "script":
            assert (attributes.get("src") or "").startswith("/static/"), where
        if name in {"img", "video", "audio"}:
            assert (attributes.get("src") or "").startswith(
                ("/own/raw/", "/raw/picture/", "/static/")
            ), where
        if name == "a":
            assert (attributes.get("href") or "").startswith(SCHEMES), (where, attributes)


@pytest.mark.parametrize("name", ["mallory", "ada"])
async def test_every_page_of_a_life_stays_ours(tmp_path: Path, name: Name) -> None:
    checked = 0
    async with (
        lived_in_node(tmp_path, [name]) as lived_in,
        lived_in.browser_of(name) as browser,
    ):
        waiting = [f"/me{tab}" for tab in TABS]
        posts: list[str] = []
        for path in waiting:
            response = await browser.get(path)
            assert response.status_code == 200, path
            assert len(response.content) < 150_000, path
            page = Page(response)
            check(page, path)
            posts += [link for link in page.links if link.startswith("/me/posts/0")]
            assert (await browser.get(f"/json{path}")).status_code == 200, path
            checked += 1
        for path in list(dict.fromkeys(posts))[:40]:
            response = await browser.get(path)
            # A post may answer one that was deleted.
            assert response.status_code in {200, 404}, path
            check(Page(response), path)
            checked += 1
    assert checked > len(TABS)
