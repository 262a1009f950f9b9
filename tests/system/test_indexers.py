"""An aggregator of three homeservers, killed again and again, ends with exactly what they hold."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from blake3 import blake3

from appliance.pubky.content_hash import ContentHash
from tests.support.appliance import Person, keypair_of
from tests.support.indexer import Index, Place
from tests.support.node_process import NodeProcess, environment, make_data_dir, running_process

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
NODES = 3
USERS_EACH = 3
ROUNDS = 5
WRITES_A_ROUND = 40
PATIENCE_S = 60.0


@pytest.fixture
def nodes(big_folder: Path) -> Iterator[list[NodeProcess]]:
    """Three homeservers that know nothing of each other."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running_process(
                    make_data_dir(big_folder / f"node-{number}", run={"parts": ["web"]})
                )
            )
            for number in range(NODES)
        ]


async def test_a_killed_and_restarted_indexer_ends_with_exactly_the_union(
    big_folder: Path, nodes: list[NodeProcess]
) -> None:
    chance = random.Random(11)
    expected: dict[Place, str] = {}
    people = [await _person(node, number) for node in nodes for number in range(USERS_EACH)]
    servers = [node.client_url for node in nodes]
    try:
        for _ in range(ROUNDS):
            with _indexer(big_folder, servers) as process:
                for _ in range(WRITES_A_ROUND):
                    await _change(chance.choice(people), chance, expected)
                # Killed in the middle of its work, wherever that is.
                await asyncio.sleep(chance.uniform(0.0, 0.3))
                process.kill()
        with _indexer(big_folder, servers) as process:
            await _until_complete(big_folder / "index.jsonl", expected, process)
            process.kill()
    finally:
        for person in people:
            await person.http.aclose()


async def _person(node: NodeProcess, number: int) -> Person:
    person = Person(keypair_of(f"{node.pid} {number}"), httpx.AsyncClient(base_url=node.client_url))
    assert (await person.sign_up()).status_code == 200
    return person


async def _change(person: Person, chance: random.Random, expected: dict[Place, str]) -> None:
    """Put, overwrite or delete something; some of it private, which no stranger may learn."""
    path = f"/pub/app/{chance.randrange(8)} ä%"
    place = (str(person.http.base_url), person.z32, path)
    target = path.replace("%", "%25").replace(" ", "%20")
    if place in expected and chance.random() < 0.3:
        assert (await person.delete(target)).status_code == 204
        del expected[place]
    else:
        content = chance.randbytes(chance.randrange(2000))
        assert (await person.put(target, content)).status_code == 201
        expected[place] = ContentHash(blake3(content).digest()).base64
    if chance.random() < 0.2:
        assert (await person.put("/priv/diary", chance.randbytes(9))).status_code == 201


def _indexer(folder: Path, servers: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.indexer", str(folder), *servers],
        cwd=ROOT,
        env=environment(),
    )


async def _until_complete(
    file: Path, expected: dict[Place, str], process: "subprocess.Popen[bytes]"
) -> None:
    wanted = {
        (server.rstrip("/"), user, path): found for (server, user, path), found in expected.items()
    }
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        index = Index(file)
        index.read()
        if index.contents == wanted:
            return
        assert process.poll() is None, "the indexer ended by itself"
        assert time.monotonic() < deadline_s, (index.contents, wanted)
        await asyncio.sleep(0.1)
