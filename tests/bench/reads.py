"""Public reads: small and large, in the fast lane and past it."""

import os
from functools import partial
from pathlib import Path

from tests.bench.figures import Effort, Measure, interleaved
from tests.bench.load import MEBIBYTE, mebibytes_per_second, requests_per_second
from tests.bench.machine import Processors
from tests.bench.request import Request
from tests.bench.resident import publish, settle
from tests.bench.servers import running_servers

CONNECTIONS = 16
SMALL_BYTES = 1024
LARGE_MIB = 100
# The lane leaves a request with this header to the slow way; the answer is the same.
PAST_THE_LANE = (("te", "trailers"),)


def measure_small_reads(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """Public GET of 1 KiB: fast lane, slow way, nginx, bare Quart; requests a second."""
    with running_servers(folder, processors) as servers:
        resident = settle(servers.node)
        publish(servers, resident, "small", os.urandom(SMALL_BYTES))
        in_lane = Request(resident.target("/pub/small"))
        past_lane = Request(in_lane.target, headers=PAST_THE_LANE)
        elsewhere = Request("/files/small")
        series = interleaved(
            effort,
            {
                name: partial(requests_per_second, server, request, CONNECTIONS, effort.seconds)
                for name, server, request in (
                    ("node, fast lane", servers.node, in_lane),
                    ("node, slow way", servers.node, past_lane),
                    ("nginx", servers.nginx, elsewhere),
                    ("bare Quart", servers.quart, elsewhere),
                )
            },
        )
    return [
        Measure(
            "get-small",
            f"Public GET of 1 KiB, {CONNECTIONS} connections",
            "requests/s",
            series,
            (
                ("node, fast lane", "nginx"),
                ("node, fast lane", "bare Quart"),
                ("node, fast lane", "node, slow way"),
                ("node, slow way", "bare Quart"),
            ),
        )
    ]


def measure_large_reads(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """Public GET of 100 MiB, one at a time; MiB a second."""
    size = LARGE_MIB * MEBIBYTE
    with running_servers(folder, processors) as servers:
        resident = settle(servers.node)
        publish(servers, resident, "large", os.urandom(MEBIBYTE) * LARGE_MIB)
        of_node = Request(resident.target("/pub/large"))
        past_lane = Request(of_node.target, headers=PAST_THE_LANE)
        elsewhere = Request("/files/large")
        series = interleaved(
            effort,
            {
                name: partial(mebibytes_per_second, server, request, size, effort.seconds)
                for name, server, request in (
                    ("node, fast lane", servers.node, of_node),
                    ("node, slow way", servers.node, past_lane),
                    ("nginx", servers.nginx, elsewhere),
                    ("bare Quart", servers.quart, elsewhere),
                )
            },
        )
    return [
        Measure(
            "get-large",
            f"Public GET of {LARGE_MIB} MiB, one after the other",
            "MiB/s",
            series,
            (
                ("node, fast lane", "nginx"),
                ("node, fast lane", "bare Quart"),
                ("node, fast lane", "node, slow way"),
                ("node, slow way", "bare Quart"),
            ),
            ("From the page cache, not the disk; nginx sends with sendfile, as the lane does.",),
        )
    ]
