"""Somebody who lives on the measured node: signed up, with files and with many rows."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from appliance.metadata import entries, users
from appliance.metadata.entries import Entry
from appliance.metadata.sqlite import open_sqlite
from appliance.metadata.store import Tx
from tests.bench.figures import BenchError
from tests.bench.load import PATIENCE_S
from tests.bench.request import Request
from tests.bench.servers import Server, Servers
from tests.support.appliance import Person, keypair_of

DATABASE = "metadata.sqlite3"
ROWS_A_TRANSACTION = 20_000
ANY_TIME_US = 1_700_000_000_000_000


@dataclass(frozen=True, slots=True)
class Resident:
    """A user of the node and what it takes to speak for them."""

    z32: str
    cookie: str

    def target(self, path: str) -> str:
        """Where a storage path of theirs is."""
        return f"/storage/{self.z32}{path}"

    @property
    def credentials(self) -> tuple[tuple[str, str], ...]:
        """Headers of a request that writes."""
        return (("cookie", self.cookie),)


def settle(node: Server, name: str = "alice") -> Resident:
    """Sign up on a node."""

    async def sign_up() -> Resident:
        async with httpx.AsyncClient(base_url=node.url) as http:
            person = Person(keypair_of(name), http)
            (await person.sign_up()).raise_for_status()
            return Resident(person.z32, person.headers["cookie"])

    return asyncio.run(sign_up())


def publish(servers: Servers, resident: Resident, name: str, body: bytes) -> None:
    """Put the same bytes on all three servers, and see that all three answer them.

    On the node they are at /pub/NAME of the resident, elsewhere at /files/NAME.
    """
    put(servers.node, resident, f"/pub/{name}", body)
    (servers.files / name).write_bytes(body)
    same_answer(servers, Request(resident.target(f"/pub/{name}")), name)


def put(node: Server, resident: Resident, path: str, body: bytes) -> None:
    """Store a file of the resident's."""
    url = node.url + resident.target(path)
    headers = dict(resident.credentials)
    httpx.put(url, content=body, headers=headers, timeout=PATIENCE_S).raise_for_status()


def same_answer(servers: Servers, of_node: Request, name: str) -> None:
    """Raises BenchError unless nginx and Quart answer /files/NAME with what the node answers."""
    expected = body_of(servers.node, of_node)
    for server in servers.others:
        if body_of(server, Request(f"/files/{name}")) != expected:
            raise BenchError(f"{server.name} does not serve the bytes that the node serves")


def body_of(server: Server, request: Request) -> bytes:
    """The body of one answer, which must be a success."""
    response = httpx.get(
        server.url + request.target, headers=dict(request.headers), timeout=PATIENCE_S
    )
    return response.raise_for_status().content


class Filling:
    """Rows written straight to the database of a node: through HTTP a million would take an hour.

    Their bytes do not exist; a listing never looks at them.
    """

    def __init__(self, data_dir: Path) -> None:
        self._database = data_dir / DATABASE
        self._rows = 0

    def up_to(self, resident: Resident, directory: str, rows: int) -> None:
        """Add files to a directory until it holds this many."""
        asyncio.run(self._add(resident, directory, rows))

    async def _add(self, resident: Resident, directory: str, rows: int) -> None:
        metadata = await open_sqlite(self._database, durable=False)
        try:
            while self._rows < rows:
                upper = min(self._rows + ROWS_A_TRANSACTION, rows)
                await metadata.write(_add_rows, resident.z32, directory, self._rows, upper)
                self._rows = upper
        finally:
            await metadata.close()


def _add_rows(tx: Tx, owner: str, directory: str, first: int, upper: int) -> None:
    user = users.find(tx, owner)
    if user is None:
        raise BenchError("the resident is gone")
    for number in range(first, upper):
        entry = Entry(
            path=row_path(directory, number),
            blob_id=os.urandom(16).hex(),
            content_hash=bytes(32),
            content_length=1024,
            content_type="application/json",
            created_us=ANY_TIME_US,
            modified_us=ANY_TIME_US,
        )
        entries.upsert(tx, user.id, entry)
    users.add_usage(tx, user.id, 1024 * (upper - first), upper - first, ANY_TIME_US)


def row_path(directory: str, number: int) -> str:
    """The path of a row that was filled in."""
    return f"{directory}{number:013d}"
