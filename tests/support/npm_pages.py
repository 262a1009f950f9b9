"""Serves `tests/npm` to a browser from an origin of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike

from tests.support.npm_tests import NPM_DIR


class _Files(SimpleHTTPRequestHandler):
    def guess_type(self, path: str | PathLike[str]) -> str:
        """A page or a module: a browser runs no module that is called anything else."""
        return "text/html" if str(path).endswith(".html") else "text/javascript"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the tests' own report is enough."""


@contextmanager
def served_npm_pages() -> Iterator[str]:
    """The origin, on `localhost` as app developers have it, for the length of the block."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(NPM_DIR))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
