"""A DHT node, or a bare UDP echo, in a process of its own; prints its port as JSON."""

import asyncio
import json
import sys
from typing import Any

from appliance.mainline.reports import NodeSettings
from appliance.mainline.udp import DhtSettings, running_dht

NO_LIMIT = 2**30


class _Echo(asyncio.DatagramProtocol):
    """Sends back what it gets."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._transport.sendto(data, addr)


async def serve(subject: str) -> None:
    """Until the process is ended."""
    if subject == "echo":
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(_Echo, ("127.0.0.1", 0))
        _tell(transport.get_extra_info("sockname")[1])
        await asyncio.Event().wait()
    settings = NodeSettings(
        mode="server",
        queries_per_second=NO_LIMIT,
        burst=NO_LIMIT,
        answers_per_second=NO_LIMIT,
        answer_bytes_per_second=NO_LIMIT,
    )
    async with running_dht(DhtSettings((("127.0.0.1", 0),), settings)) as dht:
        _tell(dht.addresses[0][1])
        await asyncio.Event().wait()


def _tell(port: int) -> None:
    print(json.dumps({"port": port}), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
