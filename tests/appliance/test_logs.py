"""Log lines: one a record, nothing that steers a terminal, and no secret whatever happens."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import logs
from tests.support.appliance import Person, auth_token, keypair_of
from tests.support.grant_client import GrantClient
from tests.support.node_process import make_data_dir, running_process

logger = logging.getLogger("appliance.of_this_test")


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    """What `set_up_logs` changes is the whole process's."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _written(line_format: str, message: str, *, error: Exception | None = None) -> str:
    """What one record looks like on standard error."""
    stderr, sys.stderr = sys.stderr, io.StringIO()
    try:
        logs.set_up_logs("debug", line_format)
        logger.warning("%s", message, exc_info=error)
        return sys.stderr.getvalue()
    finally:
        sys.stderr = stderr


def _raised(message: str) -> Exception:
    """An exception with a trace."""

    def fail() -> None:
        raise ValueError(message)

    try:
        fail()
    except ValueError as error:
        return error
    raise AssertionError("it did not fail")


def test_a_text_line_has_time_level_request_and_message() -> None:
    token = logs.request_id.set("abc123")
    try:
        line = _written("text", "something happened")
    finally:
        logs.request_id.reset(token)
    stamp, level, request, message = line.split(maxsplit=3)
    assert stamp.endswith("Z")
    assert "T" in stamp
    assert (level, request, message) == ("WARNING", "[abc123]", "something happened\n")


def test_control_characters_are_made_visible() -> None:
    line = _written("text", "bell \a escape \x1b[31m back\r bidi \u202e tab\t")
    assert line.endswith("bell \\x07 escape \\x1b[31m back\\x0d bidi \\x202e tab\t\n")


def test_a_message_cannot_forge_a_second_line() -> None:
    line = _written("text", "innocent\n2026-01-01T00:00:00.000Z ERROR   [-] forged")
    assert line.count("\n") == 1


def test_an_exception_cannot_forge_a_line() -> None:
    text = _written("text", "failed", error=_raised("x\n2026-01-01T00:00:00.000Z ERROR   [-] no"))
    first, *trace = text.splitlines()
    assert first.endswith("failed")
    assert trace
    assert all(line.startswith("    ") for line in trace)


@given(st.text())
def test_every_text_record_is_one_printable_line(message: str) -> None:
    line = _written("text", message)
    assert line.endswith("\n")
    assert all(char == "\t" or char.isprintable() for char in line[:-1])


@given(st.text(), st.text())
def test_every_json_record_is_one_line_that_parses_to_what_was_said(
    message: str, reason: str
) -> None:
    line = _written("json", message, error=_raised(reason))
    assert line.count("\n") == 1
    assert line.isascii()
    entry = json.loads(line)
    assert entry["message"] == message
    assert entry["level"] == "warning"
    assert entry["logger"] == "appliance.of_this_test"
    assert entry["exception"].endswith(f"ValueError: {reason}" if reason else "ValueError")


def test_records_below_the_level_are_dropped() -> None:
    stderr, sys.stderr = sys.stderr, io.StringIO()
    try:
        logs.set_up_logs("warning", "text")
        logger.info("quiet")
        logger.error("loud")
        text = sys.stderr.getvalue()
    finally:
        sys.stderr = stderr
    assert "quiet" not in text
    assert "loud" in text


@pytest.mark.system
@pytest.mark.parametrize("line_format", ["text", "json"])
async def test_no_secret_reaches_the_log_of_a_node_at_level_debug(
    tmp_path: Path, line_format: str
) -> None:
    data_dir = make_data_dir(
        tmp_path / "node",
        general={"signup_mode": "token_required"},
        logging={"level": "debug", "format": line_format},
    )
    with running_process(data_dir) as node:
        async with httpx.AsyncClient(base_url=node.client_url, timeout=30) as client:
            secrets = await _busy_day(client, node.facts)
        assert node.stop() == 0
    secrets["node key"] = (data_dir / "secret").read_text(encoding="utf-8").strip()
    secrets["password hash"] = (data_dir / "admin_password").read_text(encoding="utf-8").strip()
    log = node.log_text()
    # The paths were taken that print something: without these lines the next one proves nothing.
    for method in ("PUT", "GET", "DELETE"):
        assert f"{method} pubky://{keypair_of('alice').public_key.z32}/priv/diary" in log
    for address in ("/signup?signup_token=***", "/signup_tokens/***", "/login/***", "?***"):
        assert address in log
    assert [name for name, secret in secrets.items() if secret in log] == []
    if line_format == "json":
        assert all(json.loads(line)["message"] for line in log.splitlines())


