"""Whether ports of this host can be reached from outside, in the opinion of a service there.

reachable.py URL PORT...: the URL has {port} in it, and answers JSON with a member `reachable` about
the address that it is asked from. On ports where nothing listens yet, this does for a moment.
"""

import json
import socket
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack

WAIT_S = 15


def problem(url: str, port: int) -> str:
    """Why the port cannot be reached; "" when it can."""
    try:
        # The scheme is the operator's own choice.
        with urllib.request.urlopen(url.replace("{port}", str(port)), timeout=WAIT_S) as answer:
            said = json.load(answer)
    except (OSError, ValueError) as error:
        return f"the service could not be asked: {error}"
    return "" if said.get("reachable") is True else "the service sees nothing there"


def listen(port: int) -> socket.socket | None:
    """A socket that lets the service in; None when the port has somebody already."""
    try:
        return socket.create_server(("", port), backlog=8)
    except OSError:
        return None


if __name__ == "__main__":
    ports = [int(text) for text in sys.argv[2:]]
    with ExitStack() as opened:
        for number in ports:
            door = listen(number)
            if door is not None:
                opened.enter_context(door)
        found = [{"port": number, "problem": problem(sys.argv[1], number)} for number in ports]
    json.dump(found, sys.stdout)
