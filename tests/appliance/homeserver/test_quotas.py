"""The quota object: three states, merging, what is refused, what holds, what is stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import Bandwidth, DefaultQuotas
from appliance.errors import PubkyError
from appliance.homeserver.quotas import (
    BYTES_CHARGED_PER_FILE,
    LARGEST_STORED,
    MEBIBYTE,
    Pace,
    Quota,
    Quotas,
    UserQuota,
    largest_length,
    parse_changes,
)
from appliance.metadata.quotas import QuotaColumns
from tests.support.appliance import Appliance, Person

TEN_MB = Bandwidth.parse("10mb/s")
FIVE_MB = Bandwidth.parse("5mb/s")
SERVER = DefaultQuotas(rate_read=TEN_MB, rate_write=FIVE_MB)


def quotas_of(
    appliance: Appliance, storage_mb: int | None = 100, defaults: DefaultQuotas = SERVER
) -> Quotas:
    """Quotas of a node with other settings, over the same users."""
    return Quotas(appliance.node.services.metadata, storage_mb, defaults)


def effective(overrides: Quota, defaults: DefaultQuotas, storage_mb: int | None = None) -> Quota:
    """What holds for somebody, without a database."""
    return Quotas(None, storage_mb, defaults).effective(overrides)  # type: ignore[arg-type] # pure


# --- What is read -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "quota"),
    [
        ({}, Quota()),
        (dict.fromkeys(("storage_quota_mb", "rate_read", "allowed_write_paths")), Quota()),
        ({"storage_quota_mb": 0}, Quota(storage_quota_mb=0)),
        (
            {"storage_quota_mb": 1024, "rate_read": "200MB/m"},
            Quota(1024, Bandwidth(200, "mb", "m")),
        ),
        (
            {"storage_quota_mb": "unlimited", "rate_write": "unlimited"},
            Quota("unlimited", None, "unlimited"),
        ),
        ({"storage_quota_mb": 2**31}, Quota(LARGEST_STORED)),
        ({"storage_quota_mb": 2**64 - 1}, Quota(LARGEST_STORED)),
        (
            {"rate_read": "1kb/s", "rate_read_burst": 3},
            Quota(None, Bandwidth(1, "kb", "s"), None, 3),
        ),
        ({"allowed_write_paths": []}, Quota(allowed_write_paths=())),
        (
            {"allowed_write_paths": ["/pub/a/", "/pub/b"]},
            Quota(allowed_write_paths=("/pub/a/", "/pub/b")),
        ),
        ({"colour": "red", "note": None}, Quota()),
    ],
)
def test_a_token_body_is_read(body: object, quota: Quota) -> None:
    assert Quota.parse(body) == quota


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "unlimited",
        {"storage_quota_mb": -1},
        {"storage_quota_mb": 1.5},
        {"storage_quota_mb": True},
        {"storage_quota_mb": "10"},
        {"storage_quota_mb": 2**64},
        {"rate_read": "rubbish"},
        {"rate_read": "100r/m"},
        {"rate_read": "0kb/s"},
        {"rate_read": 5},
        {"rate_write": "1kb/s", "rate_write_burst": 0},
        {"rate_write": "1kb/s", "rate_write_burst": 2**31},
        {"rate_write": "1kb/s", "rate_write_burst": "3"},
        {"rate_write_burst": 3},
        {"rate_read_burst": 3, "rate_read": "unlimited"},
        {"rate_read_burst": 3, "rate_write": "1kb/s"},
        {"allowed_write_paths": "/pub/"},
        {"allowed_write_paths": [1]},
        {"allowed_write_paths": ["/"]},
        {"allowed_write_paths": ["pub/"]},
        {"allowed_write_paths": ["/pub//a"]},
        {"allowed_write_paths": ["/pub/./a"]},
        {"allowed_write_paths": ["/pub/../a"]},
        {"allowed_write_paths": ["/pub/a\\b"]},
        {"allowed_write_paths": ["/pub/a\n"]},
        {"allowed_write_paths": ["/pub/a "]},
        {"allowed_write_paths": ["/pub/" + "a" * 256]},
        {"allowed_write_paths": ["/a" * 487]},
        {"allowed_write_paths": ["/pub/\ud800"]},
        {"allowed_write_paths": ["/pub/a", "/pub/a"]},
    ],
)
def test_a_senseless_body_is_refused(body: object) -> None:
    with pytest.raises(PubkyError) as caught:
        Quota.parse(body)
    assert caught.value.code == "invalid"
    assert caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
MEMBERS = st.sampled_from(list(Quota.__slots__))
RATES = st.sampled_from(["1kb/s", "10mb/m", "unlimited", "x", None])


@given(JSON | st.dictionaries(MEMBERS, JSON | RATES | st.integers(-2, 5)))
def test_any_json_is_a_quota_or_a_refusal(body: object) -> None:
    try:
        quota = Quota.parse(body)
    except PubkyError:
        return
    assert Quota.from_columns(quota.to_columns()) == quota
    assert Quota.parse(quota.to_json()) == quota
    json.dumps(quota.to_json())


# --- What a change leaves -----------------------------------------------------------------------


def test_absent_members_stay_and_null_goes_back_to_the_default() -> None:
    quota = Quota(5, TEN_MB, "unlimited", None, None, ("/pub/a/",))
    changed = quota.changed(parse_changes({"storage_quota_mb": None, "rate_write": "1kb/s"}))
    assert changed == Quota(None, TEN_MB, Bandwidth(1, "kb", "s"), None, None, ("/pub/a/",))
    assert changed.changed(parse_changes({})) == changed
    assert changed.changed(parse_changes({"allowed_write_paths": None})).allowed_write_paths is None


def test_a_burst_may_come_after_its_rate() -> None:
    quota = Quota().changed(parse_changes({"rate_read": "1kb/s"}))
    assert quota.changed(parse_changes({"rate_read_burst": 9})).rate_read_burst == 9


def test_a_rate_is_not_taken_from_under_its_burst() -> None:
    quota = Quota.parse({"rate_read": "1kb/s", "rate_read_burst": 9})
    with pytest.raises(PubkyError, match="rate_read_burst requires rate_read"):
        quota.changed(parse_changes({"rate_read": None}))
    assert quota.changed(parse_changes({"rate_read": None, "rate_read_burst": None})) == Quota()


# --- Rows ---------------------------------------------------------------------------------------


def test_an_unlimited_quota_is_stored_as_the_reference_stores_it() -> None:
    assert Quota("unlimited", "unlimited").to_columns() == QuotaColumns(-1, "unlimited")


def test_damaged_limits_are_default_and_damaged_write_paths_close() -> None:
    row = QuotaColumns(-7, "fast", "", None, None, "{")
    assert Quota.from_columns(row) == Quota(allowed_write_paths=())


@pytest.mark.parametrize("text", ["", "3", '{"a":1}', '["/"]', '["/pub/..",1]', "[" * 100_000])
def test_unreadable_write_paths_allow_nothing(text: str) -> None:
    assert Quota.from_columns(QuotaColumns(allowed_write_paths=text)).allowed_write_paths == ()


# --- What holds ---------------------------------------------------------------------------------


def test_everything_is_unlimited_where_nobody_set_a_limit() -> None:
    assert effective(Quota(), DefaultQuotas()).to_json() == {
        "storage_quota_mb": "unlimited",
        "rate_read": "unlimited",
        "rate_write": "unlimited",
    }


def test_the_nodes_burst_goes_with_the_nodes_rate_only() -> None:
    defaults = DefaultQuotas(rate_read=TEN_MB, rate_read_burst=20, rate_write_burst=7)
    assert effective(Quota(), defaults).rate_read_burst == 20
    assert effective(Quota(), defaults).rate_write_burst is None
    assert effective(Quota(rate_read=FIVE_MB), defaults).rate_read_burst is None
    assert effective(Quota(rate_read=FIVE_MB, rate_read_burst=2), defaults).rate_read_burst == 2


def test_write_paths_and_bursts_are_shown_when_set() -> None:
    quota = Quota.parse(
        {"rate_write": "1kb/s", "rate_write_burst": 4, "allowed_write_paths": ["/pub/a/"]}
    )
    shown = UserQuota(quota, effective(quota, DefaultQuotas())).to_json()
    assert shown["overrides"] == {
        "rate_write": "1kb/s",
        "rate_write_burst": 4,
        "allowed_write_paths": ["/pub/a/"],
    }
    assert shown["effective"] == {
        "storage_quota_mb": "unlimited",
        "rate_read": "unlimited",
        **shown["overrides"],
    }


async def test_the_references_example_of_a_fresh_and_a_changed_user(
    appliance: Appliance, alice: Person
) -> None:
    quotas = quotas_of(appliance)
    assert (await quotas.of_user(alice.z32)).to_json() == {
        "effective": {"storage_quota_mb": 100, "rate_read": "10mb/s", "rate_write": "5mb/s"},
        "overrides": {},
    }
    await quotas.change(alice.z32, parse_changes({"storage_quota_mb": 500}))
    await quotas.change(alice.z32, parse_changes({"rate_read": "unlimited"}))
    assert (await quotas.of_user(alice.z32)).to_json() == {
        "effective": {"storage_quota_mb": 500, "rate_read": "unlimited", "rate_write": "5mb/s"},
        "overrides": {"storage_quota_mb": 500, "rate_read": "unlimited"},
    }


async def test_a_change_that_makes_no_sense_changes_nothing(
    appliance: Appliance, alice: Person
) -> None:
    quotas = quotas_of(appliance)
    await quotas.change(alice.z32, parse_changes({"storage_quota_mb": 3}))
    with pytest.raises(PubkyError, match="requires rate_read"):
        await quotas.change(alice.z32, parse_changes({"storage_quota_mb": 4, "rate_read_burst": 1}))
    assert (await quotas.of_user(alice.z32)).overrides == Quota(3)


async def test_somebody_unknown_has_no_quota(appliance: Appliance) -> None:
    quotas = quotas_of(appliance)
    for attempt in (quotas.of_user("y" * 52), quotas.change("y" * 52, {})):
        with pytest.raises(PubkyError, match="Not Found"):
            await attempt
    assert await quotas.pace("y" * 52, writing=True) is None


async def test_paces_come_from_the_user_and_then_from_the_node(
    appliance: Appliance, alice: Person
) -> None:
    quotas = quotas_of(appliance, defaults=DefaultQuotas(rate_write=FIVE_MB, rate_write_burst=9))
    assert await quotas.pace(alice.z32, writing=False) == "unlimited"
    assert await quotas.pace(alice.z32, writing=True) == Pace(FIVE_MB, 9 * 1024)
    await quotas.change(alice.z32, parse_changes({"rate_write": "2kb/s"}))
    assert await quotas.pace(alice.z32, writing=True) == Pace(Bandwidth(2, "kb", "s"), 2)
    await quotas.change(alice.z32, parse_changes({"rate_write_burst": 7}))
    assert await quotas.pace(alice.z32, writing=True) == Pace(Bandwidth(2, "kb", "s"), 7)
    await quotas.change(
        alice.z32, parse_changes({"rate_write": "unlimited", "rate_write_burst": None})
    )
    assert await quotas.pace(alice.z32, writing=True) == "unlimited"


# --- Arithmetic ---------------------------------------------------------------------------------


def test_the_boundaries_of_an_empty_megabyte() -> None:
    assert largest_length(MEBIBYTE, 0, None) == 1_048_320
    assert largest_length(0, 0, None) < 0


@given(
    st.integers(0, 3000), st.integers(0, 3000), st.none() | st.integers(0, 800), st.integers(0, 900)
)
def test_a_file_fits_exactly_when_the_new_total_is_within_the_limit(
    limit: int, used_elsewhere: int, old_length: int | None, new_length: int
) -> None:
    used, delta = used_elsewhere, new_length + BYTES_CHARGED_PER_FILE
    if old_length is not None:
        used, delta = used + old_length + BYTES_CHARGED_PER_FILE, new_length - old_length
    fits = new_length <= largest_length(limit, used, old_length)
    assert fits is not (used + delta > limit and used + delta > 0)


@pytest.mark.parametrize(
    ("allowed", "path", "covered"),
    [
        (None, "/priv/x", True),
        ((), "/pub/x", False),
        (("/pub/tokens/",), "/pub/tokens/a/b", True),
        (("/pub/tokens/",), "/pub/tokens", False),
        (("/pub/tokens",), "/pub/tokens", True),
        (("/pub/tokens",), "/pub/tokens/a", False),
        (("/pub/tokens",), "/pub/tokens2", False),
        (("/pub/a", "/priv/"), "/priv/b", True),
    ],
)
def test_write_paths_cover_themselves_and_folders_what_is_below(
    allowed: tuple[str, ...] | None, path: str, covered: bool
) -> None:
    assert Quota(allowed_write_paths=allowed).allows_writing_to(path) is covered
