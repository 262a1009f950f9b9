"""The arithmetic of the report, and the client that replaces wrk."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.bench.figures import Measure, Run, Series
from tests.bench.python_load import python_load
from tests.bench.report import CLIENT_BOUND, as_text
from tests.bench.request import Request


def _series(subject: str, *values: float, client_busy: float = 0.1) -> Series:
    return Series(subject, tuple(Run(value, client_busy, 1.0) for value in values))


def test_a_ratio_divides_runs_of_the_same_round() -> None:
    measure = Measure("m", "M", "x", (_series("a", 10, 100, 30), _series("b", 10, 50, 10)))

    ratio = measure.ratio("a", "b")

    assert (ratio.low, ratio.median, ratio.high) == (1, 2, 3)


def test_a_client_without_time_left_is_told() -> None:
    measure = Measure("m", "M", "x", (_series("a", 1), _series("b", 1, client_busy=0.99)))

    marked = [line for line in as_text({}, [measure]).splitlines() if CLIENT_BOUND in line]

    assert [line.split()[0] for line in marked] == ["b"]


@contextmanager
def _answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """A server that answers everything with this status, and keeps the paths that were asked."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port, paths
        finally:
            server.shutdown()
            thread.join()


def test_the_python_client_counts_the_answers_that_the_server_gave() -> None:
    with _answering(200) as (port, paths):
        totals = python_load("127.0.0.1", port, Request("/a"), connections=2, seconds=1)

    assert (totals.answers, totals.refused, totals.broken) == (len(paths), 0, 0)


def test_the_python_client_counts_refusals() -> None:
    with _answering(503) as (port, paths):
        totals = python_load("127.0.0.1", port, Request("/a"), connections=1, seconds=1)

    assert totals.refused == len(paths)


def test_fresh_requests_ask_for_a_new_path_each() -> None:
    with _answering(200) as (port, paths):
        python_load("127.0.0.1", port, Request("/a/", fresh=True), connections=2, seconds=1)

    assert len(set(paths)) == len(paths)
