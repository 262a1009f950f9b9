"""GCRA against a naive bucket, keys and their number, whitelists, the order of limits."""

import ipaddress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import Drive, RateLimit, RequestRate
from appliance.errors import PubkyError
from appliance.homeserver.rate_limits import (
    NS_PER_S,
    Buckets,
    Flow,
    Key,
    RateLimits,
    address_key,
    count_request,
    would_refuse,
)

KEY: Key = ("ip4", 1)
HERE = ipaddress.ip_address("192.0.2.1")
ELSEWHERE = ipaddress.ip_address("192.0.2.2")
START_US = 1_700_000_000_000_000


def limits_of(*settings: RateLimit) -> RateLimits:
    """Limits as configured."""
    return RateLimits(settings)


def once_a_minute(**changes: object) -> RateLimit:
    """`GET /events/` by address, once a minute."""
    values = {
        "path": "/events/",
        "method": "GET",
        "quota": RequestRate(1, "m"),
        "key": "ip",
    } | changes
    return RateLimit(**values)  # type: ignore[arg-type] # the test's words


class NaiveBucket:
    """Fills all the time, never above its size."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.cells = Fraction(flow.burst)
        self.at_ns = 0

    def take(self, now_ns: int) -> bool:
        """Whether there was a cell to take."""
        earned = Fraction((now_ns - self.at_ns) * self.flow.cells, self.flow.period_ns)
        self.cells = min(Fraction(self.flow.burst), self.cells + earned)
        self.at_ns = now_ns
        if self.cells < 1:
            return False
        self.cells -= 1
        return True


@given(
    st.integers(1, 20),
    st.integers(1, 8),
    st.lists(st.integers(0, 3_000_000_000), max_size=60),
)
def test_gcra_agrees_with_a_naive_bucket(
    interval_ms: int, burst: int, pauses_ns: list[int]
) -> None:
    flow = Flow(5, 5 * interval_ms * 1_000_000, burst)
    buckets, naive, now_ns = Buckets(), NaiveBucket(flow), NS_PER_S
    naive.at_ns = now_ns
    for pause_ns in pauses_ns:
        now_ns += pause_ns % (3 * interval_ms * 1_000_000)
        admitted = buckets.wait_ns(KEY, flow, now_ns) == 0
        assert admitted is naive.take(now_ns)
        if admitted:
            buckets.take(KEY, flow, now_ns)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=30), st.integers(1, 12))
def test_borrowed_cells_keep_to_the_rate(takes: list[tuple[int, int]], burst: int) -> None:
    flow = Flow(1, NS_PER_S, burst)
    buckets, now_ns, taken = Buckets(), NS_PER_S, 0
    for cells, pause_s in takes:
        now_ns += pause_s * NS_PER_S
        begin_ns = now_ns
        now_ns += buckets.borrow(KEY, flow, cells, now_ns)
        taken += cells
        assert now_ns - begin_ns <= cells * NS_PER_S
    assert taken <= burst + (now_ns - NS_PER_S) // NS_PER_S


def test_the_wait_is_exactly_enough() -> None:
    flow, buckets = Flow(10, 60 * NS_PER_S, 1), Buckets()
    buckets.take(KEY, flow, NS_PER_S)
    wait_ns = buckets.wait_ns(KEY, flow, 3 * NS_PER_S)
    assert wait_ns == 4 * NS_PER_S
    assert buckets.wait_ns(KEY, flow, 3 * NS_PER_S + wait_ns - 1) == 1
    assert buckets.wait_ns(KEY, flow, 3 * NS_PER_S + wait_ns) == 0


def test_a_clock_that_is_set_back_blocks_nobody_for_long() -> None:
    flow, buckets = Flow(1, 60 * NS_PER_S, 1), Buckets()
    buckets.take(KEY, flow, 10**18)
    assert buckets.wait_ns(KEY, flow, 10**18 - 10**15) == 60 * NS_PER_S


def test_many_keys_do_not_grow_without_end() -> None:
    flow, buckets = Flow(1, 86_400 * NS_PER_S, 1), Buckets(most_keys=100)
    for number in range(1000):
        buckets.take(("ip4", number), flow, NS_PER_S)
    assert len(buckets) == 100
    assert buckets.wait_ns(("ip4", 999), flow, NS_PER_S) > 0


def test_idle_keys_melt_away() -> None:
    flow, buckets = Flow(1, NS_PER_S, 1), Buckets()
    for number in range(50):
        buckets.take(("ip4", number), flow, NS_PER_S)
    for number in range(30):
        buckets.take(("user", str(number)), flow, 10 * NS_PER_S)
    assert len(buckets) == 30


def test_a_line_with_many_ipv6_addresses_is_one_key() -> None:
    one, other, neighbour = (
        ipaddress.ip_address(text)
        for text in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1")
    )
    assert address_key(one) == address_key(other) != address_key(neighbour)
    assert address_key(HERE) != address_key(ELSEWHERE)


def test_the_second_request_within_a_minute_is_refused_with_the_time_to_wait() -> None:
    limits = limits_of(once_a_minute()).covering("GET", ("/events/",))
    count_request(limits, HERE, None, START_US)
    with pytest.raises(PubkyError, match="Rate limit exceeded") as caught:
        count_request(limits, HERE, None, START_US + 12_500_000)
    assert caught.value.code == "rate_limited"
    assert caught.value.headers == {"retry-after": "47"}
    count_request(limits, HERE, None, START_US + 60_000_000)


def test_less_than_a_second_is_written_as_one() -> None:
    limits = limits_of(once_a_minute()).covering("GET", ("/events/",))
    count_request(limits, HERE, None, START_US)
    with pytest.raises(PubkyError) as caught:
        count_request(limits, HERE, None, START_US + 59_900_000)
    assert caught.value.headers == {"retry-after": "1"}


def test_addresses_have_limits_of_their_own() -> None:
    limits = limits_of(once_a_minute()).covering("GET", ("/events/",))
    count_request(limits, HERE, None, START_US)
    count_request(limits, ELSEWHERE, None, START_US)


def test_a_burst_may_come_at_once() -> None:
    limits = limits_of(once_a_minute(burst=3)).covering("GET", ("/events/",))
    for _ in range(3):
        count_request(limits, HERE, None, START_US)
    assert would_refuse(limits, HERE, None, START_US)


def test_other_methods_and_paths_are_free() -> None:
    limits = limits_of(once_a_minute())
    assert limits.covering("HEAD", ("/events/",)) == []
    assert limits.covering("GET", ("/events",)) == []


def test_a_whitelisted_address_is_free() -> None:
    limits = limits_of(once_a_minute(whitelist=("192.0.2.1", "10.0.0.0/8"))).covering(
        "GET", ("/events/",)
    )
    for address in (HERE, ipaddress.ip_address("10.9.9.9")):
        for _ in range(3):
            count_request(limits, address, None, START_US)
    count_request(limits, ELSEWHERE, None, START_US)
    assert would_refuse(limits, ELSEWHERE, None, START_US)


def test_a_whitelisted_user_is_free() -> None:
    alice = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
    limits = limits_of(once_a_minute(key="user", whitelist=(alice,))).covering("GET", ("/events/",))
    for _ in range(3):
        count_request(limits, HERE, alice, START_US)
    count_request(limits, HERE, "bob", START_US)
    assert would_refuse(limits, HERE, "bob", START_US)


@pytest.mark.parametrize("key", ["ip", "user"])
def test_a_request_without_its_key_is_refused(key: str) -> None:
    limits = limits_of(once_a_minute(key=key)).covering("GET", ("/events/",))
    with pytest.raises(PubkyError, match="Failed to extract key for rate limiting"):
        count_request(limits, None, None, START_US)
    assert would_refuse(limits, None, None, START_US)


def test_limits_before_the_refusing_one_have_counted() -> None:
    wide = once_a_minute(path="/**", burst=3)
    narrow = once_a_minute()
    limits = limits_of(wide, narrow)
    both = limits.covering("GET", ("/events/",))
    count_request(both, HERE, None, START_US)
    for _ in range(2):
        with pytest.raises(PubkyError):
            count_request(both, HERE, None, START_US)
    assert would_refuse(limits.covering("GET", ("/pub/x",)), HERE, None, START_US)


def test_asking_counts_nothing() -> None:
    limits = limits_of(once_a_minute()).covering("GET", ("/events/",))
    assert not would_refuse(limits, HERE, None, START_US)
    count_request(limits, HERE, None, START_US)


def test_both_ways_to_sign_up_share_one_limit() -> None:
    limits = RateLimits(Drive().rate_limits)
    (cookie,) = limits.covering("POST", ("/signup",))
    (grant,) = limits.covering("POST", ("/auth/grant/signup",))
    assert cookie is grant
