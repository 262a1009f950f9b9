"""CORS on real answers: every browser app may call, with credentials (client API 18.1)."""

import pytest

from tests.support.appliance import Appliance, Person
from tests.support.raw_http import ask

ORIGIN = "https://app.example"
VARY = "origin, access-control-request-method, access-control-request-headers"


async def test_every_answer_lets_the_asking_origin_read_it(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", "x")
    rows = [
        ("GET", "/", 200),
        ("GET", "/info", 200),
        ("GET", "/session", 200),
        ("GET", "/pub/a", 200),
        ("GET", "/pub/", 200),
        ("GET", "/pub/none", 404),
        ("GET", "/foo", 403),
        ("GET", "/storage/x", 400),
        ("GET", "/signup", 405),
        ("PATCH", "/pub/a", 405),
        ("POST", "/session", 400),
        ("POST", "/signup", 400),
        ("GET", "/signup_tokens/x", 400),
        ("PUT", "/pub/a/b", 409),
        ("PUT", "/pub/b", 201),
        ("DELETE", "/pub/b", 204),
        ("DELETE", "/session", 200),
        ("PUT", "/pub/b", 401),
    ]
    for method, target, status in rows:
        headers = [*alice.headers.items(), ("origin", ORIGIN)]
        answer = await ask(appliance.client_url, method, target, headers)
        assert answer.status == status, (method, target)
        assert answer.header_values("access-control-allow-origin") == [ORIGIN]
        assert answer.header_values("access-control-allow-credentials") == ["true"]
        exposed = (answer.header("access-control-expose-headers") or "").split(", ")
        assert {"retry-after", "etag"} <= set(exposed)
        assert answer.header_values("vary")[-1] == VARY
        assert answer.header("access-control-max-age") is None


async def test_without_an_origin_only_the_origin_is_missing(
    appliance: Appliance, alice: Person
) -> None:
    answer = await ask(appliance.client_url, "GET", "/pub/a", [("pubky-host", alice.z32)])
    assert answer.header("access-control-allow-origin") is None
    assert answer.header("access-control-allow-credentials") == "true"
    assert answer.header_values("vary") == [VARY]


@pytest.mark.parametrize("origin", ["null", "http://localhost:5173", "app://x", "*"])
async def test_an_origin_is_mirrored_as_it_came(appliance: Appliance, origin: str) -> None:
    answer = await ask(appliance.client_url, "GET", "/info", [("origin", origin)])
    assert answer.header("access-control-allow-origin") == origin


async def test_a_preflight_gets_what_it_asks_for(appliance: Appliance, alice: Person) -> None:
    headers = [
        ("origin", ORIGIN),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "pubky-host,authorization,x-anything"),
    ]
    for target in ("/pub/a", "/priv/a", f"/storage/{alice.z32}/pub/a", "/session", "/no/where"):
        answer = await ask(appliance.client_url, "OPTIONS", target, headers)
        assert (answer.status, answer.body) == (200, b"")
        assert answer.header("access-control-allow-origin") == ORIGIN
        assert answer.header("access-control-allow-credentials") == "true"
        assert answer.header("access-control-allow-methods") == "PUT"
        assert (
            answer.header("access-control-allow-headers") == "pubky-host,authorization,x-anything"
        )
        assert answer.header("access-control-expose-headers") is None
        assert answer.header("access-control-max-age") is None
        assert answer.header_values("vary") == [VARY]


async def test_a_preflight_asks_for_no_session(appliance: Appliance) -> None:
    answer = await ask(appliance.client_url, "OPTIONS", "/pub/a")
    assert answer.status == 200
    assert answer.header("access-control-allow-methods") is None
    assert answer.header("access-control-allow-headers") is None
