"""Bencode: the encoding of every datagram (BEP 3), read strictly where strictness has a reason.

Signatures cover exact bytes, so numbers have one spelling and a dictionary names a key once. The
order of keys is not insisted on: some nodes append theirs.
"""

from typing import TypeAlias, Union

from appliance.errors import PubkyError, invalid

Value: TypeAlias = Union[int, bytes, "list[Value]", "dict[bytes, Value]"]

MAX_BYTES = 65536
MAX_DEPTH = 16
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1

_COLON, _DICTIONARY, _END, _INTEGER, _LIST, _MINUS, _ZERO, _NINE = b":deil-09"

# Nearly every length in a datagram is one of these, and the look-up is also the check.
_SHORT_LENGTHS = {b"%d" % length: length for length in range(100)}


def encode(value: Value) -> bytes:
    """The one canonical form: keys sorted as raw bytes."""
    parts: list[bytes] = []
    _write(value, parts)
    return b"".join(parts)


def encode_bytes(value: bytes) -> bytes:
    """One byte string."""
    return b"%d:%b" % (len(value), value)


def _write(value: Value, parts: list[bytes]) -> None:
    if isinstance(value, bytes):
        parts.append(encode_bytes(value))
    elif isinstance(value, int):
        parts.append(b"i%de" % value)
    elif isinstance(value, list):
        parts.append(b"l")
        for entry in value:
            _write(entry, parts)
        parts.append(b"e")
    else:
        parts.append(b"d")
        for key in sorted(value):
            parts.append(encode_bytes(key))
            _write(value[key], parts)
        parts.append(b"e")


def decode(data: bytes, exact: bytes | None = None) -> Value:
    """Read one value that fills `data`.

    In dictionaries that lie directly in the outermost one, the value of the key `exact` is given
    as its encoded bytes. Raises `invalid`, also for more than 16 levels, 64 KiB, or a number
    outside 64 bits.
    """
    if len(data) > MAX_BYTES:
        raise invalid("bencode: too long")
    try:
        value, end = _read(data, 0, 0, exact)
    except (IndexError, ValueError):
        raise _broken() from None
    if end != len(data):
        raise invalid("bencode: bytes after the value")
    return value


def _broken() -> PubkyError:
    return invalid("bencode: broken or cut off")


def _read(data: bytes, at: int, depth: int, exact: bytes | None) -> tuple[Value, int]:
    """The value at an offset, and where it ends. IndexError and ValueError mean: cut off."""
    kind = data[at]
    if _ZERO <= kind <= _NINE:
        return _read_bytes(data, at)
    if kind == _INTEGER:
        end = data.index(_END, at)
        return _integer(data[at + 1 : end]), end + 1
    if depth == MAX_DEPTH:
        raise invalid("bencode: too deep")
    if kind == _DICTIONARY:
        return _read_dictionary(data, at + 1, depth, exact)
    if kind == _LIST:
        entries: list[Value] = []
        at += 1
        while data[at] != _END:
            value, at = _read(data, at, depth + 1, None)
            entries.append(value)
        return entries, at + 1
    raise _broken()


def _read_dictionary(
    data: bytes, at: int, depth: int, exact: bytes | None
) -> tuple[dict[bytes, Value], int]:
    found: dict[bytes, Value] = {}
    value: Value
    while data[at] != _END:
        key, start = _read_bytes(data, at)
        if key in found:
            raise invalid("bencode: a key stands twice")
        # Most values are byte strings: one call less for each of them.
        if _ZERO <= data[start] <= _NINE:
            value, at = _read_bytes(data, start)
        else:
            value, at = _read(data, start, depth + 1, exact)
        found[key] = data[start:at] if depth == 1 and key == exact else value
    return found, at + 1


def _read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    colon = data.index(_COLON, at)
    start = colon + 1
    end = start + (_SHORT_LENGTHS.get(data[at:colon]) or _length(data[at:colon]))
    if end > len(data):
        raise _broken()
    return data[start:end], end


def _length(digits: bytes) -> int:
    if not digits.isdigit() or (digits[0] == _ZERO and len(digits) > 1):
        raise _broken()
    return int(digits)


def _integer(text: bytes) -> int:
    digits = text[1:] if text[0] == _MINUS else text
    if not digits.isdigit() or (digits[0] == _ZERO and len(text) > 1):
        raise invalid("bencode: not a number in its one spelling")
    number = int(text)
    if not MIN_INTEGER <= number <= MAX_INTEGER:
        raise invalid("bencode: a number of more than 64 bits")
    return number
