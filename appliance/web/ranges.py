"""Byte ranges: what a Range header asks for, and the multipart form of several (RFC 9110 14)."""

import re
from dataclasses import dataclass

# More ranges than a player or a resumed download needs only cost work: then all is sent.
MOST_RANGES = 16

_SPEC = re.compile(rb"([0-9]{0,19})-([0-9]{0,19})")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` up to but without `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> bytes:
        """The Content-Range value for a body of `size` bytes."""
        return b"bytes %d-%d/%d" % (self.start, self.stop - 1, size)


def parse_ranges(value: bytes, size: int) -> list[ByteRange] | None:
    """The ranges within a body of `size` bytes.

    None: the header is to be ignored (malformed, another unit, too many ranges, or more bytes in
    all than the body has, which only multiplies the work: RFC 9110 17.15). An empty list: none of
    the ranges can be satisfied, which is 416.
    """
    unit, equals, rest = value.strip().partition(b"=")
    if not equals or unit.strip().lower() != b"bytes":
        return None
    specs = [spec.strip() for spec in rest.split(b",") if spec.strip()]
    if not specs or len(specs) > MOST_RANGES:
        return None
    ranges = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None or spec == b"-":
            return None
        first, last = match.groups()
        if not first:
            start, stop = max(0, size - int(last)), size
        else:
            start = int(first)
            stop = min(size, int(last) + 1) if last else size
            if last and int(last) < start:
                return None
        if start < stop:
            ranges.append(ByteRange(start, stop))
    return ranges if sum(item.length for item in ranges) <= size else None


@dataclass(frozen=True, slots=True)
class Multipart:
    """A multipart/byteranges body: the head before each range, and the end."""

    boundary: str
    heads: list[bytes]
    end: bytes
    length: int

    @classmethod
    def of(
        cls, ranges: list[ByteRange], size: int, content_type: str, boundary: str
    ) -> "Multipart":
        """Lay out the parts; `boundary` must not occur in the content."""
        heads = [
            b"\r\n--%s\r\ncontent-type: %s\r\ncontent-range: %s\r\n\r\n"
            % (boundary.encode(), content_type.encode(), item.content_range(size))
            for item in ranges
        ]
        end = b"\r\n--%s--\r\n" % boundary.encode()
        length = sum(map(len, heads)) + sum(item.length for item in ranges) + len(end)
        return cls(boundary, heads, end, length)
