"""Listings of a thousand out of a thousand, a hundred thousand and a million files."""

from functools import partial
from pathlib import Path

from tests.bench.figures import BenchError, Effort, Measure, interleaved
from tests.bench.load import requests_per_second
from tests.bench.machine import Processors
from tests.bench.request import Request
from tests.bench.resident import Filling, Resident, body_of, row_path, same_answer, settle
from tests.bench.servers import Servers, running_servers

CONNECTIONS = 4
SIZES = (10**3, 10**5, 10**6)
LISTED = 1000
DIRECTORY = "/pub/list/"


def measure_lists(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """A page of 1,000 from the middle of a directory that grows; requests a second."""
    with running_servers(folder, processors) as servers:
        resident = settle(servers.node)
        rows = Filling(servers.data_dir)
        measures = []
        for size in SIZES:
            effort.say(f"filling the directory up to {size:,} files")
            rows.up_to(resident, DIRECTORY, size)
            measures.append(_measure(servers, resident, size, effort))
    return measures


def _measure(servers: Servers, resident: Resident, size: int, effort: Effort) -> Measure:
    listing = Request(resident.target(DIRECTORY) + _query(resident, size))
    body = body_of(servers.node, listing)
    lines = body.count(b"\n") + 1
    if lines != LISTED:
        raise BenchError(f"the listing has {lines} lines")
    name = f"list-{size}"
    (servers.files / name).write_bytes(body)
    same_answer(servers, listing, name)
    elsewhere = Request(f"/files/{name}")
    series = interleaved(
        effort,
        {
            server.name: partial(requests_per_second, server, request, CONNECTIONS, effort.seconds)
            for server, request in (
                (servers.node, listing),
                (servers.nginx, elsewhere),
                (servers.quart, elsewhere),
            )
        },
    )
    return Measure(
        name,
        f"Listing {LISTED:,} of {size:,} files, {CONNECTIONS} connections",
        "requests/s",
        series,
        (("node", "nginx"), ("node", "bare Quart")),
        (f"nginx and bare Quart send the same {len(body):,} bytes, which they hold ready.",),
    )


def _query(resident: Resident, size: int) -> str:
    if size == LISTED:
        return f"?limit={LISTED}"
    return f"?limit={LISTED}&cursor={resident.z32}{row_path(DIRECTORY, size // 2)}"
