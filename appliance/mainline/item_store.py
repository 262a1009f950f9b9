"""The items that a node keeps for others (BEP 44; discovery 5.2): bounded, forgotten by disuse."""

from collections import OrderedDict
from typing import TypeVar

from appliance.mainline.items import (
    MAX_SALT_BYTES,
    MAX_VALUE_BYTES,
    PUBLIC_KEY_BYTES,
    SIGNATURE_BYTES,
    ImmutableItem,
    Item,
    MutableItem,
)
from appliance.mainline.messages import (
    CAS_MISMATCH,
    INVALID_SIGNATURE,
    PROTOCOL_ERROR,
    SALT_TOO_BIG,
    SEQ_TOO_LOW,
    VALUE_TOO_BIG,
)

_Kind = TypeVar("_Kind", MutableItem, ImmutableItem)


class Refusal(Exception):  # noqa: N818 # it is the answer to a put, not a fault of the program
    """Why an item is not kept: the code and the text of the answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ItemStore:
    """The items used last, by target, each kind within a limit of its own."""

    __slots__ = ("_immutable", "_max_immutable", "_max_mutable", "_mutable")

    def __init__(self, max_mutable: int = 1000, max_immutable: int = 1000) -> None:
        self._mutable: OrderedDict[bytes, MutableItem] = OrderedDict()
        self._immutable: OrderedDict[bytes, ImmutableItem] = OrderedDict()
        self._max_mutable = max_mutable
        self._max_immutable = max_immutable

    @property
    def mutable_count(self) -> int:
        """How many signed items are kept."""
        return len(self._mutable)

    @property
    def immutable_count(self) -> int:
        """How many hashed items are kept."""
        return len(self._immutable)

    def get(self, target: bytes) -> Item | None:
        """What lies at a target; asking keeps it from being forgotten."""
        if target in self._mutable:
            self._mutable.move_to_end(target)
            return self._mutable[target]
        if target in self._immutable:
            self._immutable.move_to_end(target)
            return self._immutable[target]
        return None

    def put(self, item: Item, cas: int | None = None, target: bytes | None = None) -> None:
        """Keep an item. `cas` is the `seq` that the sender believes to replace, `target` where he
        believes it to lie. Raises `Refusal` in the order of discovery 5.2; whether the sender
        holds a write token is the caller's to check.
        """
        if item.size > MAX_VALUE_BYTES:
            raise Refusal(VALUE_TOO_BIG, "Message (v field) too big.")
        if isinstance(item, ImmutableItem):
            self._put_immutable(item, target)
        else:
            self._put_mutable(item, cas, target)

    def _put_immutable(self, item: ImmutableItem, target: bytes | None) -> None:
        place = item.target
        if target not in (None, place):
            raise Refusal(PROTOCOL_ERROR, "The target is not the hash of the value.")
        _remember(self._immutable, place, item, self._max_immutable)

    def _put_mutable(self, item: MutableItem, cas: int | None, target: bytes | None) -> None:
        if len(item.salt) > MAX_SALT_BYTES:
            raise Refusal(SALT_TOO_BIG, "salt (salt field) too big.")
        if len(item.public_key) != PUBLIC_KEY_BYTES:
            raise Refusal(PROTOCOL_ERROR, "The key (k field) must have 32 bytes.")
        if len(item.signature) != SIGNATURE_BYTES:
            raise Refusal(PROTOCOL_ERROR, "The signature (sig field) must have 64 bytes.")
        place = item.target
        if target not in (None, place):
            # Else anybody's signature would put anything where somebody else's item belongs.
            raise Refusal(PROTOCOL_ERROR, "The target is not the hash of key and salt.")
        stored = self._mutable.get(place)
        if stored is not None:
            if cas is not None and cas != stored.seq:
                raise Refusal(CAS_MISMATCH, "CAS mismatched, re-read value and try again.")
            if item.seq < stored.seq:
                raise Refusal(SEQ_TOO_LOW, "Sequence number less than current.")
        # Most puts repeat what is here, and a signature costs more than all the rest.
        if item != stored and not item.verify():
            raise Refusal(INVALID_SIGNATURE, "Invalid signature")
        _remember(self._mutable, place, item, self._max_mutable)


def _remember(places: OrderedDict[bytes, _Kind], place: bytes, item: _Kind, limit: int) -> None:
    places[place] = item
    places.move_to_end(place)
    if len(places) > limit:
        places.popitem(last=False)
