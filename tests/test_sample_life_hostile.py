"""The hostile tenant on every page: nothing that Mallory keeps acts there, or hides what it is.

Pages that take no argument are found in the route table, the others by following links.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dashboard.addresses import OwnPath, own_address
from dashboard.app import DashboardSettings, create_app
from dashboard.routes import RouteTable
from tests.dashboard.people import Browser, browser_at
from tests.sample_life import people
from tests.sample_life.crawling import Shown, crawl
from tests.sample_life.lived_in import LivedIn, lived_in_node
from tests.sample_life.lives import LIVES

PAGES_OF_A_FAMILY = 25
MALLORY = people.key("mallory")
PATHS = [act.path for act in LIVES["mallory"].acts()]


@pytest.fixture
async def lived_in(tmp_path: Path) -> AsyncIterator[LivedIn]:
    """A node on which Mallory lives."""
    async with lived_in_node(tmp_path, ["mallory"]) as running:
        yield running


@pytest.fixture
async def mallory(lived_in: LivedIn) -> AsyncIterator[Browser]:
    """Mallory's browser, with Mallory's data connected."""
    async with lived_in.browser_of("mallory") as browser:
        yield browser


@pytest.fixture
async def operator(lived_in: LivedIn) -> AsyncIterator[Browser]:
    """The operator's browser."""
    async with browser_at(lived_in.origin) as browser:
        answer = await browser.post(await lived_in.login_link())
        assert answer.status_code == 303
        yield browser


@pytest.fixture
def pages(tmp_path: Path) -> list[str]:
    """Every page that takes no argument, for whomever."""
    settings = DashboardSettings("http://127.0.0.1:1", "http://a", "http://a", "", tmp_path / "x")
    app = create_app(settings)
    table = app.extensions["route_table"]
    assert isinstance(table, RouteTable)
    found = []
    for rule in app.url_map.iter_rules():
        declared = table.find(rule.endpoint)
        is_page = declared is not None and declared.policy == "page" and "GET" in declared.methods
        if is_page and not rule.arguments and not rule.rule.startswith("/json"):
            found.append(rule.rule)
    return found


async def test_nothing_of_mallorys_acts_on_mallorys_own_pages(
    mallory: Browser, pages: list[str]
) -> None:
    found = await crawl(mallory, pages, PAGES_OF_A_FAMILY)
    assert found.complaints == {}
    assert len(found.seen) > len(pages)


async def test_nothing_of_mallorys_acts_where_it_is_shown_by_itself(mallory: Browser) -> None:
    objects = [own_address(OwnPath(path)) for path in PATHS]
    found = await crawl(mallory, objects, len(objects))
    assert found.complaints == {}
    assert found.seen >= set(objects)


async def test_nothing_of_mallorys_acts_on_the_operators_pages(
    operator: Browser, pages: list[str]
) -> None:
    starts = [*pages, f"/users/{MALLORY}", f"/browse/{MALLORY}/pub/", f"/browse/{MALLORY}/priv/"]
    found = await crawl(operator, starts, PAGES_OF_A_FAMILY)
    assert found.complaints == {}
    assert len(found.seen) > len(starts)


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<script src="/raw/worker.js"></script>',
        "<img src=x onerror=alert(1)>",
        '<p style="background:url(//127.0.0.1:9/)">',
        '<a href="java&#9;script:alert(1)">x</a>',
        '<a href=" JavaScript:alert(1)">x</a>',
        '<svg><use xlink:href="data:image/svg+xml,x#y"/></svg>',
        '<img src="http://127.0.0.1:9/beacon.png">',
        '<link rel="stylesheet" href="//127.0.0.1:9/x.css">',
        '<form action="http://127.0.0.1:9/">',
        '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">',
        "<iframe></iframe>",
        "<p>report\u202efdp.exe</p>",
        "<p>\x1b[31mred</p>",
        '<textarea></textarea><p>report\u202efdp.exe</p><code class="other">\u202e</code>',
    ],
)
def test_what_acts_or_misleads_is_complained_of(html: str) -> None:
    assert Shown(html).complaints


@pytest.mark.parametrize(
    "html",
    [
        '<script src="/static/live.js"></script><link rel="icon" href="/static/a.svg">',
        '<a href="https://example.com/">example.com</a><img src="/own/raw/pub/a.png">',
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; javascript:alert(1)</p>",
        "<textarea>report\u202efdp.exe</textarea>",
        '<p>an address <br><code class="copyable">pubky://\u202e</code></p><p>after</p>',
    ],
)
def test_what_is_harmless_is_not_complained_of(html: str) -> None:
    assert Shown(html).complaints == []
