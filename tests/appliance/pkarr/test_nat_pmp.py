"""The router's dialect: requests as RFC 6886 writes them, and any answer at all."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from ipaddress import IPv4Address
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pkarr import nat_pmp
from appliance.pkarr.nat_pmp import Mapping

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
"""


class Router(asyncio.DatagramProtocol):
    """Answers what it was told to, and nothing until it has heard enough."""

    def __init__(self, answer: bytes, deaf_to: int = 0) -> None:
        self.heard: list[bytes] = []
        self._answer = answer
        self._deaf_to = deaf_to

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        if len(self.heard) > self._deaf_to:
            self._transport.sendto(self._answer, addr)


@asynccontextmanager
async def listening(router: Router) -> AsyncIterator[int]:
    """The router's port on loopback."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: router, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def test_requests_are_laid_out_as_the_rfc_says() -> None:
    assert nat_pmp.address_request().hex() == "0000"
    assert nat_pmp.mapping_request("udp", 6881, 3600).hex() == "000100001ae11ae100000e10"
    assert nat_pmp.mapping_request("tcp", 6287, 3600).hex() == "00020000188f188f00000e10"


def test_the_public_address_is_read() -> None:
    answer = bytes.fromhex("0080000000000e10cb007109")
    assert nat_pmp.read_address(answer) == IPv4Address("203.0.113.9")


def test_a_way_in_is_read_with_the_number_that_the_router_chose() -> None:
    answer = bytes.fromhex("0082000000000e10188fc00100000708")
    assert nat_pmp.read_mapping(answer, "tcp") == Mapping(6287, 0xC001, 1800)


def test_an_answer_to_another_question_is_refused() -> None:
    udp = bytes.fromhex("0081000000000e10188f188f00000708")
    with pytest.raises(PubkyError):
        nat_pmp.read_mapping(udp, "tcp")


def test_a_refusal_says_the_routers_reason() -> None:
    with pytest.raises(PubkyError, match="result 2"):
        nat_pmp.read_mapping(bytes.fromhex("0082000200000e10"), "tcp")


@given(st.binary(max_size=20))
def test_any_answer_gives_a_value_or_a_refusal(answer: bytes) -> None:
    with suppress(PubkyError):
        nat_pmp.read_address(answer)
    with suppress(PubkyError):
        nat_pmp.read_mapping(answer, "udp")


@given(st.binary(max_size=16))
def test_any_rest_of_a_good_beginning_gives_a_value_or_a_refusal(rest: bytes) -> None:
    with suppress(PubkyError):
        nat_pmp.read_address(b"\x00\x80\x00\x00" + rest)
    with suppress(PubkyError):
        nat_pmp.read_mapping(b"\x00\x81\x00\x00" + rest, "udp")


def test_the_gateway_is_found_in_the_kernels_table() -> None:
    assert nat_pmp.default_gateway(ROUTES) == "192.168.1.1"


@pytest.mark.parametrize("routes", ["", ROUTES.splitlines()[0], ROUTES.rpartition("eth0")[0]])
def test_without_a_default_route_there_is_no_gateway(routes: str) -> None:
    assert nat_pmp.default_gateway(routes) is None


async def test_a_router_is_asked_and_answers() -> None:
    router = Router(b"answer")
    async with listening(router) as port:
        assert await nat_pmp.ask("127.0.0.1", b"question", port) == b"answer"
    assert router.heard == [b"question"]


async def test_a_lost_question_is_asked_again() -> None:
    router = Router(b"answer", deaf_to=1)
    async with listening(router) as port:
        assert await nat_pmp.ask("127.0.0.1", b"question", port) == b"answer"
    assert router.heard == [b"question"] * 2


async def test_where_nobody_listens_the_question_ends() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        await nat_pmp.ask("127.0.0.1", b"question", port)
