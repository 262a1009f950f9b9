"""The operator's API as the reference's own tools call it (operator API 2.1 to 2.7)."""

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from appliance.config import Pkdns
from appliance.version import VERSION
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.raw_http import ask

TOKEN = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{3}[0G]")


def brief(response: httpx.Response) -> tuple[int, str]:
    """Status and body."""
    return response.status_code, response.text


@pytest.fixture
async def admin(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the password."""
    headers = {"x-admin-password": appliance.admin_password}
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=headers) as client:
        yield client


@pytest.fixture
async def stranger(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials."""
    async with httpx.AsyncClient(base_url=appliance.admin_url) as client:
        yield client


async def test_the_root_is_open(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/")
    assert brief(response) == (200, "Homeserver - Admin Endpoint")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/info"),
        ("HEAD", "/info"),
        ("POST", "/info"),
        ("GET", "/generate_signup_token"),
        ("POST", "/generate_signup_token"),
        ("GET", "/signup_tokens"),
        ("POST", "/users/x/disable"),
        ("GET", "/users/x/disable"),
        ("POST", "/users/x/enable"),
        ("GET", "/events-stream"),
        ("GET", "/users"),
        ("GET", "/node"),
        ("GET", "/invites"),
    ],
)
async def test_a_known_path_asks_for_the_password_first(
    stranger: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await stranger.request(method, path)
    assert response.status_code == 401
    assert response.text == ("" if method == "HEAD" else "Missing admin password")
    assert "content-type" not in response.headers


async def test_a_wrong_password_is_refused(
    stranger: httpx.AsyncClient, appliance: Appliance
) -> None:
    refused = await stranger.get(
        "/info", headers={"x-admin-password": appliance.admin_password.upper()}
    )
    assert brief(refused) == (401, "Invalid admin password")
    assert "content-type" not in refused.headers
    right = {"x-admin-password": appliance.admin_password}
    assert (await stranger.get("/info", headers=right)).status_code == 200


async def test_a_password_that_is_no_text_is_a_wrong_one(appliance: Appliance) -> None:
    for password in ("caf\xe9", ""):
        answer = await ask(appliance.admin_url, "GET", "/info", [("x-admin-password", password)])
        assert answer.brief == (401, "Invalid admin password")


async def test_the_dashboards_own_token_is_as_good_as_the_password(
    stranger: httpx.AsyncClient, appliance: Appliance
) -> None:
    bearer = {"authorization": f"Bearer {appliance.admin_token}"}
    assert (await stranger.get("/info", headers=bearer)).status_code == 200


async def test_an_unknown_path_is_404_without_the_password(stranger: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/info/x", "/users/x/y/z", "/generate_signup_token/x"):
        assert (await stranger.get(path)).status_code == 404


async def test_a_wrong_method_is_405_with_the_password(admin: httpx.AsyncClient) -> None:
    for method, path, allowed in (
        ("POST", "/info", "GET,HEAD"),
        ("DELETE", "/signup_tokens", "GET,HEAD"),
        ("PUT", "/generate_signup_token", "GET,HEAD,POST"),
    ):
        response = await admin.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)


async def test_options_needs_no_password_and_every_origin_may_ask(
    stranger: httpx.AsyncClient,
) -> None:
    origin = {"origin": "https://tool.example", "access-control-request-method": "POST"}
    response = await stranger.options("/info", headers=origin)
    assert brief(response) == (200, "")
    assert response.headers["access-control-allow-methods"] == "POST"
    refused = await stranger.get("/info", headers=origin)
    for answer in (response, refused):
        assert answer.headers["access-control-allow-origin"] == "https://tool.example"
        assert answer.headers["access-control-allow-credentials"] == "true"


async def test_info_counts_the_node(
    admin: httpx.AsyncClient, appliance: Appliance, alice: Person, bob: Person
) -> None:
    await alice.put("/pub/a", b"x" * 1_500_000)
    await admin.post(f"/users/{bob.z32}/disable")
    await admin.get("/generate_signup_token")
    info = (await admin.get("/info")).json()
    assert info["num_users"] == 2
    assert info["num_disabled_users"] == 1
    assert info["total_disk_used_mb"] == 1
    assert info["num_signup_codes"] == 1
    assert info["num_unused_signup_codes"] == 1
    assert info["public_key"] == appliance.homeserver
    assert info["version"] == VERSION
    assert set(info) >= {"pkarr_pubky_address", "pkarr_icann_domain"}


async def test_used_space_is_rounded_to_the_nearest_mebibyte(
    admin: httpx.AsyncClient, alice: Person
) -> None:
    assert (await admin.get("/info")).json()["total_disk_used_mb"] == 0
    half = 512 * 1024 - 256
    await alice.put("/pub/a", b"x" * (half - 1))
    assert (await admin.get("/info")).json()["total_disk_used_mb"] == 0
    await alice.put("/pub/a", b"x" * half)
    assert (await admin.get("/info")).json()["total_disk_used_mb"] == 1


async def test_info_names_the_configured_domain(tmp_path: Path) -> None:
    config = replace(config_on_free_ports(), pkdns=Pkdns(icann_domain="example.test"))
    async with (
        running_appliance(tmp_path, config) as node,
        httpx.AsyncClient(base_url=node.admin_url) as client,
    ):
        response = await client.get("/info", headers={"x-admin-password": node.admin_password})
        assert re.fullmatch(r"example\.test:[0-9]+", response.json()["pkarr_icann_domain"])


async def test_a_new_token_is_listed_as_unused(admin: httpx.AsyncClient) -> None:
    made = await admin.get("/generate_signup_token")
    assert made.headers["content-type"] == "text/plain; charset=utf-8"
    assert TOKEN.fullmatch(made.text)
    page = (await admin.get("/signup_tokens")).json()
    assert page["next_cursor"] is None
    (item,) = page["items"]
    assert set(item) == {"token", "created_at", "used_at", "used_by"}
    assert (item["token"], item["used_at"], item["used_by"]) == (made.text, None, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?", item["created_at"])


async def test_a_token_can_be_made_by_post_with_an_empty_wish(admin: httpx.AsyncClient) -> None:
    made = await admin.post("/generate_signup_token", json={})
    assert made.status_code == 200
    assert TOKEN.fullmatch(made.text)


@pytest.fixture
async def four(appliance: Appliance) -> list[str]:
    """Four tokens, the first of them used."""
    tokens = [f"0000-0000-000{number}" for number in range(1, 5)]
    with closing(sqlite3.connect(appliance.data_dir / "metadata.sqlite3")) as rows, rows:
        for token in reversed(tokens):
            rows.execute("INSERT INTO signup_tokens (token, created_us) VALUES (?, 1)", (token,))
        user = keypair_of("carol").public_key.z32
        rows.execute(
            "UPDATE signup_tokens SET used_by = ?, used_us = 2000000 WHERE token = ?",
            (user, tokens[0]),
        )
    return tokens


async def test_tokens_are_listed_by_text_page_by_page(
    admin: httpx.AsyncClient, four: list[str]
) -> None:
    async def page(query: str) -> tuple[list[str], str | None]:
        found = (await admin.get(f"/signup_tokens?{query}")).json()
        return [item["token"] for item in found["items"]], found["next_cursor"]

    assert await page("") == (four, None)
    assert await page("state=used") == (four[:1], None)
    assert await page("state=unused&limit=1") == (four[1:2], four[1])
    assert await page("state=unused&limit=2") == (four[1:3], four[2])
    assert await page("state=unused&limit=3") == (four[1:], None)
    assert await page(f"limit=2&cursor={four[1]}") == (four[2:], None)
    assert await page("cursor=0000-0000-0002") == (four[2:], None)
    assert await page("cursor=0000-0000-0000&limit=65535") == (four, None)


async def test_a_used_token_names_its_user_and_time(
    admin: httpx.AsyncClient, four: list[str]
) -> None:
    (item,) = (await admin.get("/signup_tokens?state=used")).json()["items"]
    assert item["token"] == four[0]
    assert item["used_by"] == keypair_of("carol").public_key.z32
    assert item["created_at"] == "1970-01-01T00:00:00.000001"
    assert item["used_at"] == "1970-01-01T00:00:02"


async def test_a_bad_query_for_tokens_is_refused(admin: httpx.AsyncClient) -> None:
    for query in (
        "state=unknown",
        "state=",
        "cursor=invalid",
        "limit=0",
        "limit=65536",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=%D9%A3",
    ):
        assert (await admin.get(f"/signup_tokens?{query}")).status_code == 400, query


async def test_a_user_is_disabled_and_enabled(admin: httpx.AsyncClient, alice: Person) -> None:
    for _ in range(2):
        response = await admin.post(f"/users/{alice.z32}/disable")
        assert brief(response) == (200, "Ok")
        assert (await alice.put("/pub/a", "x")).text == "User is disabled"
    for _ in range(2):
        assert brief(await admin.post(f"/users/{alice.z32}/enable")) == (200, "Ok")
        assert (await alice.put("/pub/a", "x")).status_code == 201


async def test_only_a_known_key_is_disabled(admin: httpx.AsyncClient, alice: Person) -> None:
    unknown = keypair_of("stranger").public_key.z32
    assert brief(await admin.post(f"/users/{unknown}/disable")) == (404, "Not Found")
    for bad in ("x", f"pubky{alice.z32}", alice.z32.upper(), f"{alice.z32}y"):
        for act in ("disable", "enable"):
            assert (await admin.post(f"/users/{bad}/{act}")).status_code == 400


async def test_users_are_listed_newest_first_page_by_page(
    admin: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    first = (await admin.get("/users?limit=1")).json()
    assert [item["pubkey"] for item in first["items"]] == [bob.z32]
    assert (first["next_cursor"], first["total"]) == (bob.z32, 2)
    second = (await admin.get(f"/users?limit=1&cursor={bob.z32}")).json()
    assert [item["pubkey"] for item in second["items"]] == [alice.z32]
    assert second["next_cursor"] is None
    assert (await admin.get("/users?cursor=rubbish")).status_code == 400


async def test_a_users_card_follows_what_they_store(
    admin: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/pub/a", b"x" * 1000)
    await alice.put("/priv/b", b"")
    card = (await admin.get(f"/users/{alice.z32}")).json()
    assert (card["used_bytes"], card["entries"], card["sessions"]) == (1512, 2, 1)
    assert card["last_write_at"] >= card["created_at"]
    await alice.delete("/pub/a")
    await alice.delete("/session")
    card = (await admin.get(f"/users/{alice.z32}")).json()
    assert (card["used_bytes"], card["entries"], card["sessions"]) == (256, 1, 0)


async def test_an_invite_can_be_noted_shown_and_revoked(
    admin: httpx.AsyncClient, appliance: Appliance
) -> None:
    made = await admin.post("/invites", json={"note": "for Carol", "expires_in_s": 60})
    assert made.status_code == 201
    invite = made.json()
    assert (invite["note"], invite["state"]) == ("for Carol", "unused")
    assert invite["code"] in invite["link"]
    assert appliance.homeserver in invite["link"]
    revoked = await admin.post(f"/invites/{invite['id']}/revoke")
    assert revoked.json()["state"] == "revoked"
    assert (await admin.get(f"/invites/{invite['id']}")).json()["state"] == "revoked"
    unused = (await admin.get("/invites?state=unused")).json()
    assert (unused["items"], unused["total"]) == ([], 0)


async def test_a_bad_wish_for_an_invite_makes_none(admin: httpx.AsyncClient) -> None:
    for wish in (
        b"",
        b"rubbish",
        b"[]",
        b'{"note": 5}',
        b'{"expires_in_s": true}',
        b'{"expires_in_s": 0}',
        b'{"expires_in_s": 1e3}',
        b'{"note": "' + b"x" * 201 + b'"}',
    ):
        assert (await admin.post("/invites", content=wish)).status_code == 400, wish
    assert (await admin.get("/invites")).json()["total"] == 0
