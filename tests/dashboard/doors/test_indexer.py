"""An index is asked about one key, and only a proper answer counts."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from dashboard.doors.answers import DoorError
from dashboard.doors.indexer import IndexerDoor, Listed
from tests.support.appliance import keypair_of

ALICE = keypair_of("alice").public_key.z32
KNOWN = {"id": ALICE, "name": "Alice", "bio": None, "links": None, "indexed_at": 1_700_000_000_000}


def index(answer: Callable[[httpx.Request], httpx.Response]) -> IndexerDoor:
    """The door to a made-up index below a path."""
    return IndexerDoor("https://nexus.example.org/base/", httpx.MockTransport(answer))


async def test_it_is_told_a_key_and_nothing_else() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=KNOWN, headers={"Set-Cookie": "tracked=1"})

    door = index(answer)
    found = [await door.find(ALICE), await door.find(ALICE)]
    assert found == [Listed(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), is_deleted=False)] * 2
    assert {str(each.url) for each in seen} == {
        f"https://nexus.example.org/base/v0/user/{ALICE}/details"
    }
    assert all("cookie" not in each.headers and not each.content for each in seen)
    await door.close()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (httpx.Response(404, json={"error": "User not found: x"}), None),
        (
            httpx.Response(200, json=KNOWN | {"indexed_at": 0, "deleted": True}),
            Listed(datetime(1970, 1, 1, tzinfo=UTC), is_deleted=True),
        ),
    ],
)
async def test_it_knows_somebody_or_it_says_so(said: httpx.Response, found: Listed | None) -> None:
    assert await index(lambda _: said).find(ALICE) == found


@pytest.mark.parametrize(
    "said",
    [
        httpx.Response(404, text="<h1>no such page</h1>"),
        httpx.Response(404, json="no"),
        httpx.Response(500, json={}),
        httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text="[" * 5000),
        httpx.Response(200, json=KNOWN | {"id": "x"}),
        httpx.Response(200, json=KNOWN | {"indexed_at": "now"}),
        httpx.Response(200, json=KNOWN | {"indexed_at": 10**30}),
        httpx.Response(200, text=json.dumps(KNOWN) + " " * 300_000),
    ],
)
async def test_any_other_answer_says_nothing(said: httpx.Response) -> None:
    with pytest.raises(DoorError):
        await index(lambda _: said).find(ALICE)
