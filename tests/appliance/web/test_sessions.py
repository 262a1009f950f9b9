"""Signing up, signing in, the session and signing out over HTTP (client API 14)."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from appliance.config import Drive
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.sessions import SessionRecord
from tests.support.appliance import (
    ANY_PORT,
    Appliance,
    Person,
    auth_token,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.raw_http import ask

COOKIE = re.compile(
    r"[a-z0-9]{52}=[0-9A-HJKMNP-TV-Z]{26}; HttpOnly(; SameSite=None; Secure)?; Path=/; "
    r"Max-Age=31536000; Expires=[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"
)
REMOVAL = re.compile(
    r"[a-z0-9]{52}=; HttpOnly(; SameSite=None; Secure)?; Path=/; Max-Age=0; "
    r"Expires=[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"
)


def brief(response: httpx.Response) -> tuple[int, str]:
    """Status and body."""
    return response.status_code, response.text


def secret_of(person: Person) -> str:
    """The cookie's value."""
    return person.cookies[person.z32]


async def test_signing_up_answers_with_the_record_and_the_cookie(
    http: httpx.AsyncClient,
) -> None:
    carol = Person(keypair_of("carol"), http)
    response = await carol.sign_up(capabilities="/pub/app/:rw,/priv/x:r")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/octet-stream"
    record = SessionRecord.from_bytes(response.content)
    assert record.public_key.z32 == carol.z32
    assert record.capabilities == ("/pub/app/:rw", "/priv/x:r")
    assert (record.name, record.user_agent) == ("", "")
    cookie = response.headers["set-cookie"]
    assert COOKIE.fullmatch(cookie)
    assert cookie.startswith(f"{carol.z32}=")
    assert (await carol.put("/pub/app/a", "x")).status_code == 201


async def test_times_are_microseconds_and_stay_the_same(alice: Person) -> None:
    """Decision D2: the reference answers with seconds in one place only."""
    signed_in = SessionRecord.from_bytes((await alice.sign_in()).content)
    asked = SessionRecord.from_bytes((await alice.get("/session")).content)
    assert signed_in.created_at > 1_600_000_000_000_000
    assert asked == signed_in


async def test_the_session_can_be_asked_for(appliance: Appliance, alice: Person) -> None:
    headers = list(alice.headers.items())
    for method in ("GET", "HEAD"):
        answer = await ask(appliance.client_url, method, "/session", headers)
        assert answer.status == 200
        assert answer.header("content-type") == "application/octet-stream"
        assert answer.header("cache-control") == "private, must-revalidate"
        assert answer.header("vary") == "cookie, pubky-host"
    assert len(answer.header("content-length") or "") > 0


