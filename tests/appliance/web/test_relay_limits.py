"""How often one address may ask a relay."""

import pytest

from appliance.http_relay.inbox import Inbox
from appliance.http_relay.inbox import RelayLimits as InboxLimits
from appliance.web.asgi import ASGIApp
from appliance.web.http_relay import http_relay_app
from appliance.web.pkarr_relay import pkarr_relay_app
from appliance.web.relay_limits import RelayLimits
from tests.support.asgi_client import request
from tests.support.pkarr import store_in_memory
from tests.support.settable_clock import SettableClock

PATH = "/8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def limits(clock: SettableClock) -> RelayLimits:
    return RelayLimits(2, ("127.0.0.1",), clock)


@pytest.fixture
def relay(clock: SettableClock, limits: RelayLimits) -> ASGIApp:
    return pkarr_relay_app(store_in_memory(clock, 10), limits)


async def statuses(relay: ASGIApp, count: int, client: str = "") -> list[int]:
    headers = [("X-Forwarded-For", client)] if client else []
    return [(await request(relay, "GET", PATH, headers=headers)).status for _ in range(count)]


async def test_ten_seconds_worth_of_requests_may_come_at_once(relay: ASGIApp) -> None:
    assert await statuses(relay, 21) == [404] * 20 + [429]


async def test_a_second_later_there_is_room_for_two_more(
    relay: ASGIApp, clock: SettableClock
) -> None:
    await statuses(relay, 20)
    clock.advance(1)
    assert await statuses(relay, 3) == [404, 404, 429]


async def test_a_page_can_read_the_refusal(relay: ASGIApp) -> None:
    await statuses(relay, 20)
    refused = await request(relay, "GET", PATH, headers=[("Origin", "https://app.test")])
    assert refused.status == 429
    assert refused.header("access-control-allow-origin") == "https://app.test"
    assert refused.header("retry-after") == "1"


async def test_a_preflight_is_never_counted(relay: ASGIApp) -> None:
    await statuses(relay, 20)
    assert (await request(relay, "OPTIONS", PATH)).status == 200


async def test_each_client_behind_the_proxy_has_a_limit_of_its_own(relay: ASGIApp) -> None:
    assert await statuses(relay, 21, "203.0.113.1") == [404] * 20 + [429]
    assert await statuses(relay, 1, "203.0.113.2") == [404]


async def test_refusals_are_counted(relay: ASGIApp, limits: RelayLimits) -> None:
    await statuses(relay, 23)
    assert limits.refused == 3


async def test_no_limit_is_an_answer_too(clock: SettableClock) -> None:
    relay = pkarr_relay_app(store_in_memory(clock, 10), RelayLimits(0, (), clock))
    assert await statuses(relay, 50) == [404] * 50


async def test_the_http_relay_is_limited_alike(clock: SettableClock, limits: RelayLimits) -> None:
    relay = http_relay_app(Inbox(clock, InboxLimits()), limits)
    answers = [(await request(relay, "GET", "/")).status for _ in range(21)]
    assert answers == [200] * 20 + [429]
