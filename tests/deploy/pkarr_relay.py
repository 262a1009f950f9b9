"""A pkarr relay that remembers what it is told and no more: python pkarr_relay.py PORT.

Only the standard library: it runs as a program of its own, in the network of a test host.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


class Relay(BaseHTTPRequestHandler):
    """PUT and GET of one packet a key."""

    packets: ClassVar[dict[str, bytes]] = {}

    def do_PUT(self) -> None:
        """Keep a packet as it comes."""
        self.packets[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(204, b"")

    def do_GET(self) -> None:
        """The packet that was kept last."""
        packet = self.packets.get(self.path)
        self._answer(200 if packet else 404, packet or b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Relay).serve_forever()
