"""The way out: no stranger's name leads to this machine or its neighbours."""

import asyncio
import shutil
import ssl
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL

import httpx
import pytest

from dashboard.doors import outbound
from dashboard.doors.answers import DoorError
from dashboard.doors.outbound import PublicTransport, is_public
from tests.support.needs import cannot_run_here

HOST = "pubky.example.org"


class Wire(httpx.AsyncBaseTransport):
    """What would be sent, and where; hosts in `dead` cannot be reached."""

    def __init__(self, *dead: str) -> None:
        self.dead = dead
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.dead:
            raise httpx.ConnectError("nobody there")
        self.sent.append(request)
        return httpx.Response(302, headers={"Location": "https://127.0.0.1/"})


def client(wire: Wire, *addresses: str) -> httpx.AsyncClient:
    """A client for `HOST`, whose name leads to these addresses."""

    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == (HOST, 443)
        if not addresses:
            raise OSError("no such name")
        return list(addresses)

    transport = PublicTransport("The place", HOST, resolve, wire)
    return httpx.AsyncClient(base_url=f"https://{HOST}", transport=transport)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address to be refused
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:a00:1::",
        "2001:0:a00:1::",
        "2001:db8::1",
        "2130706433",
        "0x7f.1",
        "",
    ],
)
async def test_what_is_not_public_is_never_connected_to(address: str) -> None:
    assert not is_public(address)
    wire = Wire()
    async with client(wire, address) as http:
        with pytest.raises(DoorError, match="leads to no public address"):
            await http.get("/")
    assert wire.sent == []


async def test_the_address_that_was_judged_is_the_one_that_is_asked() -> None:
    wire = Wire()
    async with client(wire, "10.0.0.1", "93.184.215.14", "2606:2800::1") as http:
        answer = await http.get("/pub/a")
    (request,) = wire.sent
    assert request.url.host == "93.184.215.14"
    assert request.headers["host"] == HOST
    assert request.extensions["sni_hostname"] == HOST
    assert answer.status_code == 302, "a redirect is not followed"


async def test_the_next_address_is_tried_where_one_is_dead() -> None:
    wire = Wire("93.184.215.14")
    async with client(wire, "93.184.215.14", "2606:2800::1") as http:
        await http.get("/")
    assert [request.url.host for request in wire.sent] == ["2606:2800::1"]
    async with client(Wire("93.184.215.14"), "93.184.215.14") as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("/")


async def test_no_other_host_scheme_or_unknown_name_gets_through() -> None:
    async with client(Wire(), "93.184.215.14") as http:
        for address in ("https://other.example.org/", f"http://{HOST}/"):
            with pytest.raises(DoorError, match="leads to another host"):
                await http.get(address)
    async with client(Wire()) as http:
        with pytest.raises(DoorError, match="cannot be looked up"):
            await http.get("/")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        await writer.drain()
    writer.close()


@pytest.mark.parametrize(("name", "gets_in"), [(HOST, True), ("other.example.org", False)])
async def test_the_certificate_must_be_of_the_name_and_not_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, gets_in: bool
) -> None:
    """The server of the test can only be on this machine, so that is let through for once."""
    if shutil.which("openssl") is None:
        cannot_run_here("there is no openssl")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    arguments = f"req -x509 -newkey ed25519 -nodes -days 2 -subj /CN={name}"
    arguments += f" -addext subjectAltName=DNS:{name} -keyout {key} -out {certificate}"
    made = await asyncio.create_subprocess_exec("openssl", *arguments.split(), stderr=DEVNULL)
    assert await made.wait() == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setattr(outbound, "is_public", lambda _: True)

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    trusting = ssl.create_default_context(cafile=certificate)
    inner = httpx.AsyncHTTPTransport(verify=trusting, trust_env=False)
    async with await asyncio.start_server(_serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        transport = PublicTransport("The place", HOST, resolve, inner)
        async with httpx.AsyncClient(transport=transport) as http:
            if gets_in:
                assert (await http.get(f"https://{HOST}:{port}/")).text == "hi"
            else:
                with pytest.raises(httpx.ConnectError, match="certificate"):
                    await http.get(f"https://{HOST}:{port}/")
