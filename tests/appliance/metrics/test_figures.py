"""Plain numbers: distributions against the obvious way to count, and labels that cannot grow."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.metrics import Distribution, RequestFigures

# Whole, so that sums are exact.
numbers = st.integers(-(10**6), 10**6).map(float)


@given(st.lists(numbers, min_size=1, max_size=10, unique=True).map(sorted), st.lists(numbers))
def test_each_bucket_counts_the_values_up_to_its_bound(
    bounds: list[float], values: list[float]
) -> None:
    found = Distribution(bounds)
    for value in values:
        found.observe(value)
    expected = [float(sum(value <= bound for value in values)) for bound in bounds]
    assert [count for _, count in found.buckets()] == [*expected, float(len(values))]
    assert [name for name, _ in found.buckets()] == [*map(str, bounds), "+Inf"]
    assert found.total == sum(values)


@given(st.lists(st.text(), max_size=50), st.lists(st.integers(0, 599), min_size=1, max_size=50))
def test_no_method_of_a_stranger_makes_a_new_label(methods: list[str], statuses: list[int]) -> None:
    figures = RequestFigures()
    for method in [*methods, "GET"]:
        for status in statuses:
            figures.observe(method, "file", status, 0.1)
    known = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "other"}
    assert {method for method, _, _ in figures.durations_s} <= known
    assert len(figures.durations_s) <= len(known) * 7


def test_a_full_quota_is_no_server_error() -> None:
    figures = RequestFigures()
    for status in (500, 503, 507):
        figures.observe("PUT", "file", status, 0.1)
    assert sorted(sum(found.counts) for found in figures.durations_s.values()) == [1, 2]
