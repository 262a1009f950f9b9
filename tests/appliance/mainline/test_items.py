"""Items: the published vectors of BEP 44, and that a signature covers everything it should."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from appliance.mainline.items import ImmutableItem, MutableItem, signable
from tests.support.vectors import Entry, entries, load_vectors

PUBLISHED = entries(load_vectors("pkarr"), "bep44")
SIGNED = [entry for entry in PUBLISHED if "signature" in entry]
SIGNABLE = [entry for entry in PUBLISHED if "signable_ascii" in entry]
HASHED = [entry for entry in PUBLISHED if "target" in entry and "signature" not in entry]

KEY = SigningKey(bytes(32))


def salt_of(entry: Entry) -> bytes:
    return (entry.get("salt") or "").encode()


def published(entry: Entry) -> MutableItem:
    return MutableItem.of(
        bytes.fromhex(entry["public_key"]),
        entry["seq"],
        bytes.fromhex(entry["signature"]),
        entry["v_ascii"].encode(),
        salt_of(entry),
    )


def signed(seq: int, encoded: bytes, salt: bytes = b"") -> MutableItem:
    signature = KEY.sign(signable(seq, encoded, salt)).signature
    return MutableItem(bytes(KEY.verify_key), seq, signature, encoded, salt)


def names(chosen: list[Entry]) -> list[str]:
    return [entry["name"] for entry in chosen]


@pytest.mark.parametrize("entry", SIGNED, ids=names(SIGNED))
def test_a_published_item_verifies_and_has_its_target(entry: Entry) -> None:
    item = published(entry)
    assert item.verify()
    assert item.target.hex() == entry["target"]
    assert item.value == entry["v_ascii"].encode()
    assert MutableItem.target_of(item.public_key, item.salt) == item.target


@pytest.mark.parametrize("entry", SIGNABLE, ids=names(SIGNABLE))
def test_the_signed_bytes_are_the_published_ones(entry: Entry) -> None:
    encoded = b"%d:%b" % (len(entry["v_ascii"]), entry["v_ascii"].encode())
    assert signable(entry["seq"], encoded, salt_of(entry)).decode() == entry["signable_ascii"]


@pytest.mark.parametrize("entry", HASHED, ids=names(HASHED))
def test_a_hashed_item_has_its_published_target(entry: Entry) -> None:
    if "bencoded_ascii" in entry:
        item = ImmutableItem(entry["bencoded_ascii"].encode())
    else:
        item = ImmutableItem.of(entry["v_ascii"].encode())
    assert item.target.hex() == entry["target"]


def test_every_published_item_is_used() -> None:
    assert all(entry in SIGNED + SIGNABLE + HASHED for entry in PUBLISHED)


@pytest.mark.parametrize("entry", SIGNED, ids=names(SIGNED))
def test_a_signature_covers_key_seq_value_and_salt(entry: Entry) -> None:
    item = published(entry)
    foreign = bytes(SigningKey(bytes([7] * 32)).verify_key)
    assert not replace(item, public_key=foreign).verify()
    assert not replace(item, seq=item.seq + 1).verify()
    assert not replace(item, encoded=b"12:Hello World?").verify()
    assert not replace(item, salt=item.salt + b"x").verify()
    assert not replace(item, signature=bytes(64)).verify()


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), bytes(32), b"\xff" * 32])
def test_what_is_no_key_signs_nothing(key: bytes) -> None:
    assert not replace(signed(1, b"1:a"), public_key=key).verify()


def test_a_key_with_another_byte_behind_it_is_no_key() -> None:
    item = signed(1, b"1:a")
    assert not replace(item, public_key=item.public_key + b"x").verify()


def test_no_byte_moves_from_the_message_into_the_signature() -> None:
    signature = KEY.sign(b"x" + signable(1, b"1:a")).signature
    assert not replace(signed(1, b"1:a"), signature=signature + b"x").verify()


@pytest.mark.parametrize("length", [0, 63])
def test_a_signature_that_is_too_short_is_none(length: int) -> None:
    item = signed(1, b"1:a")
    assert not replace(item, signature=item.signature[:length]).verify()


@pytest.mark.parametrize("seq", [-(2**63), -1, 0, 2**63 - 1])
def test_any_64_bit_seq_can_be_signed(seq: int) -> None:
    assert signed(seq, b"1:a").verify()


@pytest.mark.parametrize("encoded", [b"i7e", b"le", b"d1:bi1e1:ai2ee"])
def test_other_values_are_signed_as_they_were_encoded(encoded: bytes) -> None:
    item = signed(1, encoded, b"salt")
    assert item.verify()
    assert item.value is None
    assert item.size == ImmutableItem(encoded).size == len(encoded)
    assert ImmutableItem(encoded).value is None


@given(st.binary(max_size=1200))
def test_a_byte_string_comes_out_as_it_went_in(value: bytes) -> None:
    mutable = MutableItem.of(bytes(32), 1, bytes(64), value)
    immutable = ImmutableItem.of(value)
    assert mutable.value == immutable.value == value
    assert mutable.size == immutable.size == len(value)
    assert mutable.encoded == immutable.encoded


def test_the_later_seq_is_more_recent_whatever_the_value() -> None:
    old, new = signed(1, b"1:z"), signed(2, b"1:a")
    assert new.more_recent_than(old)
    assert not old.more_recent_than(new)


def test_the_larger_value_wins_a_tie() -> None:
    # As bencoded texts, "9:" would be larger than "10:".
    small, large = (MutableItem.of(bytes(32), 1, bytes(64), v) for v in (b"a" * 9, b"b" * 10))
    assert large.more_recent_than(small)
    assert not small.more_recent_than(large)
    assert not large.more_recent_than(replace(large))


def test_values_of_another_kind_have_an_order_too() -> None:
    assert signed(1, b"i2e").more_recent_than(signed(1, b"i1e"))
