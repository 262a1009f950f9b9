"""The lines of requests: what is said, at which level, and what is left out."""

import asyncio
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.logs import request_id
from appliance.web.access_log import LONGEST_ADDRESS, log_request
from appliance.web.asgi import Scope
from appliance.web.tenant import Address
from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.raw_http import ask

LOGGER = "appliance.web.access_log"


def scope_of(method: str, raw_path: bytes, query: bytes = b"") -> Scope:
    """A request as the log sees it."""
    return {"method": method, "raw_path": raw_path, "query_string": query}


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Level and message of the lines of requests to the client API."""
    return [
        f"{record.levelname} {record.getMessage()}"
        for record in caplog.records
        if record.name == LOGGER and record.getMessage().startswith("client")
    ]


def line_of(listener: str, scope: Scope, caplog: pytest.LogCaptureFixture) -> str:
    """The one line that a request leaves."""
    with caplog.at_level(logging.DEBUG, LOGGER):
        caplog.clear()
        log_request(listener, scope, 200, 0.0123, 5)
    (line,) = caplog.messages
    return line


async def test_changes_are_logged_at_info_and_reads_at_debug(
    alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, LOGGER):
        await alice.put("/pub/a.txt", b"x")
        await alice.get("/pub/a.txt")
        await alice.delete("/pub/a.txt")
    put, get, delete = lines_of(caplog)
    address = f"pubky://{alice.z32}/pub/a.txt"
    assert put.startswith(f"INFO client PUT {address} 201 ")
    assert get.startswith(f"DEBUG client GET {address} 200 ")
    assert get.endswith(" ms 1 bytes")
    assert delete.startswith(f"INFO client DELETE {address} 204 ")


async def test_refusals_of_reads_are_logged_at_info(
    alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        await alice.get("/pub/none")
    (line,) = lines_of(caplog)
    assert line.startswith(f"INFO client GET pubky://{alice.z32}/pub/none 404 ")


async def test_both_ways_of_addressing_give_one_address(
    appliance: Appliance, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    await alice.put("/pub/a%20b", b"x")
    with caplog.at_level(logging.DEBUG, LOGGER):
        caplog.clear()
        # The first two go through the fast lane, or not: the escape sends them the slow way.
        await ask(appliance.client_url, "GET", f"/storage/{alice.z32}/pub/a%20b")
        await ask(appliance.client_url, "GET", "/pub/a%20b", [("pubky-host", alice.z32)])
    addresses = [line.split()[3] for line in lines_of(caplog)]
    assert addresses == [f"pubky://{alice.z32}/pub/a%20b"] * 2


async def test_the_fast_lane_writes_the_same_line(
    appliance: Appliance, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    await alice.put("/pub/a.txt", b"12345")
    with caplog.at_level(logging.DEBUG, LOGGER):
        caplog.clear()
        await ask(appliance.client_url, "GET", f"/storage/{alice.z32}/pub/a.txt")
    (line,) = lines_of(caplog)
    assert line.startswith(f"DEBUG client GET pubky://{alice.z32}/pub/a.txt 200 ")
    assert line.endswith(" ms 5 bytes")


async def test_the_fast_lane_is_silent_at_info(
    appliance: Appliance, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    await alice.put("/pub/a.txt", b"12345")
    with caplog.at_level(logging.INFO, LOGGER):
        caplog.clear()
        await ask(appliance.client_url, "GET", f"/storage/{alice.z32}/pub/a.txt")
    assert lines_of(caplog) == []


async def test_polling_the_feed_is_not_logged_unless_it_fails(
    appliance: Appliance, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, LOGGER):
        await ask(appliance.client_url, "GET", "/events/?limit=5")
        await ask(appliance.client_url, "HEAD", "/events/")
        await ask(appliance.client_url, "GET", "/events/?cursor=no-cursor")
    (line,) = lines_of(caplog)
    assert line.startswith("INFO client GET /events/?cursor=no-cursor 400 ")


async def test_clients_are_not_sent_the_id_of_the_request(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", b"")
    session = list(alice.headers.items())
    for method, target, headers in (
        ("GET", "/info", []),
        ("PUT", "/pub/b", session),
        ("GET", "/pub/a", session),
        ("GET", f"/storage/{alice.z32}/pub/a", []),
        ("GET", "/nothing", []),
        ("GET", "/events/", []),
    ):
        answer = await ask(appliance.client_url, method, target, headers)
        assert answer.header("x-request-id") is None, target


async def test_every_line_of_a_request_has_its_id(
    alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[tuple[str, str]] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((request_id.get(), record.name))

    handler = Noting()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG, "appliance"):
            await asyncio.gather(*(alice.put(f"/pub/{n}", b"x") for n in range(5)))
    finally:
        root.removeHandler(handler)
    ids = [found for found, name in seen if name == LOGGER]
    assert len(set(ids)) == 5
    assert "-" not in ids


@pytest.mark.parametrize(
    ("listener", "path", "query", "printed"),
    [
        ("client", b"/signup", b"signup_token=JZY0-D6MY-ZFNG", "/signup?signup_token=***"),
        ("client", b"/signup", b"JZY0-D6MY-ZFNG", "/signup?***"),
        ("client", b"/signup", b"Signup_Token=JZY0-D6MY-ZFNG&limit=1", "/signup?***&limit=1"),
        ("client", b"/signup_tokens/JZY0-D6MY-ZFNG", b"", "/signup_tokens/***"),
        ("client", b"/pub/", b"limit=3&x-key=secret", "/pub/?limit=3&***"),
        ("client", b"/events-stream", b"user=abc&path=/pub/", "/events-stream?user=abc&path=/pub/"),
        (
            "admin",
            b"/signup_tokens",
            b"cursor=JZY0-D6MY-ZFNG&limit=1",
            "/signup_tokens?***&limit=1",
        ),
        ("admin", b"/users/abc/disable", b"", "/users/abc/disable"),
        ("dashboard", b"/login/secret", b"next=secret", "/login/***"),
        ("dashboard", b"/browse/key/pub/diary", b"", "/browse/***"),
        ("dashboard", b"/", b"", "/"),
        ("metrics", b"/readyz", b"", "/readyz"),
    ],
)
def test_only_what_is_known_to_be_harmless_is_printed(
    listener: str, path: bytes, query: bytes, printed: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = line_of(listener, scope_of("GET", path, query), caplog)
    assert line == f"{listener} GET {printed} 200 12.3 ms 5 bytes"


def test_a_line_has_its_parts_as_fields_for_machines(caplog: pytest.LogCaptureFixture) -> None:
    key = keypair_of("alice").public_key
    scope = scope_of("PUT", b"/pub/a")
    scope["address"] = Address(key, None, b"/pub/a")
    line_of("client", scope, caplog)
    fields = vars(caplog.records[0])["fields"]
    assert json.loads(json.dumps(fields)) == {
        "listener": "client",
        "method": "PUT",
        "uri": f"pubky://{key.z32}/pub/a",
        "status": 200,
        "ms": 12.3,
        "bytes": 5,
    }


def test_a_client_that_left_before_an_answer_is_said_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, LOGGER):
        log_request("client", scope_of("PUT", b"/pub/a"), 0, 1.0, 0)
    assert caplog.messages == ["client PUT /pub/a left 1000.0 ms 0 bytes"]


@given(
    st.sampled_from(["client", "admin", "dashboard", "metrics"]),
    st.text(max_size=100),
    st.binary(max_size=3000),
    st.binary(max_size=3000),
)
def test_whatever_is_asked_for_leaves_one_bounded_line(
    listener: str, method: str, path: bytes, query: bytes
) -> None:
    records: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keeping()
    logger = logging.getLogger(LOGGER)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        log_request(listener, scope_of(method, b"/" + path, query), 200, 0.0, 0)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    (record,) = records
    assert len(record.getMessage()) < LONGEST_ADDRESS + 100
