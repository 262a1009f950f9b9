"""What a homeserver publishes, and how keys and homeservers are read from others' texts."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.dns_message import (
    TYPE_A,
    TYPE_HTTPS,
    TYPE_SVCB,
    Record,
    ServiceBinding,
    parse_name,
)
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.records import homeserver_of, homeserver_records, lenient_key, user_record
from appliance.pubky.signed_packets import SignedPacket

ALICE = Keypair.from_seed(b"\x11" * 32)
HOMESERVER = Keypair.from_seed(bytes(32)).public_key
OTHER = Keypair.from_seed(b"\x22" * 32).public_key
LOCALHOST = "127.0.0.1"


def points_to(*records: Record) -> PublicKey | None:
    return homeserver_of(SignedPacket.sign(ALICE, records, 1))


def test_a_user_record_points_to_its_homeserver() -> None:
    assert points_to(user_record(HOMESERVER)) == HOMESERVER


def test_a_packet_without_a_user_record_points_nowhere() -> None:
    assert points_to(*homeserver_records([LOCALHOST], 6287, None, 6286)) is None


def test_records_of_other_types_under_the_user_label_are_passed_over() -> None:
    address = Record((b"_pubky",), TYPE_A, 60, bytes(4))
    assert points_to(address, user_record(HOMESERVER)) == HOMESERVER


@pytest.mark.parametrize("record_type", [TYPE_HTTPS, TYPE_SVCB])
def test_the_first_record_counts_whatever_its_priority(record_type: int) -> None:
    last_choice = ServiceBinding(9, parse_name(OTHER.z32)).to_rdata()
    first = Record((b"_pubky",), record_type, 60, last_choice)
    assert points_to(first, user_record(HOMESERVER)) == OTHER


def test_a_first_record_without_content_points_nowhere() -> None:
    empty = Record((b"_pubky",), TYPE_HTTPS, 60, b"")
    assert points_to(empty, user_record(HOMESERVER)) is None


def test_a_real_domain_gets_no_port() -> None:
    _, icann, _ = homeserver_records([LOCALHOST], 6287, "hs.example.com", 6286)
    assert ServiceBinding.from_rdata(icann.rdata).params == {}


def test_a_domain_that_is_no_name_is_refused() -> None:
    with pytest.raises(PubkyError):
        homeserver_records([LOCALHOST], 6287, "hs..example", 6286)


@pytest.mark.parametrize("public_ip", ["", "localhost", "127.0.0.1:80"])
def test_an_address_that_is_none_is_refused(public_ip: str) -> None:
    with pytest.raises(PubkyError, match="Invalid public IP address"):
        homeserver_records([public_ip], 6287, None, 6286)


@given(st.text(max_size=120))
def test_any_text_gives_a_key_or_a_refusal(text: str) -> None:
    with suppress(PubkyError):
        lenient_key(text)


@given(st.text(max_size=20))
def test_any_text_around_a_key_gives_a_key_or_a_refusal(noise: str) -> None:
    with suppress(PubkyError):
        lenient_key(f"{noise}{HOMESERVER.z32}{noise}")


@pytest.mark.parametrize("text", ["", HOMESERVER.z32[:-1], f"{HOMESERVER.z32}.com", "0" * 52])
def test_a_text_without_a_key_at_its_end_is_refused(text: str) -> None:
    with pytest.raises(PubkyError):
        lenient_key(text)
