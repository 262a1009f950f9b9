"""The part of the postcard byte format that tokens and session records use.

Structures are their fields in order, without tags or padding; a reader leaves what follows alone.
"""

from collections.abc import Sequence

from appliance.errors import invalid

_VARINT_MAX_BYTES = 10
_U64_LIMIT = 1 << 64


def varint(value: int) -> bytes:
    """LEB128 of an unsigned 64-bit number: seven bits a byte, low group first."""
    if not 0 <= value < _U64_LIMIT:
        raise ValueError(f"{value} is not an unsigned 64-bit number")
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def string(text: str) -> bytes:
    """Byte length as a varint, then UTF-8."""
    data = text.encode()
    return varint(len(data)) + data


def strings(texts: Sequence[str]) -> bytes:
    """Count as a varint, then each string."""
    return varint(len(texts)) + b"".join(map(string, texts))


class Reader:
    """Takes fields off `data` from the front; every method raises `invalid` when it cannot."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._position

    def fixed(self, length: int) -> bytes:
        """Exactly `length` raw bytes."""
        if length > self.remaining:
            raise invalid("Hit the end of buffer, expected more data")
        start = self._position
        self._position += length
        return self._data[start : self._position]

    def varint(self) -> int:
        """An unsigned 64-bit number; longer spellings than needed are allowed up to ten bytes."""
        value = 0
        for index in range(_VARINT_MAX_BYTES):
            byte = self.fixed(1)[0]
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                break
        else:
            raise invalid("A number does not end after ten bytes")
        if value >= _U64_LIMIT:
            raise invalid("A number exceeds 64 bits")
        return value

    def string(self) -> str:
        """A UTF-8 string with its length in front."""
        data = self.fixed(self.varint())
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise invalid("Tried to parse invalid utf-8") from None

    def strings(self) -> tuple[str, ...]:
        """A list of strings. Each takes a byte or more, so a false count ends with the buffer."""
        return tuple(self.string() for _ in range(self.varint()))
