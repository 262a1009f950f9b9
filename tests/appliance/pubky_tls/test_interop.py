"""Clients that we did not write: OpenSSL and GnuTLS with raw public keys, and those without."""

import asyncio
import shutil
import socket
import ssl
from hashlib import sha256

import pytest

from tests.support import openssl_rpk
from tests.support.eventually import eventually
from tests.support.needs import cannot_run_here
from tests.support.openssl_rpk import OpenSslClient, RefusedError
from tests.support.tls_dialogues import KEYPAIR, OTHER_KEYPAIR, SERVER_NAME
from tests.support.tls_server import BLOCK, BODY_BLOCKS, BODY_BYTES, running_tls_server

KEY = KEYPAIR.public_key
GNUTLS_PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+CTYPE-SRV-RAWPK:-CTYPE-SRV-X509"
REQUEST = b"GET / HTTP/1.1\r\nhost: _pubky\r\n\r\n"
LAST_REQUEST = REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
UNEXPECTED_KEY = 65


@pytest.fixture
def _openssl() -> None:
    if not openssl_rpk.is_available():
        cannot_run_here("no OpenSSL with raw public keys (psycopg-binary is not installed)")


needs_openssl = pytest.mark.usefixtures("_openssl")


@needs_openssl
@pytest.mark.parametrize("name", [SERVER_NAME, KEY.z32])
async def test_openssl_reaches_the_key_it_expects(name: str) -> None:
    def visit(port: int) -> bytes:
        with OpenSslClient(port, KEY.raw, name) as client:
            client.write(REQUEST)
            return client.read_exactly(len(ANSWER))

    async with running_tls_server() as server:
        assert await asyncio.to_thread(visit, server.port) == ANSWER
        assert server.context.counters.handshakes == 1


@needs_openssl
async def test_openssl_refuses_another_key() -> None:
    async with running_tls_server() as server:
        with pytest.raises(RefusedError) as caught:
            await asyncio.to_thread(
                OpenSslClient, server.port, OTHER_KEYPAIR.public_key.raw, SERVER_NAME
            )
        assert caught.value.verify_result == UNEXPECTED_KEY
        counters = server.context.counters
        await eventually(lambda: counters.refused == {"peer_alert": 1})
        assert counters.handshakes == 0


@needs_openssl
async def test_openssl_keeps_a_connection_and_both_say_goodbye() -> None:
    def visit(port: int) -> list[bytes]:
        with OpenSslClient(port, KEY.raw, SERVER_NAME) as client:
            answers = []
            for _ in range(200):
                client.write(REQUEST)
                answers.append(client.read_exactly(len(ANSWER)))
            client.write(LAST_REQUEST)
            answers.append(client.read_exactly(len(ANSWER)))
            assert client.read(1) == b""
            assert client.say_goodbye()
            return answers

    async with running_tls_server() as server:
        assert await asyncio.to_thread(visit, server.port) == [ANSWER] * 201


@needs_openssl
async def test_openssl_takes_a_large_body_whole() -> None:
    def visit(port: int) -> str:
        with OpenSslClient(port, KEY.raw, SERVER_NAME) as client:
            client.write(b"GET /large HTTP/1.1\r\n\r\n")
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.read_exactly(1)
            digest, left = sha256(), BODY_BYTES
            while left:
                chunk = client.read(min(left, 1 << 16))
                assert chunk
                digest.update(chunk)
                left -= len(chunk)
            return digest.hexdigest()

    expected = sha256()
    for _ in range(BODY_BLOCKS):
        expected.update(BLOCK)
    async with running_tls_server() as server:
        assert await asyncio.to_thread(visit, server.port) == expected.hexdigest()


@needs_openssl
async def test_openssl_and_we_update_keys_for_each_other() -> None:
    def visit(port: int) -> list[bytes]:
        with OpenSslClient(port, KEY.raw, SERVER_NAME) as client:
            answers = []
            for _ in range(5):
                client.update_keys()
                client.write(REQUEST)
                answers.append(client.read_exactly(len(ANSWER)))
            return answers

    async with running_tls_server() as server:
        assert await asyncio.to_thread(visit, server.port) == [ANSWER] * 5


@pytest.mark.system
async def test_gnutls_reaches_the_server() -> None:
    program = shutil.which("gnutls-cli")
    if program is None:
        cannot_run_here("gnutls-cli is missing (Debian: gnutls-bin)")
    async with running_tls_server() as server:
        process = await asyncio.create_subprocess_exec(
            program,
            "--insecure",
            "--priority",
            GNUTLS_PRIORITY,
            # It takes no name with an underscore (discovery 9.3).
            "--sni-hostname",
            KEY.z32,
            "--port",
            str(server.port),
            "127.0.0.1",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        # The end of its input would make it say goodbye before the answer comes.
        process.stdin.write(LAST_REQUEST)
        said = await process.stdout.read()
        process.stdin.close()
        await process.wait()
    assert b"hello" in said
    assert b"TLS1.3" in said
    assert b"Raw Public Key" in said
    assert server.context.counters.handshakes == 1


def alert_that_python_gets(context: ssl.SSLContext, port: int) -> str:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        pytest.raises(ssl.SSLError) as caught,
    ):
        context.wrap_socket(plain, server_hostname="localhost")
    return str(caught.value.reason)


async def test_a_client_of_tls_1_2_learns_that_its_version_is_too_old() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with running_tls_server() as server:
        reason = await asyncio.to_thread(alert_that_python_gets, context, server.port)
        assert reason == "TLSV1_ALERT_PROTOCOL_VERSION"
        assert server.context.counters.refused == {"protocol_version": 1}


async def test_a_client_like_a_browser_learns_that_it_wants_another_certificate() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with running_tls_server() as server:
        reason = await asyncio.to_thread(alert_that_python_gets, context, server.port)
        assert reason == "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"
        assert server.context.counters.refused == {"unsupported_certificate": 1}


async def test_a_client_of_plain_http_gets_an_alert_and_no_answer() -> None:
    async with running_tls_server() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST)
        assert await reader.readexactly(7) == b"\x15\x03\x03\x00\x02\x02\x0a"
        writer.close()
        await writer.wait_closed()
        assert server.context.counters.refused == {"unexpected_message": 1}
