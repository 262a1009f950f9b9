"""Settings: what is read, what is refused and in which words, and that the sample is true."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import (
    Config,
    ConfigError,
    SocketAddress,
    config_as_dict,
    load_config,
    parse_config,
    sample_config,
)


def problems(text: str) -> list[str]:
    """What is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return caught.value.problems


def test_nothing_said_means_every_default() -> None:
    assert parse_config("") == Config()
    assert parse_config("[drive]\n[general]\n") == Config()


def test_the_sample_changes_nothing() -> None:
    assert parse_config(sample_config()) == Config()


def test_the_sample_names_every_setting_once() -> None:
    text = sample_config()
    for section in fields(Config):
        assert text.count(f"\n[{section.name}]\n") == 1
        for key in fields(getattr(Config(), section.name)):
            assert (
                f"# {key.name} = " in text
                or f"# [[{section.name}.{key.name}]]" in text
                or (f"For example: {key.name} = " in text)
            ), key.name


def test_settings_are_read() -> None:
    config = parse_config(
        """
        [general]
        signup_mode = "open"
        [drive]
        icann_listen_socket = "[::1]:8080"
        max_upload_mb = 5
        trusted_proxies = ["10.0.0.0/8", "::1"]
        [storage]
        trash_days = 0
        [run]
        parts = ["web", "sweep"]
        """
    )
    assert config.general.signup_mode == "open"
    assert config.drive.icann_listen_socket == SocketAddress("::1", 8080)
    assert config.drive.max_upload_mb == 5
    assert config.drive.trusted_proxies == ("10.0.0.0/8", "::1")
    assert config.storage.trash_days == 0
    assert config.run.parts == ("web", "sweep")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[generall]", "unknown section [generall]; did you mean general?"),
        (
            "[drive]\nmax_uplod_mb = 1",
            "unknown key drive.max_uplod_mb; did you mean max_upload_mb?",
        ),
        ("drive = 5", "drive must be a section: write [drive] on a line of its own"),
        ('[general]\nsignup_mode = "maybe"', "general.signup_mode must be one of"),
        ("[general]\nsignup_mode = 1", "general.signup_mode must be one of"),
        ('[drive]\nmax_upload_mb = "5"', "drive.max_upload_mb must be a whole number"),
        ("[drive]\nmax_upload_mb = true", "drive.max_upload_mb must be a whole number"),
        ("[drive]\nmax_upload_mb = -1", "drive.max_upload_mb: must be 0 or more"),
        ('[drive]\ntrusted_proxies = "::1"', "drive.trusted_proxies must be a list of texts"),
        ('[drive]\ntrusted_proxies = ["x"]', "drive.trusted_proxies: 'x' is not an IP address"),
        ('[drive]\nicann_listen_socket = "localhost:1"', "'localhost' is not an IP address"),
        ('[drive]\nicann_listen_socket = "127.0.0.1"', "must be an address and a port"),
        ('[drive]\nicann_listen_socket = "127.0.0.1:65536"', "must be an address and a port"),
        ("[drive]\nicann_listen_socket = 6286", "must be text"),
        ('[storage]\nblobs = "s3"', "storage.blobs: must be files:FOLDER"),
        ('[general]\ndatabase_url = "sqlite:"', "general.database_url: must be sqlite:FILE"),
        ('[pkdns]\nicann_domain = "-a.b"', "'-a.b' is not a host name"),
        ('[pkdns]\npublic_ip = "1.2.3"', "'1.2.3' is not an IP address, auto or none"),
        ('[run]\nparts = ["webb"]', "run.parts: unknown part 'webb'"),
        ("[run]\nparts = []", "run.parts: must name at least one part"),
        ("[general", "not valid TOML"),
    ],
)
def test_a_mistake_is_named(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert problem in found


def test_all_mistakes_are_named_at_once() -> None:
    found = problems('[drive]\nmax_upload_mb = -1\nx = 1\n[y]\n[run]\ngrace_s = "a"')
    assert len(found) == 4


def test_a_file_is_named_with_its_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(ConfigError, match=f"{path}: cannot be read"):
        load_config(path)
    path.write_text("[x]\n[y]\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert [problem.startswith(f"{path}: ") for problem in caught.value.problems] == [True, True]
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)


def test_the_settings_in_force_are_plain_values() -> None:
    plain = config_as_dict(Config())
    assert plain["drive"]["icann_listen_socket"] == "127.0.0.1:6286"
    assert plain["drive"]["trusted_proxies"] == ["127.0.0.1", "::1"]
    assert set(plain) == {section.name for section in fields(Config)}


@given(st.ip_addresses(), st.integers(0, 65535))
def test_a_socket_address_survives_printing(host: object, port: int) -> None:
    address = SocketAddress(str(host), port)
    assert SocketAddress.parse(str(address)) == address


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        SocketAddress.parse(text)
    except ValueError:
        return
    assert ":" in text


toml_values = st.one_of(
    st.integers(-10, 10).map(str),
    st.booleans().map(lambda flag: str(flag).lower()),
    st.sampled_from(['"x"', "[]", "{}", '["a"]', "[1]", "1.5", "1979-05-27", "[[]]", '"open"']),
)
keys = st.sampled_from(
    [
        f"{section.name}.{key.name}"
        for section in fields(Config)
        for key in fields(getattr(Config(), section.name))
    ]
    + ["general", "x", "drive.y", "run.parts.z"]
)


@given(st.dictionaries(keys, toml_values, max_size=4))
def test_any_toml_is_a_configuration_or_named_mistakes(settings: dict[str, str]) -> None:
    text = "\n".join(f"{key} = {value}" for key, value in settings.items())
    found: list[str] | None = None
    try:
        assert isinstance(parse_config(text), Config)
    except ConfigError as error:
        found = error.problems
    assert found is None or (found and all("\n" not in problem for problem in found))
