"""A router on loopback that speaks NAT-PMP (RFC 6886), and does with its ports what it likes."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from typing import cast


class NatRouter(asyncio.DatagramProtocol):
    """Answers while it has an address; `shift` is added to each port that it lets through."""

    def __init__(self, address: str | None) -> None:
        self.address = address
        self.shift = 0
        self.mappings: list[tuple[str, int]] = []
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.address is None:
            # Refused at once, so that no test waits for a silence (RFC 6886 3.5: network failure).
            self._transport.sendto(bytes([0, 128 + data[1], 0, 3]) + bytes(4), addr)
        elif data[1] == 0:
            packed = IPv4Address(self.address).packed
            self._transport.sendto(struct.pack("!BBHI4s", 0, 128, 0, 7, packed), addr)
        else:
            _, opcode, _, internal, _, lifetime_s = struct.unpack("!BBHHHI", data)
            self.mappings.append(({1: "udp", 2: "tcp"}[opcode], internal))
            external = internal + self.shift
            answer = struct.pack("!BBHIHHI", 0, 128 + opcode, 0, 7, internal, external, lifetime_s)
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def nat_router(address: str | None) -> AsyncIterator[NatRouter]:
    """Run it for the length of the block."""
    router = NatRouter(address)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: router, local_addr=("127.0.0.1", 0))
    try:
        yield router
    finally:
        transport.close()
