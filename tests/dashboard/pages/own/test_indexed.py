"""Whether apps list somebody: asked only by a click, red only by a proper answer."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from dashboard.doors.indexer import Listed
from dashboard.pages.own.visibility import Asked, Verdict, chain_of
from tests.dashboard.pages.own.test_account_pages import key_state, network
from tests.dashboard.people import Browser, Page, browser_at
from tests.support.appliance import Person, config_on_free_ports, keypair_of, running_appliance

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HOST = "nexus.example.org"


@pytest.mark.parametrize(
    ("asked", "verdict", "evidence"),
    [
        (None, "unknown", "Asking one tells it about you."),
        (Asked(HOST, NOW, Listed(NOW, is_deleted=False), None), "good", "on 2026-11-21."),
        (Asked(HOST, NOW, None, None), "bad", "does not know your key."),
        (Asked(HOST, NOW, Listed(NOW, is_deleted=True), None), "bad", "for gone."),
        (Asked(HOST, NOW, None, "No answer in time."), "unknown", "This says nothing about you."),
    ],
)
def test_the_last_link_says_what_the_index_said(
    asked: Asked | None, verdict: Verdict, evidence: str
) -> None:
    link = chain_of("here", key_state("here"), network(), None, asked)[-1]
    assert (link.verdict, link.at) == (verdict, None if asked is None else NOW)
    assert evidence in link.evidence


async def test_without_an_index_nobody_can_be_asked(home: Browser) -> None:
    assert "/visibility/indexer" not in (await home.get("/visibility")).text
    answer = await home.post("/visibility/indexer")
    assert answer.status_code == 404
    assert "named no index to ask" in Page(answer).text


async def test_an_index_on_a_neighbours_machine_is_never_asked(tmp_path: Path) -> None:
    config = config_on_free_ports()
    config = replace(config, dashboard=replace(config.dashboard, indexer_url="https://127.0.0.1:9"))
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(running_appliance(tmp_path, config))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=node.client_url))
        home = await stack.enter_async_context(browser_at(node.dashboard_url))
        alice = Person(keypair_of("alice"), http)
        await alice.sign_up()
        await home.sign_in(alice)
        assert "Ask 127.0.0.1" in Page(await home.get("/visibility")).text
        answer = await home.post("/visibility/indexer")
        assert answer.headers["Location"] == "/visibility?done=checked"
        shown = Page(await home.get("/visibility")).text
    assert "127.0.0.1 could not be asked: Its name leads to no public address." in shown
