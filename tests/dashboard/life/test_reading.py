"""Reading many objects: in order, a few at a time; comparing two texts line by line."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.kinds import ids
from dashboard.life.one_post import compared
from dashboard.life.places import time_of, year_bounds
from dashboard.life.reading import AT_ONCE, each, path_or_none


async def test_results_are_in_order_and_few_are_under_way() -> None:
    running, most = 0, 0

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(number % 3 + 1):
            await asyncio.sleep(0)
        running -= 1
        return number * 2

    assert await each(work, range(50)) == [number * 2 for number in range(50)]
    assert most == AT_ONCE


@given(st.text(), st.text())
def test_a_comparison_holds_both_texts(before: str, after: str) -> None:
    lines = compared(before, after)
    assert [line.text for line in lines if line.sign != "+"] == before.splitlines()
    assert [line.text for line in lines if line.sign != "-"] == after.splitlines()


def test_the_ids_of_a_year_lie_between_its_bounds() -> None:
    begin, end = year_bounds(2025)
    assert begin <= "0032SSN7Q4EVG" < end  # 2025-01-30
    assert year_bounds(2024)[1] == begin


def test_an_id_tells_its_moment_where_it_has_one() -> None:
    found = time_of("0032SSN7Q4EVG")
    assert found is not None
    assert found.isoformat(timespec="milliseconds") == "2025-01-30T06:37:08.291+00:00"
    assert time_of(ids.timestamp_id(5)) is None
    assert time_of("hello") is None


@pytest.mark.parametrize("text", ["/pub/../priv/a", "/etc/passwd", "/pub/a/", "pub/a", "/pub/a\0"])
def test_what_is_no_path_of_an_object_is_none(text: str) -> None:
    assert path_or_none(text) is None
