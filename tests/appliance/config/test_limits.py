"""Limits in the settings file: read as the reference writes them, refused with every reason."""

import re

import pytest

from appliance.config import (
    Bandwidth,
    Config,
    ConfigError,
    Drive,
    RateLimit,
    RequestRate,
    config_as_dict,
    parse_config,
    sample_config,
)

OFFICIAL = """
[drive]
[[drive.rate_limits]]
path = "/signup_tokens/*"
method = "GET"
quota = "10r/m"
key = "ip"
burst = 20
whitelist = ["127.0.0.1"]

[[drive.rate_limits]]
path = "/session"
method = "POST"
quota = "20r/m"
key = "user"
whitelist = ["8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"]

[default_quotas]
rate_read = "10mb/s"
rate_write = "5mb/s"
rate_read_burst = 20
rate_write_burst = 10
unauthenticated_ip_rate_read = "1mb/s"

[storage]
default_quota_mb = 0
min_free_mb = 0
"""


def limits_text(**changes: str) -> str:
    """One limit with some of its lines changed."""
    lines = {"path": '"/x"', "method": '"GET"', "quota": '"1r/m"', "key": '"ip"'} | changes
    return "[[drive.rate_limits]]\n" + "\n".join(f"{key} = {lines[key]}" for key in lines)


def test_the_references_own_sections_are_read() -> None:
    config = parse_config(OFFICIAL)
    assert config.drive.rate_limits == (
        RateLimit("/signup_tokens/*", "GET", RequestRate(10, "m"), "ip", 20, ("127.0.0.1",)),
        RateLimit(
            "/session",
            "POST",
            RequestRate(20, "m"),
            "user",
            whitelist=("8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo",),
        ),
    )
    assert config.default_quotas.rate_read == Bandwidth(10, "mb", "s")
    assert config.default_quotas.rate_write_burst == 10
    assert config.default_quotas.unauthenticated_ip_rate_read == Bandwidth(1, "mb", "s")
    assert (config.storage.default_quota_mb, config.storage.min_free_mb) == (0, 0)


def test_without_a_line_the_default_limits_hold() -> None:
    config = parse_config("")
    assert config.drive.rate_limits[0] == RateLimit(
        "/signup_tokens/*", "GET", RequestRate(10, "m"), "ip"
    )
    assert {limit.path for limit in config.drive.rate_limits} >= {"/session", "/**", "/**/"}
    assert config.default_quotas.rate_read is None
    assert config.storage.default_quota_mb is None


def test_an_empty_list_turns_the_default_limits_off() -> None:
    assert parse_config("[drive]\nrate_limits = []").drive.rate_limits == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (limits_text(quota='"10mb/s"'), r"rate_limits\[1\].quota must be a number of requests"),
        (limits_text(quota="10"), r"rate_limits\[1\].quota must be text"),
        (limits_text(method='"get"'), "not a method"),
        (limits_text(path='"/["'), r"without \]"),
        (limits_text(key='"path"'), "must be one of ip, user"),
        (limits_text(burst="0"), "burst: must be 1 or more"),
        (limits_text(whitelist='["bob"]'), "whitelist: 'bob' is not an IP address"),
        (limits_text(key='"user"', whitelist='["127.0.0.1"]'), "'127.0.0.1' is not a public key"),
        ("[[drive.rate_limits]]\npath = '/x'", r"rate_limits\[1\].quota is missing"),
        ("[drive]\nrate_limits = 3", r"write \[\[drive.rate_limits\]\]"),
        ("[default_quotas]\nrate_read = '100r/m'", "default_quotas.rate_read must be a bandwidth"),
        ("[default_quotas]\nrate_read_burst = 0", "must be 1 or more"),
        ("[storage]\ndefault_quota_mb = -1", "must be 0 or more"),
        ("[storage]\ndefault_quota_mb = 'none'", "must be a whole number"),
    ],
)
def test_a_mistake_is_named(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse_config(text)


def test_all_mistakes_of_a_limit_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(limits_text(quota='"x"', burst="-1", colour='"red"'))
    assert len(caught.value.problems) == 3


def test_the_sample_holds_the_defaults_line_by_line() -> None:
    setting = re.compile(r"# (\w+ = .+|\[\[.+\]\])")
    lines = [
        match[1] if (match := setting.fullmatch(line)) else line
        for line in sample_config().split("\n")
    ]
    assert parse_config("\n".join(lines)) == Config()


def test_the_samples_examples_are_settings_too() -> None:
    lines = []
    for line in sample_config().split("\n"):
        example = line.removeprefix("# Not set. For example: ")
        lines.append(example if example != line else line)
    config = parse_config("\n".join(lines))
    assert None not in config_as_dict(config)["default_quotas"].values()
    assert config.storage.default_quota_mb == 10_240


def test_settings_in_force_are_plain_values() -> None:
    plain = config_as_dict(
        Config(drive=Drive(rate_limits=parse_config(OFFICIAL).drive.rate_limits))
    )
    assert plain["drive"]["rate_limits"][0] == {
        "path": "/signup_tokens/*",
        "method": "GET",
        "quota": "10r/m",
        "key": "ip",
        "burst": 20,
        "whitelist": ["127.0.0.1"],
    }
