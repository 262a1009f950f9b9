"""The way to hosts that strangers name: resolved by us, public addresses only, one host each.

A name that leads to this machine or its neighbours would let a stranger ask them in our name. So
the address that was judged is the one that is connected to; a second look-up might say another.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

import httpx

from dashboard.doors.answers import DoorError

TIMEOUT = httpx.Timeout(60, connect=10)
# Some of a host's addresses may be of a family that this machine does not have.
_MOST_ADDRESSES = 4
# They carry an IPv4 address, which may be a neighbour's.
_CARRIERS = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))

Resolve = Callable[[str, int], Awaitable[list[str]]]


def is_public(text: str) -> bool:
    """Whether an address is one of the open Internet."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if address.scope_id or any(address in network for network in _CARRIERS):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


async def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system finds them. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


async def read_text(door: str, response: httpx.Response, most: int, *, whole: bool = True) -> str:
    """A stranger's answer, which may be of any length. Raises `DoorError` for one above `most`.

    Unless the `whole` is asked for: then its beginning.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        # We asked for none, and what is packed may grow a thousandfold in one piece.
        raise DoorError(door, "It packed its answer.")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            if whole:
                raise DoorError(door, "It sent more than it was asked for.")
            break
    return bytes(body[:most]).decode("utf-8", "replace")


class PublicTransport(httpx.AsyncBaseTransport):
    """Sends to one host by TLS, whose certificate must be of its name.

    One host, because connections are kept by address: another name there must not get one of them.
    """

    def __init__(
        self,
        door: str,
        host: str,
        resolve: Resolve = system_resolve,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._door = door
        self._host = host
        self._resolve = resolve
        self._inner = inner or httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the first public address that can be reached. Raises `DoorError`."""
        if (request.url.scheme, request.url.host) != ("https", self._host):
            raise DoorError(self._door, "It leads to another host.")
        failure: httpx.HTTPError | None = None
        for address in await self._addresses(request.url.port or 443):
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions | {"sni_hostname": self._host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error  # nothing of the body was sent yet
        raise failure or DoorError(self._door, "Its name leads to no public address.")

    async def aclose(self) -> None:
        """Close its connections."""
        await self._inner.aclose()

    async def _addresses(self, port: int) -> list[str]:
        try:
            found = await self._resolve(self._host, port)
        except OSError as error:
            raise DoorError(self._door, "Its name cannot be looked up.") from error
        return [address for address in found if is_public(address)][:_MOST_ADDRESSES]
