"""A DHT node of the npm package bittorrent-dht, in a process of its own: tests/npm/dht/peer.mjs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from appliance.mainline.items import MutableItem
from appliance.mainline.node_ids import Address
from tests.support.eventually import LOOK_EVERY_S
from tests.support.npm_tests import NPM_DIR, node

# Generous bounds: they end a test that hangs and judge no speed.
PATIENCE_S = 30.0


class RefusedError(Exception):
    """A call failed over there; `code` is that of most nodes, or None."""

    def __init__(self, text: str, code: int | None) -> None:
        super().__init__(text)
        self.code = code


class BittorrentDhtNode:
    """One process, asked one question at a time; `address` is where its DHT listens."""

    def __init__(self, process: asyncio.subprocess.Process, address: Address) -> None:
        self._process = process
        self.address = address

    async def knows(self, *addresses: Address) -> None:
        """Enter the network by these nodes; returns when all of them are in the table."""
        for host, port in addresses:
            await self._ask("addNode", host=host, port=port)
        async with asyncio.timeout(PATIENCE_S):
            while await self._ask("nodes") < len(addresses):  # noqa: ASYNC110 - a question over there
                await asyncio.sleep(LOOK_EVERY_S)

    async def put(self, item: MutableItem, cas: int | None = None) -> int:
        """At how many nodes it was stored; raises RefusedError when at none."""
        arguments: dict[str, Any] = {"seq": item.seq} | ({} if cas is None else {"cas": cas})
        stored: int = await self._ask(
            "put",
            k=item.public_key.hex(),
            v=(item.value or b"").hex(),
            sig=item.signature.hex(),
            salt=item.salt.hex(),
            **arguments,
        )
        return stored

    async def get(self, public_key: bytes, salt: bytes = b"") -> MutableItem | None:
        """The item that a search finds."""
        target = MutableItem.target_of(public_key, salt).hex()
        return _item(await self._ask("get", target=target, salt=salt.hex()), salt)

    async def held(self, public_key: bytes, salt: bytes = b"") -> MutableItem | None:
        """The item that it keeps for others."""
        target = MutableItem.target_of(public_key, salt).hex()
        return _item(await self._ask("held", target=target), salt)

    async def _ask(self, call: str, **arguments: Any) -> Any:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps({"call": call, **arguments}).encode() + b"\n")
        await stdin.drain()
        answer = await _next_line(self._process)
        if "error" in answer:
            raise RefusedError(answer["error"], answer["code"])
        return answer["value"]


@asynccontextmanager
async def bittorrent_dht_node(*entrances: Address) -> AsyncIterator[BittorrentDhtNode]:
    """A running node that knows the nodes at these addresses."""
    process = await asyncio.create_subprocess_exec(
        node(),
        "dht/peer.mjs",
        *(f"{host}:{port}" for host, port in entrances),
        cwd=NPM_DIR,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        hello = await _next_line(process)
        peer = BittorrentDhtNode(process, ("127.0.0.1", hello["port"]))
        await peer.knows(*entrances)
        yield peer
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _next_line(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        line = await process.stdout.readline()
    assert line, "the peer ended: its reason is on standard error"
    return json.loads(line)


def _item(found: dict[str, Any] | None, salt: bytes) -> MutableItem | None:
    if found is None:
        return None
    key, value, signature = (bytes.fromhex(found[name]) for name in ("k", "v", "sig"))
    return MutableItem.of(key, found["seq"], signature, value, salt)
