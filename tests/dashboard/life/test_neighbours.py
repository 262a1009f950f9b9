"""Other people's names: asked of this node only, thirty at a time, and remembered for a minute."""

import json

import httpx

from dashboard.doors.client import ClientDoor
from dashboard.life.neighbours import KEPT_S, MOST_ASKED, Neighbour, Neighbours
from tests.support.appliance import keypair_of

KEYS = [keypair_of(f"person {number}").public_key.z32 for number in range(40)]


class Node:
    """A client API on which everybody is called by their key, and which counts what it is asked."""

    def __init__(self, body: bytes | None = None) -> None:
        self.asked: list[str] = []
        self._body = body

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        key = request.url.path.split("/")[2]
        if key == KEYS[1]:
            return httpx.Response(404, text="Not Found")
        body = json.dumps({"name": key[:20]}).encode() if self._body is None else self._body
        return httpx.Response(206, stream=httpx.ByteStream(body))


def neighbours(node: Node, now: list[float]) -> Neighbours:
    door = ClientDoor("http://node", transport=httpx.MockTransport(node))
    return Neighbours(door, lambda: now[0])


async def test_people_with_a_profile_here_have_names_and_others_do_not() -> None:
    found = await neighbours(Node(), [0.0]).find(KEYS[:2])
    assert found == {
        KEYS[0]: Neighbour(KEYS[0], KEYS[0][:20]),
        KEYS[1]: Neighbour(KEYS[1]),
    }


async def test_a_name_is_asked_for_once_a_minute() -> None:
    node, now = Node(), [1000.0]
    people = neighbours(node, now)
    await people.find(KEYS[:1])
    now[0] += KEPT_S - 1
    await people.find(KEYS[:1])
    assert len(node.asked) == 1
    now[0] += 2
    await people.find(KEYS[:1])
    assert len(node.asked) == 2


async def test_a_page_asks_for_so_many_people_and_shows_all() -> None:
    node = Node()
    found = await neighbours(node, [0.0]).find(KEYS)
    assert list(found) == KEYS
    assert len({path.split("/")[2] for path in node.asked}) == MOST_ASKED
    assert found[KEYS[-1]].name is None


async def test_what_is_no_key_is_not_asked_for() -> None:
    node = Node()
    found = await neighbours(node, [0.0]).find(["../priv", ""])
    assert (node.asked, found["../priv"].name) == ([], None)


async def test_what_is_too_long_for_a_profile_gives_no_name() -> None:
    body = json.dumps({"name": "Long", "bio": "x" * 70_000}).encode()
    found = await neighbours(Node(body), [0.0]).find(KEYS[:1])
    assert found[KEYS[0]].name is None
