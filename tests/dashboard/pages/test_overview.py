"""The node's card."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard.doors.admin import Node
from dashboard.pages.overview import matters
from tests.dashboard.people import Owner, Page, put_file
from tests.support.appliance import Appliance, Person

CALM = Node(
    public_key="8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo",
    version="1",
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    signup_mode="token_required",
    web_url=None,
    client_url="http://127.0.0.1:6286",
    dashboard_url=None,
    users=3,
    disabled_users=0,
    entries=10,
    bytes_stored=1000,
    unused_invites=1,
    disk_free_bytes=50,
    disk_total_bytes=100,
    last_event_id=1,
)


def test_a_calm_node_needs_nothing() -> None:
    assert matters(CALM) == ()


@pytest.mark.parametrize(
    ("node", "level", "words"),
    [
        (replace(CALM, disk_free_bytes=4), "alarm", "4% is free"),
        (replace(CALM, disk_free_bytes=14), "warning", "14% is free"),
        (replace(CALM, signup_mode="open"), "warning", "Anyone can sign up"),
        (replace(CALM, unused_invites=0), "notice", "nobody new can join"),
        (replace(CALM, unused_invites=0, users=0), "notice", "Nobody lives here yet"),
        (replace(CALM, disabled_users=2), "notice", "2 users are disabled"),
    ],
)
def test_what_needs_the_owner_is_said_first(node: Node, level: str, words: str) -> None:
    (matter,) = matters(node)
    assert matter.level == level
    assert words in matter.text


def test_an_open_node_needs_no_invites() -> None:
    found = matters(replace(CALM, signup_mode="open", unused_invites=0, users=0))
    assert [matter.level for matter in found] == ["warning"]


async def test_the_front_page_shows_the_node(owner: Owner, appliance: Appliance) -> None:
    page = Page(await owner.get("/"))
    assert appliance.homeserver in page.text
    assert appliance.client_url in page.text
    assert "By invite only" in page.text
    assert "No changes yet" in page.text


async def test_the_latest_changes_lead_to_their_objects(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a b.txt", b"1")
    await put_file(alice, "/pub/gone", b"2")
    await alice.delete("/pub/gone")
    page = Page(await owner.get("/"))
    assert f"/object/{alice.z32}/pub/a%20b.txt" in page.links
    assert "deleted /pub/gone" in page.text


async def test_private_changes_are_not_shown(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/priv/diary", b"1")
    assert "diary" not in (await owner.get("/")).text


async def test_the_json_twin_says_the_same(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"12345")
    said = (await owner.get("/json/")).json()
    assert (said["node"]["users"], said["node"]["entries"]) == (1, 1)
