"""The items kept for others: refusals in their order, and room that never grows."""

from dataclasses import replace

import pytest
from nacl.signing import SigningKey

from appliance.mainline.item_store import ItemStore, Refusal
from appliance.mainline.items import ImmutableItem, Item, MutableItem, signable

KEY = SigningKey(bytes(32))


def signed(
    seq: int, value: bytes = b"value", salt: bytes = b"", key: SigningKey = KEY
) -> MutableItem:
    item = MutableItem.of(bytes(key.verify_key), seq, bytes(64), value, salt)
    signature = key.sign(signable(seq, item.encoded, salt)).signature
    return replace(item, signature=signature)


def someone(number: int) -> SigningKey:
    return SigningKey(number.to_bytes(32, "big"))


def refusal_of(
    store: ItemStore, item: Item, cas: int | None = None, target: bytes | None = None
) -> tuple[int, str]:
    with pytest.raises(Refusal) as refusal:
        store.put(item, cas, target)
    return refusal.value.code, refusal.value.text


def test_what_was_put_is_found_at_its_target() -> None:
    store = ItemStore()
    mutable, salted, immutable = signed(1), signed(1, salt=b"s"), ImmutableItem.of(b"hello")
    for item in (mutable, salted, immutable):
        assert store.get(item.target) is None
        store.put(item, target=item.target)
        assert store.get(item.target) == item
    assert (store.mutable_count, store.immutable_count) == (2, 1)


@pytest.mark.parametrize("kind", [signed(1, b"x" * 1001), ImmutableItem.of(b"x" * 1001)])
def test_a_value_of_more_than_1000_bytes_is_refused(kind: Item) -> None:
    assert refusal_of(ItemStore(), kind) == (205, "Message (v field) too big.")


def test_the_limit_counts_raw_bytes_of_byte_strings_and_encoded_bytes_of_others() -> None:
    store = ItemStore()
    store.put(signed(1, b"x" * 1000))
    store.put(ImmutableItem.of(b"x" * 1000))
    store.put(ImmutableItem(b"l994:" + b"x" * 994 + b"e"))
    assert refusal_of(store, ImmutableItem(b"l995:" + b"x" * 995 + b"e"))[0] == 205


def test_a_salt_of_more_than_64_bytes_is_refused() -> None:
    store = ItemStore()
    store.put(signed(1, salt=b"s" * 64))
    refused = refusal_of(store, signed(1, salt=b"s" * 65))
    assert refused == (207, "salt (salt field) too big.")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    item = replace(signed(1), public_key=bytes(length))
    assert refusal_of(ItemStore(), item) == (203, "The key (k field) must have 32 bytes.")


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    item = replace(signed(1), signature=bytes(length))
    assert refusal_of(ItemStore(), item) == (203, "The signature (sig field) must have 64 bytes.")


def test_an_item_of_one_key_does_not_land_where_anothers_belongs() -> None:
    store = ItemStore()
    theirs = signed(1, key=someone(1)).target
    refused = refusal_of(store, signed(1), target=theirs)
    assert refused == (203, "The target is not the hash of key and salt.")
    assert refusal_of(store, signed(1, salt=b"s"), target=signed(1).target)[0] == 203
    assert store.get(theirs) is None


def test_an_immutable_item_lies_at_its_hash_only() -> None:
    store = ItemStore()
    refused = refusal_of(store, ImmutableItem.of(b"hello"), target=bytes(20))
    assert refused == (203, "The target is not the hash of the value.")
    assert store.get(bytes(20)) is None


def test_a_wrong_cas_is_refused_and_the_stored_seq_is_right() -> None:
    store = ItemStore()
    store.put(signed(5))
    refused = refusal_of(store, signed(6), cas=4)
    assert refused == (301, "CAS mismatched, re-read value and try again.")
    store.put(signed(6), cas=5)
    assert store.get(signed(6).target) == signed(6)


def test_a_cas_is_ignored_where_nothing_is_stored() -> None:
    store = ItemStore()
    store.put(signed(5), cas=99)
    assert store.mutable_count == 1


def test_an_older_item_is_refused() -> None:
    store = ItemStore()
    store.put(signed(5))
    assert refusal_of(store, signed(4)) == (302, "Sequence number less than current.")
    assert store.get(signed(5).target) == signed(5)


def test_the_same_seq_overwrites_also_with_another_value() -> None:
    store = ItemStore()
    store.put(signed(5, b"one"))
    store.put(signed(5, b"one"))
    store.put(signed(5, b"uno"))
    assert store.get(signed(5).target) == signed(5, b"uno")


def test_a_negative_seq_is_kept() -> None:
    store = ItemStore()
    store.put(signed(-7))
    assert store.get(signed(-7).target) == signed(-7)


def test_a_forged_item_is_refused_whether_or_not_one_is_stored() -> None:
    store = ItemStore()
    forged = replace(signed(9, b"mine"), seq=10)
    assert refusal_of(store, forged) == (206, "Invalid signature")
    assert store.mutable_count == 0
    store.put(signed(1))
    assert refusal_of(store, forged) == (206, "Invalid signature")
    assert refusal_of(store, replace(signed(1), signature=bytes(64)))[0] == 206
    assert store.get(forged.target) == signed(1)


def test_the_checks_come_in_the_order_of_the_reference() -> None:
    store = ItemStore()
    stored = signed(5)
    store.put(stored)
    wrong = replace(stored, seq=4, encoded=b"1001:" + b"x" * 1001, salt=b"s" * 65)
    assert refusal_of(store, wrong, cas=3)[0] == 205
    wrong = replace(wrong, encoded=b"1:x")
    assert refusal_of(store, wrong, cas=3)[0] == 207
    wrong = replace(wrong, salt=b"")
    assert refusal_of(store, wrong, cas=3)[0] == 301
    assert refusal_of(store, wrong, cas=5)[0] == 302
    wrong = replace(wrong, seq=5)
    assert refusal_of(store, wrong, cas=5)[0] == 206


def test_the_item_used_longest_ago_makes_room() -> None:
    store = ItemStore(max_mutable=3, max_immutable=1)
    items = [signed(1, key=someone(number)) for number in range(4)]
    for item in items[:3]:
        store.put(item)
    store.get(items[0].target)
    store.put(items[1])
    store.put(items[3])
    kept = [store.get(item.target) is not None for item in items]
    assert kept == [True, True, False, True]
    assert store.mutable_count == 3


def test_immutable_items_have_room_of_their_own() -> None:
    store = ItemStore(max_mutable=1, max_immutable=2)
    store.put(signed(1))
    hashed = [ImmutableItem.of(value) for value in (b"a", b"b", b"c")]
    store.put(hashed[0])
    store.put(hashed[1])
    store.get(hashed[0].target)
    store.put(hashed[2])
    assert [store.get(item.target) is not None for item in hashed] == [True, False, True]
    assert store.get(signed(1).target) == signed(1)
