"""Limits on requests over HTTP: what is refused, in which words, and who does not notice."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import httpx
import pytest

from appliance.clock import system_clock
from appliance.config import Bandwidth, DefaultQuotas, Drive, RateLimit, RequestRate
from appliance.homeserver.quotas import parse_changes
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.http_clients import cookieless_client
from tests.support.settable_clock import SettableClock

ENOUGH = (429, "Rate limit exceeded")


@dataclass(frozen=True, slots=True)
class LimitedNode:
    """A node with limits, its clock, and a client of it."""

    appliance: Appliance
    clock: SettableClock
    http: httpx.AsyncClient

    async def person(self, name: str) -> Person:
        """Somebody who signed up."""
        person = Person(keypair_of(name), self.http)
        assert (await person.sign_up()).status_code == 200
        return person


def once(
    path: str,
    method: str = "GET",
    key: Literal["ip", "user"] = "ip",
    *,
    burst: int | None = None,
    whitelist: tuple[str, ...] = (),
) -> RateLimit:
    """A limit of one request a minute."""
    return RateLimit(path, method, RequestRate(1, "m"), key, burst, whitelist)


@asynccontextmanager
async def limited(
    data_dir: Path,
    *limits: RateLimit,
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",),
    default_quotas: DefaultQuotas | None = None,
) -> AsyncIterator[LimitedNode]:
    """A node with these limits, on a clock that stands still."""
    config = config_on_free_ports(rate_limits=limits, default_quotas=default_quotas)
    config = replace(config, drive=replace(config.drive, trusted_proxies=trusted_proxies))
    clock = SettableClock(system_clock())
    async with (
        running_appliance(data_dir, config, clock=clock) as appliance,
        cookieless_client(appliance.client_url) as http,
    ):
        yield LimitedNode(appliance, clock, http)


def outcome(response: httpx.Response) -> tuple[int, str]:
    """Status and text of an answer."""
    return response.status_code, response.text


# --- The reference's tests ----------------------------------------------------------------------


async def test_limit_signin_get_session(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/session", "POST"), once("/session", key="user")) as node:
        alice = await node.person("alice")
        assert (await alice.sign_in()).status_code == 200
        assert outcome(await alice.sign_in()) == ENOUGH
        assert (await alice.get("/session")).status_code == 200
        assert outcome(await alice.get("/session")) == ENOUGH


async def test_limit_signin_get_session_whitelist(tmp_path: Path) -> None:
    alices = keypair_of("alice").public_key.z32
    async with limited(tmp_path, once("/session", key="user", whitelist=(alices,))) as node:
        alice, bob = await node.person("alice"), await node.person("bob")
        for _ in range(3):
            assert (await alice.get("/session")).status_code == 200
        assert (await bob.get("/session")).status_code == 200
        assert outcome(await bob.get("/session")) == ENOUGH


async def test_limit_events(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/events/")) as node:
        assert (await node.http.get("/events/")).status_code == 200
        assert outcome(await node.http.get("/events/")) == ENOUGH


async def test_limit_signup_tokens(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/signup_tokens/*")) as node:
        assert (await node.http.get("/signup_tokens/AAAA-BBBB-CCCC")).status_code == 400
        assert outcome(await node.http.get("/signup_tokens/DDDD-BBBB-CCCC")) == ENOUGH


async def test_middleware_dependencies_support_cookie_auth_and_user_rate_limits(
    tmp_path: Path,
) -> None:
    async with limited(tmp_path, once("/session", key="user")) as node:
        alice = await node.person("alice")
        await alice.get("/session")
        refused = await alice.get("/session", origin="https://app.example")
        assert refused.headers["retry-after"] == "60"
        assert "retry-after" in refused.headers["access-control-expose-headers"]
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        assert refused.headers["content-type"] == "text/plain; charset=utf-8"


async def test_path_addressed_storage_uses_storage_path_and_owner_for_limits(
    tmp_path: Path,
) -> None:
    async with limited(tmp_path, once("/pub/limited/**", key="user")) as node:
        alice, bob = await node.person("alice"), await node.person("bob")
        for person, statuses in ((alice, [404, 429]), (bob, [404, 429])):
            url = f"/storage/{person.z32}/pub/./limited/x"
            assert [(await node.http.get(url)).status_code for _ in range(2)] == statuses
        assert (await node.http.get(f"/storage/{alice.z32}/pub/free")).status_code == 404


async def test_request_count_rejects_before_bandwidth_resolution(tmp_path: Path) -> None:
    slow = DefaultQuotas(unauthenticated_ip_rate_read=Bandwidth.parse("1kb/h"))
    async with limited(tmp_path, once("/events/"), default_quotas=slow) as node:
        assert (await node.http.get("/events/")).status_code == 200
        begin_s = time.monotonic()
        for _ in range(20):
            assert outcome(await node.http.get("/events/")) == ENOUGH
        assert time.monotonic() - begin_s < 1


async def test_info_is_public_and_reports_features(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/info"), once("/**", key="user")) as node:
        for _ in range(3):
            response = await node.http.get("/info")
            assert response.status_code == 200
            assert response.headers["cache-control"] == "no-store"
            assert "path-addressed-storage" in response.json()["features"]


# --- Time and keys ------------------------------------------------------------------------------


async def test_the_promised_time_is_long_enough(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/events/")) as node:
        await node.http.get("/events/")
        node.clock.advance(30)
        wait_s = int((await node.http.get("/events/")).headers["retry-after"])
        assert wait_s == 30
        node.clock.advance(wait_s)
        assert (await node.http.get("/events/")).status_code == 200


async def test_a_request_without_the_user_it_counts_for_is_refused(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/events/", key="user")) as node:
        answer = outcome(await node.http.get("/events/"))
        assert answer == (400, "Failed to extract key for rate limiting")


async def test_clients_behind_the_proxy_are_told_apart(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/events/")) as node:
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8:0:2::1"):
            response = await node.http.get("/events/", headers={"x-forwarded-for": address})
            assert response.status_code == 200
        again = {"x-forwarded-for": "203.0.113.9, 2001:db8:0:1:ffff::2"}
        assert outcome(await node.http.get("/events/", headers=again)) == ENOUGH


async def test_a_forged_address_does_not_reset_a_limit(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/events/"), trusted_proxies=()) as node:
        await node.http.get("/events/")
        for forged in ({"x-forwarded-for": "192.0.2.1"}, {"x-real-ip": "192.0.2.2"}):
            assert outcome(await node.http.get("/events/", headers=forged)) == ENOUGH


# --- Its place in the order ---------------------------------------------------------------------


async def test_a_malformed_address_is_refused_without_being_counted(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/**")) as node:
        for _ in range(3):
            response = await node.http.get("/storage/nobody/pub/x")
            assert outcome(response) == (400, "Invalid storage owner public key")
        assert (await node.http.get("/events/")).status_code == 200


async def test_preflights_are_never_counted(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/**")) as node:
        for _ in range(3):
            assert (await node.http.options("/events/")).status_code == 200
        assert (await node.http.get("/events/")).status_code == 200


async def test_head_is_not_get(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/pub/**")) as node:
        alice = await node.person("alice")
        await alice.put("/pub/x", "x")
        url = f"/storage/{alice.z32}/pub/x"
        for _ in range(3):
            assert (await node.http.head(url)).status_code == 200
        assert (await node.http.get(url)).status_code == 200
        assert outcome(await node.http.get(url)) == ENOUGH


async def test_a_refused_private_read_says_nothing_of_caches(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/priv/**", key="user")) as node:
        alice = await node.person("alice")
        assert (await alice.get("/priv/x")).status_code == 404
        refused = await alice.get("/priv/x")
        assert refused.status_code == 429
        assert "cache-control" not in refused.headers


async def test_another_spelling_of_a_path_is_counted_too(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/pub/limited/*", key="user")) as node:
        alice = await node.person("alice")
        assert (await alice.get("/pub/limited/x")).status_code == 404
        for spelling in ("/pub/%6cimited/x", "/pub//limited/x", "/pub/a/../limited/x"):
            response = await node.http.get(
                httpx.URL(node.appliance.client_url).copy_with(raw_path=spelling.encode()),
                headers=alice.headers,
            )
            assert outcome(response) == ENOUGH


# --- The fast lane ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, 200_000])
async def test_the_fast_lane_counts_and_steps_aside(tmp_path: Path, size: int) -> None:
    async with limited(tmp_path, once("/pub/**", burst=3)) as node:
        alice = await node.person("alice")
        await alice.put("/pub/x", bytes(size))
        url = f"/storage/{alice.z32}/pub/x"
        answers = [await node.http.get(url) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert node.appliance.node.services.counters.lane_answers == {200: 3}


async def test_the_fast_lane_tells_clients_apart(tmp_path: Path) -> None:
    async with limited(tmp_path, once("/pub/**")) as node:
        alice = await node.person("alice")
        await alice.put("/pub/x", "x")
        url = f"/storage/{alice.z32}/pub/x"
        for address in ("192.0.2.1", "192.0.2.2"):
            headers = {"x-forwarded-for": address}
            assert (await node.http.get(url, headers=headers)).status_code == 200
            assert outcome(await node.http.get(url, headers=headers)) == ENOUGH


async def test_the_fast_lane_keeps_off_when_strangers_are_slowed_down(tmp_path: Path) -> None:
    fast = DefaultQuotas(unauthenticated_ip_rate_read=Bandwidth.parse("1gb/s"))
    async with limited(tmp_path, default_quotas=fast) as node:
        alice = await node.person("alice")
        await alice.put("/pub/x", "x")
        assert (await node.http.get(f"/storage/{alice.z32}/pub/x")).text == "x"
        assert node.appliance.node.services.counters.lane_answers == {}


# --- People -------------------------------------------------------------------------------------


async def test_the_default_limits_do_not_disturb_an_app(tmp_path: Path) -> None:
    async with limited(tmp_path, *Drive().rate_limits) as node:
        alice = await node.person("alice")
        for number in range(300):
            assert (await alice.put(f"/pub/app/{number}", "x")).status_code == 201
            assert (await alice.get("/pub/app/?limit=5")).status_code == 200
        for _ in range(20):
            assert (await alice.sign_in()).status_code == 200
        for number in range(300):
            assert (await alice.delete(f"/pub/app/{number}")).status_code == 204


async def test_one_client_that_hammers_does_not_use_up_anothers_share(tmp_path: Path) -> None:
    limit = RateLimit("/**", "PUT", RequestRate(10, "m"), "ip", burst=20)
    async with limited(tmp_path, limit) as node:
        alice, bob = await node.person("alice"), await node.person("bob")

        async def puts(person: Person, address: str, count: int) -> list[int]:
            answers = await asyncio.gather(
                *(
                    person.put(f"/pub/{number}", "x", **{"x-forwarded-for": address})
                    for number in range(count)
                )
            )
            return [answer.status_code for answer in answers]

        hammered, quiet = await asyncio.gather(
            puts(alice, "192.0.2.1", 200), puts(bob, "192.0.2.2", 20)
        )
        assert (hammered.count(201), hammered.count(429)) == (20, 180)
        assert quiet == [201] * 20


async def test_a_stranger_cannot_use_up_the_share_of_a_user(tmp_path: Path) -> None:
    async with limited(tmp_path, *Drive().rate_limits) as node:
        alice = await node.person("alice")
        assert all(limit.key == "ip" for limit in Drive().rate_limits)
        stranger = {"pubky-host": alice.z32, "x-forwarded-for": "192.0.2.66"}
        for _ in range(30):
            await node.http.post("/session", content=b"rubbish", headers=stranger)
        assert (await alice.sign_in()).status_code == 200


async def test_a_changed_quota_counts_for_the_next_request(tmp_path: Path) -> None:
    async with limited(tmp_path) as node:
        alice = await node.person("alice")
        quotas = node.appliance.node.services.quotas
        for paths, status in (([], 403), (None, 201), (["/pub/y"], 403), (["/pub/x"], 201)):
            await quotas.change(alice.z32, parse_changes({"allowed_write_paths": paths}))
            assert (await alice.put("/pub/x", "x")).status_code == status