async def test_without_a_session_there_is_none_to_ask_for(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    """404 and not 401: clients up to 0.9 know only that (decision D1)."""
    for headers in (
        {},
        {"pubky-host": alice.z32},
        {"cookie": alice.headers["cookie"]},
        {"pubky-host": alice.z32, "cookie": bob.headers["cookie"]},
        {"pubky-host": alice.z32, "cookie": f"{alice.z32}={secret_of(bob)}"},
    ):
        assert brief(await http.get("/session", headers=headers)) == (404, "Not Found")


async def test_signing_out_ends_the_session_and_can_be_repeated(
    http: httpx.AsyncClient, alice: Person
) -> None:
    other = Person(alice.keypair, http)
    await other.sign_in()
    for _ in range(2):
        response = await alice.delete("/session")
        assert brief(response) == (200, "")
        assert "content-type" not in response.headers
        assert REMOVAL.fullmatch(response.headers["set-cookie"])
        assert response.headers["set-cookie"].startswith(f"{alice.z32}=;")
    assert (await alice.get("/session")).status_code == 404
    assert (await alice.put("/pub/a", "x")).status_code == 401
    assert (await other.get("/session")).status_code == 200
    assert (await other.put("/pub/a", "x")).status_code == 201


async def test_signing_out_needs_to_know_whose_session_it_is(
    http: httpx.AsyncClient, alice: Person
) -> None:
    response = await http.delete("/session", headers={"cookie": alice.headers["cookie"]})
    assert brief(response) == (400, "Missing request tenant")
    assert "set-cookie" not in response.headers
    assert (await alice.get("/session")).status_code == 200


async def test_a_signed_out_cookie_never_comes_back(http: httpx.AsyncClient, alice: Person) -> None:
    old = dict(alice.cookies)
    await alice.delete("/session")
    await alice.sign_in()
    assert alice.cookies != old
    returned = Person(alice.keypair, http, old)
    assert (await returned.get("/session")).status_code == 404
    assert (await alice.get("/session")).status_code == 200


async def test_signing_in_never_ends_an_earlier_session(
    http: httpx.AsyncClient, alice: Person
) -> None:
    people = [alice]
    for _ in range(3):
        again = Person(alice.keypair, http)
        await again.sign_in()
        people.append(again)
    assert len({secret_of(person) for person in people}) == 4
    for person in people:
        assert (await person.put("/pub/a", "x")).status_code == 201


async def test_nobody_is_signed_up_by_signing_in(http: httpx.AsyncClient) -> None:
    stranger = Person(keypair_of("stranger"), http)
    response = await stranger.sign_in()
    assert brief(response) == (404, "Not Found")
    assert "set-cookie" not in response.headers
    assert (await stranger.sign_up()).status_code == 200


async def test_a_key_signs_up_once(alice: Person) -> None:
    await alice.put("/pub/a", "kept")
    response = await alice.sign_up()
    assert brief(response) == (409, "User already exists")
    assert "set-cookie" not in response.headers
    assert (await alice.get("/pub/a")).text == "kept"


async def test_a_token_is_good_once_whatever_became_of_it(http: httpx.AsyncClient) -> None:
    used = (400, "AuthToken already used")
    token = auth_token(keypair_of("dave"))
    assert brief(await http.post("/session", content=token)) == (404, "Not Found")
    assert brief(await http.post("/session", content=token)) == used
    assert brief(await http.post("/signup", content=token)) == used
    fresh = auth_token(keypair_of("dave"))
    assert (await http.post("/signup", content=fresh)).status_code == 200
    assert brief(await http.post("/session", content=fresh)) == used


@pytest.mark.parametrize("route", ["/signup", "/session"])
async def test_a_damaged_token_is_refused(http: httpx.AsyncClient, route: str) -> None:
    good = auth_token(keypair_of("erin"))
    for body, text in (
        (b"", None),
        (b"x" * 74, None),
        (good[:-1], None),
        (good + b"x", None),
        (good[:64] + b"OTHER:AUTH" + good[74:], None),
        (good[:74] + b"\x01" + good[75:], "Unknown version"),
        (bytes([good[0] ^ 1]) + good[1:], "Invalid Signature"),
        (b"x" * 70_000, None),
    ):
        response = await http.post(route, content=body)
        assert response.status_code == 400
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert response.text
        if text:
            assert response.text == text
    assert (await http.post("/signup", content=good)).status_code == 200


async def test_a_token_of_another_time_is_refused(http: httpx.AsyncClient) -> None:
    erin = keypair_of("erin")
    now_us = int.from_bytes(auth_token(erin)[75:83], "big")
    for offset_s, words in ((185, "in the future"), (-185, "in the past")):
        token = sign_auth_token(erin, "/:rw", now_us + offset_s * 1_000_000)
        response = await http.post("/signup", content=token)
        text = f"AuthToken has a timestamp that is more than 3 minutes {words}"
        assert brief(response) == (400, text)
    for offset_s in (170, -170):
        token = sign_auth_token(erin, "/:rw", now_us + offset_s * 1_000_000)
        assert (await http.post("/signup", content=token)).status_code in (200, 409)


async def test_a_body_that_is_far_too_large_is_refused(http: httpx.AsyncClient) -> None:
    for route in ("/signup", "/session"):
        response = await http.post(route, content=b"x" * (2 * 1024 * 1024 + 1))
        text = "Failed to buffer the request body: length limit exceeded"
        assert brief(response) == (413, text)


async def test_any_content_type_and_any_tenant_will_do(
    http: httpx.AsyncClient, alice: Person
) -> None:
    for headers in (
        {"content-type": "application/json"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"pubky-host": "rubbish"},
        {"pubky-host": keypair_of("somebody").public_key.z32},
    ):
        body = auth_token(alice.keypair)
        assert (await http.post("/session", content=body, headers=headers)).status_code == 200


async def test_a_cookie_session_is_restored_from_its_exported_text(
    http: httpx.AsyncClient, alice: Person
) -> None:
    """Native clients export `<z32>:<secret>`."""
    name, _, secret = f"{alice.z32}:{secret_of(alice)}".partition(":")
    restored = Person(alice.keypair, http, {name: secret})
    assert (await restored.get("/session")).status_code == 200
    assert (await restored.put("/pub/a", "x")).status_code == 201


async def test_people_share_a_client_without_mixing(alice: Person, bob: Person) -> None:
    both = alice.cookies | bob.cookies
    alice.cookies = bob.cookies = both
    assert (await alice.put("/pub/a", "hers")).status_code == 201
    assert (await bob.put("/pub/a", "his")).status_code == 201
    await alice.delete("/session")
    assert (await alice.put("/pub/a", "x")).status_code == 401
    assert (await bob.put("/pub/a", "x")).status_code == 201
    assert (await alice.get("/pub/a")).text == "hers"


async def test_signing_in_and_out_in_turn_keeps_client_and_node_in_step(alice: Person) -> None:
    for _ in range(3):
        assert (await alice.sign_in()).status_code == 200
        assert (await alice.put("/pub/a", "x")).status_code == 201
        assert (await alice.delete("/session")).status_code == 200
        assert (await alice.put("/pub/a", "x")).status_code == 401


def flags(response: httpx.Response) -> str:
    """What stands between HttpOnly and Path."""
    return response.headers["set-cookie"].partition("HttpOnly")[2].partition("; Path")[0]


SECURE = "; SameSite=None; Secure"


async def test_a_cookie_is_secure_when_a_trusted_proxy_saw_tls(
    http: httpx.AsyncClient, alice: Person
) -> None:
    for proto, expected in (
        (None, ""),
        ("https", SECURE),
        ("HTTPS", SECURE),
        ("https, http", SECURE),
        ("http", ""),
        ("http, https", ""),
        ("", ""),
    ):
        headers = {} if proto is None else {"x-forwarded-proto": proto}
        signed_in = await http.post("/session", content=auth_token(alice.keypair), headers=headers)
        assert flags(signed_in) == expected, proto
        out = await http.delete("/session", headers=headers | {"pubky-host": alice.z32})
        assert flags(out) == expected, proto


async def test_other_hints_do_not_make_a_cookie_secure(
    http: httpx.AsyncClient, alice: Person
) -> None:
    for headers in (
        {"host": "example.com"},
        {"x-forwarded-host": "example.com"},
        {"forwarded": "host=example.com;proto=https"},
        {"x-forwarded-scheme": "https"},
        {"host": alice.z32},
    ):
        response = await http.post("/session", content=auth_token(alice.keypair), headers=headers)
        assert flags(response) == ""


async def test_a_strangers_word_about_tls_does_not_count(tmp_path: Path) -> None:
    drive = Drive(icann_listen_socket=ANY_PORT, trusted_proxies=("192.0.2.0/24",))
    config = replace(config_on_free_ports(), drive=drive)
    async with (
        running_appliance(tmp_path, config) as node,
        httpx.AsyncClient(base_url=node.client_url) as http,
    ):
        response = await http.post(
            "/signup",
            content=auth_token(keypair_of("carol")),
            headers={"x-forwarded-proto": "https"},
        )
        assert flags(response) == ""
