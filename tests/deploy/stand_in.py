"""Stands in for the node behind a web server: says what it got, and when. Runs on a test host."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    """GET says what was asked and how much of an upload is here; events stay open."""

    protocol_version = "HTTP/1.1"
    received = 0

    def do_GET(self) -> None:
        """What was asked, or an event and silence."""
        if self.path.startswith("/events"):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"data: one\n\n")
            self.wfile.flush()
            time.sleep(20)
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._say({"path": self.path, "headers": headers, "received": Answers.received})

    def do_PUT(self) -> None:
        """Counts the body while it comes."""
        Answers.received = 0
        length = int(self.headers["Content-Length"])
        while Answers.received < length and (more := self.rfile.read1(65_536)):
            Answers.received += len(more)
        self._say({"received": Answers.received})

    def _say(self, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
