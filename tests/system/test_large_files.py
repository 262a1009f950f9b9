"""Files larger than memory, and many at once, pass through a process that stays small."""

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from blake3 import blake3

from tests.support.appliance import Person, keypair_of
from tests.support.node_process import NodeProcess, make_data_dir, running_process

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

MEBIBYTE = 1024 * 1024
LARGEST_RESIDENT_BYTES = 150 * MEBIBYTE
HUGE_BYTES = 2048 * MEBIBYTE
UPLOADS_AT_ONCE = 20
UPLOAD_BYTES = 20 * MEBIBYTE


class Stream:
    """Bytes that are made as they are sent: every MiB another, none kept; `hash` is of them all."""

    def __init__(self, name: str, size: int) -> None:
        self.hash = blake3()
        self._name = name
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._size // MEBIBYTE):
            chunk = blake3(f"{self._name} {number}".encode()).digest(MEBIBYTE)
            self.hash.update(chunk)
            yield chunk


async def test_two_gibibytes_go_in_and_out_of_a_small_process(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    with running_process(make_data_dir(big_folder / "node")) as node:
        client.base_url = httpx.URL(node.client_url)
        alice = Person(keypair_of("alice"), client)
        assert (await alice.sign_up()).status_code == 200
        sent = Stream("huge", HUGE_BYTES)
        assert _put(node, alice, "/pub/huge", sent, HUGE_BYTES) == 201

        # Without a cookie the lane sends it; with one Hypercorn does, piece by piece.
        lane = _get(node, "/pub/huge", {"pubky-host": alice.z32})
        slow = _get(node, "/pub/huge", alice.headers)

        assert lane == slow == (200, HUGE_BYTES, sent.hash.digest())
        assert node.peak_rss_bytes < LARGEST_RESIDENT_BYTES
        assert node.stop() == 0
    assert node.log_text() == ""


async def test_twenty_uploads_and_downloads_at_once_stay_within_the_same_memory(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    with running_process(make_data_dir(big_folder / "node")) as node:
        client.base_url = httpx.URL(node.client_url)
        alice = Person(keypair_of("alice"), client)
        assert (await alice.sign_up()).status_code == 200
        streams = {f"/pub/{n}": Stream(str(n), UPLOAD_BYTES) for n in range(UPLOADS_AT_ONCE)}

        def put(path: str) -> int:
            return _put(node, alice, path, streams[path], UPLOAD_BYTES)

        def get(path: str) -> tuple[int, int, bytes]:
            return _get(node, path, alice.headers)

        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
            assert set(threads.map(put, streams)) == {201}
            answers = list(threads.map(get, streams))

        assert answers == [(200, UPLOAD_BYTES, sent.hash.digest()) for sent in streams.values()]
        assert node.peak_rss_bytes < LARGEST_RESIDENT_BYTES
        assert node.stop() == 0
    assert node.log_text() == ""


def _connection(node: NodeProcess) -> http.client.HTTPConnection:
    url = urlsplit(node.client_url)
    return http.client.HTTPConnection(url.hostname or "", url.port, timeout=120, blocksize=MEBIBYTE)


def _put(node: NodeProcess, person: Person, path: str, stream: Stream, size: int) -> int:
    connection = _connection(node)
    try:
        headers = person.headers | {"content-length": str(size)}
        connection.request("PUT", path, body=stream, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _get(node: NodeProcess, path: str, headers: dict[str, str]) -> tuple[int, int, bytes]:
    """Status, length and BLAKE3 of what arrived."""
    connection = _connection(node)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        found, size = blake3(), 0
        while chunk := response.read(MEBIBYTE):
            found.update(chunk)
            size += len(chunk)
        return response.status, size, found.digest()
    finally:
        connection.close()
