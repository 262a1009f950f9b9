"""Asks the router for its public address and to let ports through: NAT-PMP (RFC 6886).

The router can answer anything; what comes from it is only ever published as our own address.
"""

import asyncio
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from appliance.errors import invalid

PORT = 5351
LIFETIME_S = 3600
# RFC 6886 3.1: the first wait is a quarter of a second, and it doubles.
FIRST_WAIT_S = 0.25
ATTEMPTS = 4
ROUTES = Path("/proc/net/route")

_OPCODES = {"udp": 1, "tcp": 2}
_GATEWAY_FLAG = 0x2


@dataclass(frozen=True, slots=True)
class Mapping:
    """A port of the router that leads here."""

    internal_port: int
    external_port: int
    lifetime_s: int


def address_request() -> bytes:
    """Asks for the public address (3.2)."""
    return bytes(2)


def mapping_request(protocol: Literal["udp", "tcp"], port: int, lifetime_s: int) -> bytes:
    """Asks for a way in to `port`, best under the same number (3.3)."""
    return struct.pack("!BBHHHI", 0, _OPCODES[protocol], 0, port, port, lifetime_s)


def read_address(answer: bytes) -> IPv4Address:
    """The public address; raises `invalid` for anything else."""
    _check(answer, 128, 12)
    return IPv4Address(answer[8:12])


def read_mapping(answer: bytes, protocol: Literal["udp", "tcp"]) -> Mapping:
    """The way in; raises `invalid` for anything else."""
    _check(answer, 128 + _OPCODES[protocol], 16)
    internal, external, lifetime_s = struct.unpack("!HHI", answer[8:16])
    return Mapping(internal, external, lifetime_s)


def _check(answer: bytes, opcode: int, size: int) -> None:
    if len(answer) < 4 or answer[0] != 0 or answer[1] != opcode:
        raise invalid("not the answer of NAT-PMP that was asked for")
    result = int.from_bytes(answer[2:4], "big")
    if result:
        raise invalid(f"the router refuses (result {result} of RFC 6886)")
    if len(answer) < size:
        raise invalid("the answer of NAT-PMP is too short")


def default_gateway(routes: str) -> str | None:
    """The router, from the kernel's table of IPv4 routes; None when there is none."""
    for line in routes.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[1] == "00000000" and int(fields[3], 16) & _GATEWAY_FLAG:
            # The kernel writes addresses as numbers of the machine, which are little-endian.
            return str(IPv4Address(bytes.fromhex(fields[2])[::-1]))
    return None


async def ask(gateway: str, request: bytes, port: int = PORT) -> bytes:
    """The router's answer; raises TimeoutError, or OSError when it cannot be reached."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Answer(answered), remote_addr=(gateway, port)
    )
    try:
        wait_s = FIRST_WAIT_S
        for _ in range(ATTEMPTS):
            transport.sendto(request)
            done, _ = await asyncio.wait({answered}, timeout=wait_s)
            if done:
                return answered.result()
            wait_s *= 2
        raise TimeoutError("the router does not speak NAT-PMP")
    finally:
        transport.close()


class _Answer(asyncio.DatagramProtocol):
    """Hears one datagram from whom we asked: the socket is connected to nobody else."""

    def __init__(self, answered: asyncio.Future[bytes]) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        """The first datagram is the answer."""
        del addr
        if not self._answered.done():
            self._answered.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        if not self._answered.done():
            self._answered.set_exception(exc)
