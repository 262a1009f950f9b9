"""Rates and addresses: what is read is what is printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import Bandwidth, RequestRate

PERIODS = st.sampled_from(["s", "m", "h", "d"])
COUNTS = st.integers(1, 2**32 - 1)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("100mb/m", "100mb/m"),
        ("1gb/d", "1gb/d"),
        ("500kb/s", "500kb/s"),
        ("10mb/h", "10mb/h"),
        ("1kb/s", "1kb/s"),
        ("1KB/s", "1kb/s"),
        ("4294967295gb/d", "4294967295gb/d"),
        ("0007mb/s", "7mb/s"),
    ],
)
def test_bandwidths_of_the_reference_are_read(text: str, printed: str) -> None:
    assert str(Bandwidth.parse(text)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish",
        "100r/m",
        "0kb/s",
        "4294967296kb/s",
        "1b/s",
        "1tb/s",
        "1kb",
        "1kb/w",
        "-1kb/s",
        "1.5mb/s",
        " 1kb/s",
        "1kb/s ",
        "1kb/s\n",
        "１kb/s",
        "0" * 40 + "1kb/s",
    ],
)
def test_other_bandwidths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a bandwidth"):
        Bandwidth.parse(text)


@given(COUNTS, st.sampled_from(["kb", "mb", "gb"]), PERIODS)
def test_a_bandwidth_survives_printing(count: int, unit: str, period: str) -> None:
    rate = Bandwidth.parse(f"{count}{unit}/{period}")
    assert Bandwidth.parse(str(rate)) == rate


@given(COUNTS, PERIODS)
def test_a_request_rate_survives_printing(count: int, period: str) -> None:
    rate = RequestRate.parse(f"{count}r/{period}")
    assert RequestRate.parse(str(rate)) == rate


@given(st.text(max_size=40))
def test_any_text_is_a_rate_or_a_value_error(text: str) -> None:
    for kind in (Bandwidth, RequestRate):
        try:
            assert str(kind.parse(text)).lower().endswith(text.lower().lstrip("0"))
        except ValueError:
            continue


@pytest.mark.parametrize(
    "text", ["0r/m", "10r", "10r/w", "r/m", "10mb/s", "10R/m", "4294967296r/s"]
)
def test_other_request_rates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number of requests"):
        RequestRate.parse(text)


def test_units_are_powers_of_1024_and_periods_are_seconds() -> None:
    rate = Bandwidth.parse("3gb/h")
    assert (rate.unit_kib, rate.period_s) == (1024 * 1024, 3600)
    assert RequestRate.parse("1r/d").period_s == 86_400
