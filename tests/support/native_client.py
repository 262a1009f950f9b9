"""A client as the native SDK is: PubkyTLS to the homeserver's key, the tenant in the host name."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import h11

from appliance.config import SocketAddress
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky_tls.context import client_context
from tests.support.appliance import auth_token


@dataclass(frozen=True, slots=True)
class NativeAnswer:
    """One answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class NativeClient:
    """One person on one connection."""

    keypair: Keypair
    host: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    cookie: str = ""
    _machine: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))

    async def request(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> NativeAnswer:
        """One request on the open connection; the cookie goes with it."""
        lines = [("host", self.host), ("content-length", str(len(body)))]
        lines += [("cookie", self.cookie)] if self.cookie else []
        lines += [(name.replace("_", "-"), value) for name, value in headers.items()]
        for event in (
            h11.Request(method=method, target=path, headers=lines),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.writer.write(self._machine.send(event) or b"")
        await self.writer.drain()
        answer = await self._answer()
        self._machine.start_next_cycle()
        return answer

    async def sign_up(self) -> NativeAnswer:
        """POST /signup; keeps the cookie that is named after the key."""
        answer = await self.request("POST", "/signup", auth_token(self.keypair))
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    async def _answer(self) -> NativeAnswer:
        response: h11.Response | None = None
        body = b""
        while True:
            event = self._machine.next_event()
            if event is h11.NEED_DATA:
                self._machine.receive_data(await self.reader.read(65536))
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert response is not None
                headers = {name.decode(): value.decode() for name, value in response.headers}
                return NativeAnswer(response.status_code, headers, body)


@asynccontextmanager
async def native_client(
    keypair: Keypair,
    address: SocketAddress,
    homeserver_keys: Collection[PublicKey],
) -> AsyncIterator[NativeClient]:
    """Connect and name the user; raises ssl.SSLCertVerificationError for another server's key."""
    host = f"_pubky.{keypair.public_key.z32}"
    reader, writer = await asyncio.open_connection(
        address.host, address.port, ssl=client_context(homeserver_keys, host)
    )
    try:
        yield NativeClient(keypair, host, reader, writer)
    finally:
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()
