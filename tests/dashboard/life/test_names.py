"""Names of people: one question a page, remembered for a minute, never a reason to fail."""

import json
from base64 import b64encode
from urllib.parse import parse_qs

import httpx

from dashboard.doors.names import NamesDoor
from dashboard.kinds.people import PATH
from dashboard.life.names import KEPT_S, MOST_ASKED, Names
from tests.support.appliance import keypair_of

KEYS = [keypair_of(f"person {number}").public_key.z32 for number in range(120)]
V1 = "/pub/social/v1/profile.json"


class Node:
    """An admin API that knows these profiles, and counts whom it is asked for."""

    def __init__(self, profiles: list[tuple[str, str, bytes]], status: int = 200) -> None:
        self.asked: list[list[str]] = []
        self.status = status
        self._profiles = profiles

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(parse_qs(request.url.query.decode())["key"])
        items = [
            {"pubkey": key, "path": path, "content": b64encode(body).decode()}
            for key, path, body in self._profiles
        ]
        return httpx.Response(self.status, json={"items": items})


def names(node: Node, now: list[float]) -> Names:
    http = httpx.AsyncClient(base_url="http://node", transport=httpx.MockTransport(node))
    return Names(NamesDoor(http), lambda: now[0])


def profile(name: object) -> bytes:
    return json.dumps({"name": name}).encode()


async def test_profiles_of_either_layout_give_a_name_and_todays_counts() -> None:
    node = Node(
        [
            (KEYS[0], PATH, profile("Zero")),
            (KEYS[0], V1, profile("Other")),
            (KEYS[1], V1, profile("One")),
            (KEYS[2], PATH, b"not json"),
        ]
    )
    assert await names(node, [0.0]).of(KEYS[:4]) == {KEYS[0]: "Zero", KEYS[1]: "One"}
    assert len(node.asked) == 1


async def test_everybody_is_asked_for_once_a_minute_named_or_not() -> None:
    node, now = Node([(KEYS[0], PATH, profile("Zero"))]), [1000.0]
    people = names(node, now)
    await people.of(KEYS[:2])
    now[0] += KEPT_S - 1
    assert await people.of(KEYS[:2]) == {KEYS[0]: "Zero"}
    assert len(node.asked) == 1
    now[0] += 2
    await people.of(KEYS[:2])
    assert len(node.asked) == 2


async def test_a_page_asks_for_so_many_at_once_and_for_the_others_later() -> None:
    node = Node([])
    people = names(node, [0.0])
    for _ in range(3):
        await people.of(KEYS)
    assert [len(keys) for keys in node.asked] == [MOST_ASKED, len(KEYS) - MOST_ASKED]


async def test_nobody_has_a_name_while_the_door_is_shut() -> None:
    assert await names(Node([], 503), [0.0]).of(KEYS[:1]) == {}


async def test_no_key_is_no_question() -> None:
    node = Node([])
    assert await names(node, [0.0]).of([]) == {}
    assert node.asked == []
