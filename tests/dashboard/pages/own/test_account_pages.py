"""Access, activity, storage, search, integrity and visibility of one's own account."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest

from dashboard.doors.network import Attempt, KeyState, Lookup, Network, Packet
from dashboard.pages.own.access import skeleton
from dashboard.pages.own.searching import understood
from dashboard.pages.own.visibility import chain_of, days_of
from tests.dashboard.people import Browser, Page, connect, make_stale, put_file
from tests.support.appliance import Appliance, Person
from tests.support.eventually import PATIENCE_S
from tests.support.grant_client import GrantClient

POSTS = "/pub/pubky.app/posts/"
SOME_TIME = datetime(2026, 11, 20, tzinfo=UTC)


async def app_with_grant(
    appliance: Appliance, http: httpx.AsyncClient, person: Person, capabilities: str = "/pub/:rw"
) -> GrantClient:
    app = GrantClient.of(http, appliance.homeserver, person.keypair, capabilities)
    assert (await app.exchange()).status_code == 200
    return app


async def indexed(home: Browser) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await home.get("/json/integrity")).json()["behind"]:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.02)


# --- Access ---------------------------------------------------------------------------------------


async def test_every_app_is_shown_in_plain_words(
    appliance: Appliance, http: httpx.AsyncClient, home: Browser, alice: Person
) -> None:
    await app_with_grant(appliance, http, alice)
    page = Page(await home.get("/access"))
    assert "example.app" in page.text
    assert "read and change all your public files" in page.text
    assert "This dashboard, now" in page.text


async def test_an_app_is_shut_out_at_once(
    appliance: Appliance, http: httpx.AsyncClient, home: Browser, alice: Person
) -> None:
    app = await app_with_grant(appliance, http, alice)
    said = (await home.get("/json/access")).json()
    (grant,) = [each for each in said["holders"] if each["credential"]["grant_id"]]
    answer = await home.post(f"/access/grant/{grant['credential']['id']}/end")
    assert answer.headers["Location"] == "/access?done=access-ended"
    refused = await http.put(
        f"/storage/{alice.z32}/pub/a", headers={"authorization": f"Bearer {app.bearer}"}
    )
    assert refused.status_code == 401


async def test_ending_all_others_asks_for_a_fresh_proof_and_keeps_this_one(
    appliance: Appliance, http: httpx.AsyncClient, home: Browser, alice: Person
) -> None:
    await app_with_grant(appliance, http, alice)
    make_stale(appliance)
    refused = await home.post("/access/end-others")
    assert refused.headers["Location"].startswith("/confirm")
    assert len((await home.get("/json/access")).json()["holders"]) == 3


async def test_ending_all_others_leaves_only_this_dashboard(
    appliance: Appliance, http: httpx.AsyncClient, home: Browser, alice: Person
) -> None:
    await app_with_grant(appliance, http, alice)
    assert "End 2 other accesses?" in Page(await home.get("/access/end-others")).text
    await home.post("/access/end-others")
    (left,) = (await home.get("/json/access")).json()["holders"]
    assert left["credential"]["is_current"]
    assert (await alice.get("/session")).status_code == 404


async def test_the_map_shows_who_writes_where(home: Browser, alice: Person) -> None:
    await put_file(alice, "/priv/notes/a", b"1")
    text = Page(await home.get("/access/map")).text
    assert "/priv/notes/" in text
    assert "Writes" in text


async def test_sensitive_public_things_are_named(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/pubky.app/settings.json", b"{}")
    assert "Everybody can read your settings" in Page(await home.get("/access")).text


async def test_a_dashboard_connected_to_files_only_says_what_it_needs(
    browser: Browser, alice: Person
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "change")
    assert "connect it to everything" in Page(await browser.get("/access")).text


@pytest.mark.parametrize(
    ("one", "other"), [("pubky.app", "Pubky-App"), ("paypal", "раураl"), ("modern", "modem")]
)
def test_lookalike_names_are_recognised(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


def test_other_names_are_told_apart() -> None:
    assert skeleton("pubky.app") != skeleton("pubkey.app")


# --- Activity -------------------------------------------------------------------------------------


async def test_changes_are_listed_with_their_writer(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"1")
    await alice.delete("/pub/a")
    page = Page(await home.get("/activity"))
    assert page.text.index("Deleted") < page.text.index("Written /pub/a")
    assert any(link.startswith("/activity?writer=session:") for link in page.links)
    only = Page(await home.get("/activity?kind=DEL"))
    assert "Written /pub/a" not in only.text


async def test_a_live_tail_looks_again_by_itself(home: Browser) -> None:
    again = ("meta", {"http-equiv": "refresh", "content": "5"})
    assert again in Page(await home.get("/activity?live=1")).elements
    assert again not in Page(await home.get("/activity")).elements


async def test_a_live_tail_says_what_changes_and_goes_on_where_it_broke(
    home: Browser, alice: Person
) -> None:
    await put_file(alice, "/pub/app/before", b"1")
    page = Page(await home.get("/activity?live=1&folder=/pub/app/"))
    (live,) = [at["data-live"] or "" for _, at in page.elements if "data-live" in at]
    await put_file(alice, "/pub/app/<b>one", b"1")
    await put_file(alice, "/pub/other/elsewhere", b"1")
    await alice.delete("/pub/app/before")
    told, last = await _rows(home, live, {}, 2)
    assert [row["path"] for row in told] == ["/pub/app/<b>one", "/pub/app/before"]
    await put_file(alice, "/pub/app/two", b"1")
    told, _ = await _rows(home, live, {"Last-Event-ID": last}, 1)
    assert [(row["verb"], row["href"]) for row in told] == [("Written", "/own/object/pub/app/two")]


async def _rows(
    home: Browser, address: str, headers: dict[str, str], count: int
) -> tuple[list[dict[str, str]], str]:
    """So many rows of a stream, and the place that a browser remembers."""
    rows: list[dict[str, str]] = []
    place = headers.get("Last-Event-ID", "")
    async with home.http.stream("GET", address, headers=headers) as stream:
        lines = stream.aiter_lines()
        while len(rows) < count:
            name, _, text = (await anext(lines)).partition(": ")
            if name == "id":
                place = text
            elif name == "data":
                rows.append(json.loads(text)["row"])
    return rows, place


@pytest.mark.parametrize("query", ["", "after=x", "after=-1", "after=1&folder=../etc"])
async def test_a_live_tail_of_nothing_is_refused(home: Browser, query: str) -> None:
    assert (await home.get(f"/activity/stream?{query}")).status_code == 400


async def test_a_folder_that_is_none_is_refused(home: Browser) -> None:
    assert (await home.get("/activity?folder=../etc")).status_code == 400


# --- Storage --------------------------------------------------------------------------------------


async def test_storage_shows_what_it_knows_and_counts_anew(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"1" * 10)
    assert "counted anew" not in Page(await home.get("/storage")).text
    await put_file(alice, "/pub/b", b"2" * 20)
    shown = (await home.get("/json/storage")).json()
    assert (shown["usage"]["file_count"], len(shown["breakdown"]["largest"])) == (2, 1)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            page = Page(await home.get("/storage"))
            if "counted anew" not in page.text:
                break
            await asyncio.sleep(0.01)
    assert "/own/object/pub/b" in page.links


async def test_storage_draws_folders_and_names_the_largest(home: Browser, alice: Person) -> None:
    await put_file(alice, POSTS + "a", b"x" * 900)
    await put_file(alice, "/priv/notes/b", b"x" * 100)
    await put_file(alice, "/priv/notes/c", b"x" * 100)
    answer = await home.get("/storage")
    page = Page(answer)
    assert {f"/files{POSTS}", "/files/priv/notes/"} <= set(page.links)
    assert "1.1 kB" in page.text
    assert "2 times 100 B" in page.text
    assert ' style="' not in answer.text


async def test_an_empty_account_takes_no_room(home: Browser) -> None:
    assert "Nothing is stored yet." in Page(await home.get("/storage")).text


# --- Search ---------------------------------------------------------------------------------------


async def test_words_are_found_and_marked(home: Browser, alice: Person) -> None:
    post = json.dumps({"content": "The walnut cake was <b>good</b>", "kind": "short"})
    await put_file(alice, POSTS + "0032SSN7Q4EVG", post.encode())
    await indexed(home)
    answer = await home.get("/search?q=walnut")
    assert "<mark>walnut</mark>" in answer.text
    assert "<b>good" not in answer.text
    page = Page(answer)
    assert f"/own/object{POSTS}0032SSN7Q4EVG" in page.links
    assert any("app%3A%2Fpub%2Fpubky.app" in link for link in page.links)


async def test_a_search_without_hits_says_so(home: Browser) -> None:
    assert "Nothing holds all of these words." in Page(await home.get("/search?q=zebra")).text


def test_operators_are_taken_out_of_the_words() -> None:
    wish = understood("walnut app:pubky.app size>1mb before:2026-11 cake type:image/")
    assert wish.words == "walnut cake"
    assert wish.filters == {
        "folder": "/pub/pubky.app/",
        "min_bytes": "1000000",
        "before_us": "1793491200000000",
        "type": "image/",
    }


@pytest.mark.parametrize("query", ["before:yesterday", "app:../x"])
def test_an_operator_that_means_nothing_is_named(query: str) -> None:
    (problem,) = understood(query).problems
    assert query in problem


# --- Integrity ------------------------------------------------------------------------------------


async def test_what_does_not_fit_is_named(home: Browser, alice: Person) -> None:
    own = f"pubky://{alice.z32}/pub/pubky.app"
    post = {"content": "x", "kind": "image", "attachments": [f"{own}/files/0032SSN7Q4EVG"]}
    await put_file(alice, POSTS + "0033Z6VFR5GJG", json.dumps(post).encode())
    await put_file(alice, "/pub/pubky.app/blobs/PZBQ010FF079VVZPQG1RNFN6DR", b"\x01\x02")
    await put_file(alice, POSTS + "00326QR0MQG00", b'{"kind": 7}')
    await indexed(home)
    text = Page(await home.get("/integrity?scan=1")).text
    assert f"points to {own}/files/0032SSN7Q4EVG" in text
    assert "/pub/pubky.app/blobs/PZBQ010FF079VVZPQG1RNFN6DR" in text
    assert "2 objects of 2 read" in text
    assert "“kind” is not a text" in text


async def test_a_whole_account_is_said_to_be_whole(home: Browser, alice: Person) -> None:
    await put_file(alice, POSTS + "0033Z6VFR5GJG", b'{"content":"x","kind":"short"}')
    await indexed(home)
    assert "Yes: every address" in Page(await home.get("/integrity")).text


# --- Visibility -----------------------------------------------------------------------------------


async def test_a_node_that_stays_by_itself_is_no_fault(home: Browser) -> None:
    answer = await home.post("/visibility/check")
    assert answer.headers["Location"] == "/visibility?done=checked"
    page = await home.get("/visibility")
    assert "stays on this machine" in Page(page).text
    assert 'class="state bad"' not in page.text


def network(state: str = "published") -> Network:
    return Network(state, None, None, 18, True, "192.0.2.1", None, None, (), (), "serving")


def key_state(homeserver: str | None) -> KeyState:
    packet = Packet(SOME_TIME, (), homeserver)
    return KeyState("me", "published", 12, None, (), packet, SOME_TIME)


def test_a_record_that_names_another_node_is_bad_and_says_which() -> None:
    chain = chain_of("here", key_state("elsewhere"), network(), None)
    assert [link.verdict for link in chain] == ["good", "bad", "good", "unknown", "unknown"]
    assert "elsewhere" in chain[1].evidence


def test_a_check_that_reached_nobody_makes_nothing_bad() -> None:
    silent = Lookup(was_asked=True, is_stale=False, responded_nodes=0, packet=None)
    nothing = KeyState("me", "unknown", None, None, ())
    chain = chain_of("here", nothing, network("unreachable"), silent)
    assert "bad" not in {link.verdict for link in chain}


def test_a_key_that_the_network_does_not_know_is_bad() -> None:
    answered = Lookup(was_asked=True, is_stale=False, responded_nodes=9, packet=None)
    nothing = KeyState("me", "unknown", None, None, ())
    chain = chain_of("here", nothing, network(), answered)
    assert chain[0].verdict == "bad"
    assert chain[0].remedy is not None


def test_a_day_counts_as_good_with_one_success() -> None:
    attempts = tuple(
        Attempt(SOME_TIME, "dht", outcome, 3, "") for outcome in ("failed", "published", "failed")
    )
    days = days_of(attempts, datetime(2026, 11, 21, tzinfo=UTC))
    assert [day.outcome for day in days[-2:]] == ["published", "none"]
    assert len(days) == 90