async def _busy_day(client: httpx.AsyncClient, facts: dict[str, str]) -> dict[str, str]:
    """Use everything that takes a secret, rightly and wrongly; returns the secrets by name."""
    alice, bob = (Person(keypair_of(name), client) for name in ("alice", "bob"))
    secrets = {
        "invite": facts["invite"],
        "admin password": facts["admin_password"],
        "login link": facts["login_link"].rpartition("/")[2],
        "wrong password": "hunter2-and-then-some",
        "wrong invite": "AAAA-BBBB-CCCC",
        "wrong cookie": "N" * 26,
        "wrong bearer": "bearer-that-nobody-made",
        "private content": "dear diary, nobody may read this",
        "person's key": alice.keypair.secret_text().strip(),
        "half a token": auth_token(bob.keypair)[:40].hex(),
    }
    assert (await alice.sign_up(token=secrets["wrong invite"])).status_code == 401
    assert (await alice.sign_up(token="no invite at all")).status_code == 400
    await client.get(f"/signup_tokens/{secrets['invite']}")
    assert (await alice.sign_up(token=secrets["invite"])).status_code == 200
    assert (await bob.sign_up(token=secrets["invite"])).status_code == 401
    assert (await alice.sign_in()).status_code == 200
    secrets["cookie"] = alice.cookies[alice.z32]
    assert (await alice.put("/priv/diary", secrets["private content"])).status_code == 201
    assert (await alice.get("/priv/diary")).text == secrets["private content"]
    bob.cookies[bob.z32] = secrets["wrong cookie"]
    assert (await bob.put("/pub/x", b"")).status_code == 401
    await client.get("/session", headers={"authorization": f"Bearer {secrets['wrong bearer']}"})
    await client.post("/session", content=bytes.fromhex(secrets["half a token"]))
    assert (await alice.delete("/priv/diary")).status_code == 204
    for name, secret in (("x-admin-password", "admin password"), ("authorization", "wrong bearer")):
        for path in ("/info", "/node", "/invites", "/users", "/generate_signup_token", "/nothing"):
            await client.get(facts["admin_url"] + path, headers={name: secrets[secret]})
    wrong = {"x-admin-password": secrets["wrong password"]}
    assert (await client.get(facts["admin_url"] + "/info", headers=wrong)).status_code == 401
    right = {"x-admin-password": secrets["admin password"]}
    made = await client.post(facts["admin_url"] + "/invites", headers=right, json={})
    secrets["second invite"] = made.json()["code"]
    origin = {"origin": facts["dashboard_url"]}
    answer = await client.post(facts["login_link"], headers=origin)
    assert answer.status_code == 303
    secrets["dashboard cookie"] = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    await client.get(facts["dashboard_url"] + "/invites")
    await client.get(facts["dashboard_url"] + "/login/" + secrets["wrong bearer"])
    await _use_newer_credentials(client, facts, alice, secrets)
    return secrets


async def _use_newer_credentials(
    client: httpx.AsyncClient, facts: dict[str, str], alice: Person, secrets: dict[str, str]
) -> None:
    """Bearers of apps, tokens of operators, WebDAV's Basic, and secrets in the wrong place."""
    app = GrantClient.of(client, facts["public_key"], alice.keypair)
    assert (await app.exchange()).status_code == 200
    secrets["bearer"] = app.bearer
    secrets["app's key"] = app.key.secret_text().strip()
    assert (await app.put("/priv/diary")).status_code == 201
    stream = f"/events-stream?user={alice.z32}&path=/priv/"
    bearer = {"authorization": f"Bearer {app.bearer}"}
    assert (await client.get(stream, headers=bearer)).status_code == 200
    right = {"x-admin-password": secrets["admin password"]}
    admin_url = facts["admin_url"]
    wish = {"name": "of this test", "scopes": ["users:read"]}
    made = await client.post(f"{admin_url}/tokens", headers=right, json=wish)
    assert made.status_code in (200, 201), made.text
    secrets["operator's token"] = made.json()["token"]
    await client.get(f"{admin_url}/users", headers={"x-admin-password": made.json()["token"]})
    await client.get(f"{admin_url}/dav/", auth=("admin", secrets["admin password"]))
    invite = secrets["second invite"]
    await client.get(f"{admin_url}/signup_tokens?limit=1&cursor={invite}", headers=right)
    for query in (invite, f"token={invite}", f"SIGNUP_TOKEN={invite}", f"{app.bearer}=1"):
        await client.get(f"/session?{query}")
        await client.post(f"/signup?{query}", content=b"")
    metrics_url = facts["metrics_url"].removesuffix("/metrics")
    for url in (admin_url, metrics_url):
        assert (await client.get(f"{url}/readyz")).status_code == 200
    figures = (await client.get(f"{metrics_url}/metrics")).text
    assert [name for name, secret in secrets.items() if secret in figures] == []
