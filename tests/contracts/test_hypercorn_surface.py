"""What `web/listeners.py` uses of Hypercorn's inside, which is not documented API.

When one of these fails after an update, read the new version's `tcp_server.py` and `h11.py` beside
ours before changing a test.
"""

import inspect
from importlib.metadata import version

import h11
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol


def parameters(function: object) -> list[str]:
    """Names of a callable's parameters."""
    assert callable(function)
    return list(inspect.signature(function).parameters)


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("hypercorn").startswith("0.18.")


def test_a_connection_is_made_of_these_parts() -> None:
    assert parameters(TCPServer.__init__) == [
        "self",
        "app",
        "loop",
        "config",
        "context",
        "state",
        "reader",
        "writer",
    ]
    assert parameters(H11Protocol.__init__) == [
        "self",
        "app",
        "config",
        "context",
        "task_group",
        "connection_state",
        "ssl",
        "client",
        "server",
        "send",
    ]


def test_a_connection_calls_what_we_override() -> None:
    source = inspect.getsource(TCPServer)
    for call in ("self._read_data()", "self._idle_timeout", "self.protocol_send", "self._close()"):
        assert call in source
    assert "self.protocol.handle(Closed())" in inspect.getsource(TCPServer._initiate_server_close)
    assert "await self._check_protocol(event)" in inspect.getsource(H11Protocol._handle_events)
    assert "await self._create_stream(event)" in inspect.getsource(H11Protocol._handle_events)
    assert parameters(H11Protocol._create_stream) == ["self", "request"]
    assert parameters(H11Protocol._send_error_response) == ["self", "status_code"]


def test_idle_is_told_before_and_after_every_request() -> None:
    assert "Updated(idle=False)" in inspect.getsource(H11Protocol._handle_events)
    assert "Updated(idle=True)" in inspect.getsource(H11Protocol._maybe_recycle)
    assert Updated(idle=True).idle is True
    assert RawData(b"x").data == b"x"
    assert Closed() == Closed()


def test_a_protocol_keeps_its_stream_and_its_h11_connection() -> None:
    source = inspect.getsource(H11Protocol.__init__)
    assert "self.stream:" in source
    assert "self.connection:" in source
    connection = h11.Connection(h11.SERVER)
    assert connection.trailing_data == (b"", False)
    assert connection.their_state is h11.IDLE


def test_a_worker_can_be_told_to_end() -> None:
    context = WorkerContext(None)
    assert context.terminated.is_set() is False
    assert parameters(context.terminated.set) == []
    assert parameters(context.terminated.wait) == []


def test_the_settings_that_we_change_exist() -> None:
    config = Config()
    for name in (
        "include_server_header",
        "keep_alive_timeout",
        "keep_alive_max_requests",
        "accesslog",
        "errorlog",
    ):
        assert hasattr(config, name), name
    # Dozens of cookies and fifty users of an event stream must fit in a head.
    assert config.h11_max_incomplete_size >= 16 * 1024
    assert MAX_RECV == 65_536
