"""The page about the operator's other nodes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.dashboard.people import Browser, Owner, Page
from tests.support.appliance import Appliance, Person

NODE: dict[str, object] = {
    "name": "pi",
    "verdict": "healthy",
    "problems": [],
    "version": "1.2.3",
    "certificate_days": 40.5,
    "backup_age_s": 3600,
    "published_age_s": None,
    "disk_free_bytes": 2**30,
}


def put(appliance: Appliance, *nodes: dict[str, object], age_days: int = 0) -> None:
    """Write the list as the playbook does."""
    at = datetime.now(UTC) - timedelta(days=age_days)
    text = json.dumps({"at": at.isoformat(), "nodes": nodes})
    (appliance.data_dir / "fleet.json").write_text(text)


async def test_only_operators_see_the_fleet(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    assert (await browser.get("/admin/fleet")).status_code == 403


async def test_without_a_list_no_entry_leads_to_the_page_and_it_says_how_to_get_one(
    owner: Owner,
) -> None:
    assert 'href="/admin/fleet"' not in (await owner.get("/admin")).text
    assert "make fleet-status" in Page(await owner.get("/admin/fleet")).text


async def test_nodes_are_shown_with_who_needs_somebody_first(
    owner: Owner, appliance: Appliance
) -> None:
    ailing = NODE | {"name": "attic", "verdict": "ailing", "problems": ["The disk is <b>full."]}
    gone: dict[str, object] = {
        "name": "shed",
        "verdict": "unreachable",
        "problems": ["It cannot be reached."],
    }
    put(appliance, NODE, ailing, gone)
    answer = await owner.get("/admin/fleet")
    assert 'href="/admin/fleet"' in answer.text
    text = Page(answer).text
    assert "3 nodes, looked at" in text
    assert "Could not be reached: shed" in text
    assert "1 node needs looking after." in text
    rows = (await owner.get("/json/admin/fleet")).json()["rows"]
    assert [row["node"]["name"] for row in rows] == ["shed", "attic", "pi"]
    assert rows[2]["node"]["certificate_days"] == 40
    assert "The disk is <b>full." in text
    assert "<b>" not in answer.text.split("<table")[1]


@pytest.mark.parametrize(("age_days", "is_told"), [(0, False), (5, True)])
async def test_an_old_list_is_called_old(
    owner: Owner, appliance: Appliance, age_days: int, *, is_told: bool
) -> None:
    put(appliance, NODE, age_days=age_days)
    assert ("This list is old" in Page(await owner.get("/admin/fleet")).text) is is_told


async def test_a_file_that_cannot_be_read_is_as_none(owner: Owner, appliance: Appliance) -> None:
    (appliance.data_dir / "fleet.json").write_text('{"at": "yesterday", "nodes": 3}')
    assert "Nobody has put a list" in Page(await owner.get("/admin/fleet")).text
