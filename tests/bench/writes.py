"""Durable writes: one writer, many writers, and how much of the disk's rate is reached."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.disk import durable_files, durable_files_together, flushes, make_shelves
from tests.bench.figures import Effort, Measure, Run, interleaved
from tests.bench.load import requests_per_second
from tests.bench.machine import Processors
from tests.bench.request import Request
from tests.bench.resident import settle
from tests.bench.servers import running_servers

BODY_BYTES = 1024
MANY = 32


def measure_writes(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """PUT of 1 KiB to new paths by 1 and by 32 writers, beside the flushes of the disk alone."""
    by_hand = folder / "by-hand"
    make_shelves(by_hand)
    with running_servers(folder / "servers", processors) as servers:
        resident = settle(servers.node)
        to_node = Request(
            resident.target("/pub/put/"), "PUT", resident.credentials, BODY_BYTES, fresh=True
        )
        elsewhere = Request("/put/", "PUT", (), BODY_BYTES, fresh=True)
        subjects: dict[str, Callable[[], Run]] = {}
        for writers, suffix in ((1, "1 writer"), (MANY, f"{MANY} writers")):
            for name, server, request in (
                ("node", servers.node, to_node),
                ("nginx", servers.nginx, elsewhere),
                ("bare Quart", servers.quart, elsewhere),
            ):
                subjects[f"{name}, {suffix}"] = partial(
                    requests_per_second, server, request, writers, effort.seconds
                )
        subjects["disk, 1 writer"] = partial(durable_files, by_hand, effort.seconds)
        subjects[f"disk, {MANY} writers"] = partial(
            durable_files_together, by_hand, effort.seconds, MANY
        )
        subjects["disk, one flush"] = partial(flushes, by_hand, effort.seconds)
        series = interleaved(effort, subjects)
    return [
        Measure(
            "put",
            "PUT of 1 KiB to a new path",
            "requests/s",
            series,
            (
                *_pairs("1 writer"),
                *_pairs(f"{MANY} writers"),
                (f"node, {MANY} writers", "node, 1 writer"),
            ),
            (
                "The node answers when file, folder and row are flushed.",
                "nginx never flushes, bare Quart stores nothing.",
                "disk, 1 writer: file, folder and one log page flushed by hand.",
                f"disk, {MANY} writers: file and folder only, as if the log were free.",
            ),
        )
    ]


def _pairs(suffix: str) -> list[tuple[str, str]]:
    return [(f"node, {suffix}", f"{name}, {suffix}") for name in ("disk", "nginx", "bare Quart")]
