"""Keys beyond the vectors: texts of strangers, signatures, secrets."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky import z32
from appliance.pubky.keys import Keypair, PublicKey

ALICE = Keypair.from_seed(bytes(32))
BOB = Keypair.from_seed(b"\x01" * 32)
ALICE_Z32 = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"

ANY_TEXT = st.text(st.characters(exclude_categories=()))
SEEDS = st.binary(min_size=32, max_size=32)


@given(SEEDS)
def test_key_of_any_seed_survives_a_round_trip_through_its_text(seed: bytes) -> None:
    key = Keypair.from_seed(seed).public_key
    assert PublicKey.parse(key.z32) == key
    assert PublicKey.from_bytes(key.raw) == key


@given(st.one_of(ANY_TEXT, st.text(z32.ALPHABET, min_size=52, max_size=52)))
def test_any_text_is_a_key_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        assert z32.decode(text) == PublicKey.parse(text).raw


@given(st.one_of(ANY_TEXT, st.from_regex(r"[a-z.]{0,9}[ybndrfg8]{52}[.:0-9]{0,5}")))
def test_any_host_is_a_key_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        PublicKey.parse_host(text)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_key_or_are_refused(raw: bytes) -> None:
    with suppress(PubkyError):
        assert PublicKey.from_bytes(raw).raw == raw


def test_bytes_that_are_no_curve_point_are_refused() -> None:
    with pytest.raises(PubkyError, match="not a curve point"):
        PublicKey.parse("c1bkg8tfsyy8wcedtmw4fwhdmm7bbzhgg3z58tf43m5ow8w9mbus")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(PubkyError, match="expected 32 bytes"):
        PublicKey.from_bytes(bytes(length))


def test_all_sixteen_spellings_are_one_key() -> None:
    spellings = [ALICE_Z32[:-1] + last for last in z32.ALPHABET[16:]]
    assert len(spellings) == 16
    assert {PublicKey.parse(text).z32 for text in spellings} == {ALICE_Z32}


@pytest.mark.parametrize(
    "host",
    [
        ALICE_Z32,
        f"{ALICE_Z32}.",
        f"{ALICE_Z32}:6287",
        f"{ALICE_Z32}.:443",
        f"_pubky.{ALICE_Z32}",
        f"_pubky.{ALICE_Z32}:6287",
        f"any.Prefix-1.{ALICE_Z32}",
        f"pubky.{ALICE_Z32}",
        f"pk:{ALICE_Z32}",
        f"pk:{ALICE_Z32}:80",
    ],
)
def test_transport_form_of_a_host_is_accepted(host: str) -> None:
    assert PublicKey.parse_host(host) == ALICE.public_key


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:6286",
        "[::1]:80",
        f"pubky{ALICE_Z32}",
        f"_pubky.pubky{ALICE_Z32}",
        f"pubky://{ALICE_Z32}",
        f"https://{ALICE_Z32}/x",
        f"{ALICE_Z32}.example",
        f"{ALICE_Z32}:",
        f"{ALICE_Z32}:٣",
        f"{ALICE_Z32}..",
        f".{ALICE_Z32}",
        f"a..{ALICE_Z32}",
        f"user@{ALICE_Z32}",
        f" {ALICE_Z32}",
        f"{ALICE_Z32}\n",
        ALICE_Z32.upper(),
    ],
)
def test_other_host_is_refused(host: str) -> None:
    with pytest.raises(PubkyError):
        PublicKey.parse_host(host)


def test_text_of_a_key_is_its_z32() -> None:
    assert str(ALICE.public_key) == ALICE_Z32


@given(SEEDS, st.binary())
def test_own_signature_is_accepted(seed: bytes, message: bytes) -> None:
    keypair = Keypair.from_seed(seed)
    signature = keypair.sign(message)
    assert len(signature) == 64
    assert keypair.public_key.verify(message, signature)


def test_signature_of_another_key_is_refused() -> None:
    assert not ALICE.public_key.verify(b"hello", BOB.sign(b"hello"))


def test_signature_of_another_message_is_refused() -> None:
    assert not ALICE.public_key.verify(b"hello", ALICE.sign(b"hullo"))


@given(st.binary(max_size=70))
def test_any_bytes_as_signature_are_refused(signature: bytes) -> None:
    assert not ALICE.public_key.verify(b"hello", signature)


def test_signature_does_not_borrow_bytes_from_the_message() -> None:
    signature = ALICE.sign(b"hello")
    assert not ALICE.public_key.verify(signature[32:] + b"hello", signature[:32])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(PubkyError):
        Keypair.from_seed(bytes(length))


def test_printing_a_keypair_hides_the_seed() -> None:
    keypair = Keypair.from_seed(b"\x61" * 32)
    shown = f"{keypair} {keypair!r}"
    assert "aaaa" not in shown
    assert keypair.secret_text() not in shown


@given(SEEDS)
def test_secret_text_survives_a_round_trip(seed: bytes) -> None:
    keypair = Keypair.from_seed(seed)
    assert Keypair.from_secret_text(f"  {keypair.secret_text().upper()}\r\n") == keypair


@given(ANY_TEXT)
def test_any_secret_text_is_a_keypair_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        Keypair.from_secret_text(text)


def test_refusal_of_a_secret_text_does_not_repeat_it() -> None:
    with pytest.raises(PubkyError) as refusal:
        Keypair.from_secret_text("5e" * 31 + " 5e")
    assert "5e5e" not in refusal.value.message
