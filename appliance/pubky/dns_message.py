"""The DNS subset inside signed packets: a strict, small reader and a compressing writer.

The reader accepts what official clients accept and refuses what they refuse, which general DNS
libraries do not (discovery 2.4): only the answers count, and trailing bytes are ignored. Names are
tuples of labels, compared byte for byte; RDATA is kept with its names uncompressed.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from appliance.errors import invalid

Name = tuple[bytes, ...]
"""The labels of a name without the empty root label; the root itself is `()`."""

TYPE_A = 1
TYPE_CNAME = 5
TYPE_TXT = 16
TYPE_AAAA = 28
TYPE_SVCB = 64
TYPE_HTTPS = 65
_TYPE_OPT = 41

CLASS_IN = 1
# IN, CS, CH, HS and NONE; the top bit is the cache-flush bit of RFC 6762 10.2.
_KNOWN_CLASSES = frozenset({1, 2, 3, 4, 254})
CLASS_MASK = 0x7FFF

PARAM_PORT = 3
PARAM_IPV4HINT = 4
PARAM_IPV6HINT = 6
PARAM_HTTP_PORT = 65280
"""Private parameter: the plain HTTP port of a homeserver on `localhost`, two bytes big-endian."""

_HEADER_BYTES = 12
_ANSWER_FLAGS = b"\x80\x00"
_RESERVED_BIT = 0x0040
_MAX_LABEL_BYTES = 63
_MAX_NAME_BYTES = 255
_POINTER = 0xC0
_ADDRESS_BYTES = {TYPE_A: 4, TYPE_AAAA: 16}


class _Layout(NamedTuple):
    """Where the names are in the RDATA of a type; `tail_bytes` is `None` for a free tail."""

    lead_bytes: int
    names: int
    tail_bytes: int | None
    compressed: bool


_NAME_ONLY = _Layout(0, 1, 0, compressed=True)
_PREFERENCE_AND_NAME = _Layout(2, 1, 0, compressed=True)
_TWO_NAMES = _Layout(0, 2, 0, compressed=True)
_SERVICE_BINDING = _Layout(2, 1, None, compressed=False)
# RFC 3597 4: only the types of RFC 1035 and a few early ones may carry compressed names.
_LAYOUTS = {
    **dict.fromkeys((2, 3, 4, TYPE_CNAME, 7, 8, 9, 12), _NAME_ONLY),  # NS MD MF CNAME MB MG MR PTR
    **dict.fromkeys((15, 18, 21), _PREFERENCE_AND_NAME),  # MX AFSDB RT
    **dict.fromkeys((14, 17), _TWO_NAMES),  # MINFO RP
    6: _Layout(0, 2, 20, compressed=True),  # SOA
    33: _Layout(6, 1, 0, compressed=False),  # SRV
    **dict.fromkeys((TYPE_SVCB, TYPE_HTTPS), _SERVICE_BINDING),
}


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record; `ttl` counts seconds, `rdata` holds no compressed names."""

    owner: Name
    record_type: int
    ttl: int
    rdata: bytes
    record_class: int = CLASS_IN


@dataclass(frozen=True, slots=True)
class ServiceBinding:
    """The content of an SVCB or HTTPS record (RFC 9460 2.2); an empty target means the owner."""

    priority: int
    target: Name
    params: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def from_rdata(cls, rdata: bytes) -> "ServiceBinding":
        """Read the RDATA of a parsed record; empty or malformed RDATA raises `invalid`."""
        reader = _Reader(rdata)
        priority = reader.u16()
        return cls(priority, reader.name(), reader.service_params(len(rdata)))

    def to_rdata(self) -> bytes:
        """The RDATA, parameters in ascending order as RFC 9460 2.2 demands."""
        params = b"".join(
            key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
            for key, value in sorted(self.params.items())
        )
        return self.priority.to_bytes(2, "big") + _plain_name(self.target) + params


def parse_name(text: str) -> Name:
    """The labels of a dotted name; `.` and the empty text are the root.

    Raises `invalid` on an empty or overlong label and on a name above 255 bytes.
    """
    stripped = text.removesuffix(".")
    labels = tuple(stripped.encode().split(b".")) if stripped else ()
    _check_name(labels)
    return labels


def name_text(name: Name) -> str:
    """The dotted text of a name without a trailing dot, empty for the root; for people and keys."""
    return ".".join(label.decode("utf-8", "replace") for label in name)


def parse_message(message: bytes) -> tuple[Record, ...]:
    """The answers in their order; raises `invalid` where official clients refuse the message."""
    reader = _Reader(message)
    reader.skip(2)
    flags = reader.u16()
    questions, answers = reader.u16(), reader.u16()
    reader.skip(4)
    if flags & _RESERVED_BIT:
        raise invalid("DNS packet: reserved header bit is set")
    for _ in range(questions):
        reader.name()
        reader.skip(4)
    return tuple(reader.record() for _ in range(answers))


def write_message(records: tuple[Record, ...]) -> bytes:
    """A DNS response with these answers, compressed exactly as official clients do (2.3)."""
    if len(records) > 0xFFFF:
        raise invalid("DNS packet: too many records")
    writer = _Writer(
        bytearray(
            b"\x00\x00" + _ANSWER_FLAGS + b"\x00\x00" + len(records).to_bytes(2, "big") + bytes(4)
        )
    )
    for record in records:
        writer.record(record)
    return bytes(writer.out)


def _check_name(name: Name) -> None:
    if any(not 0 < len(label) <= _MAX_LABEL_BYTES for label in name):
        raise invalid("DNS name: a label must have 1 to 63 bytes")
    if sum(len(label) + 1 for label in name) + 1 > _MAX_NAME_BYTES:
        raise invalid("DNS name: longer than 255 bytes")


def _plain_name(name: Name) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in name) + b"\x00"


class _Reader:
    """A position in a message; every step raises `invalid` rather than leaving the message."""

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.message):
            raise invalid("DNS packet: ends too early")
        taken = self.message[self.at : end]
        self.at = end
        return taken

    def skip(self, size: int) -> None:
        self.take(size)

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def name(self) -> Name:
        """A name, following pointers; each must point before the run of labels it ends.

        Strictly falling targets cannot loop, and the 255-byte limit bounds the work per name.
        """
        labels: list[bytes] = []
        size = 1
        resume: int | None = None
        run_start = self.at
        while length := self.take(1)[0]:
            if length & _POINTER == _POINTER:
                target = (length & ~_POINTER) << 8 | self.take(1)[0]
                if target >= run_start:
                    raise invalid("DNS name: a pointer must point backwards")
                resume = self.at if resume is None else resume
                self.at = run_start = target
                continue
            if length > _MAX_LABEL_BYTES:
                raise invalid("DNS name: unknown label type")
            size += length + 1
            if size > _MAX_NAME_BYTES:
                raise invalid("DNS name: longer than 255 bytes")
            labels.append(self.take(length))
        if resume is not None:
            self.at = resume
        return tuple(labels)

    def record(self) -> Record:
        owner = self.name()
        record_type, record_class = self.u16(), self.u16()
        ttl = int.from_bytes(self.take(4), "big")
        size = self.u16()
        # The class of an OPT pseudo-record is a payload size (RFC 6891 6.1.2).
        if record_type != _TYPE_OPT and record_class & CLASS_MASK not in _KNOWN_CLASSES:
            raise invalid("DNS record: unknown class")
        return Record(owner, record_type, ttl, self._rdata(record_type, size), record_class)

    def _rdata(self, record_type: int, size: int) -> bytes:
        """RDATA with its names uncompressed; official clients accept empty RDATA of any type."""
        start, end = self.at, self.at + size
        raw = self.take(size)
        if not raw:
            return raw
        if size != _ADDRESS_BYTES.get(record_type, size):
            raise invalid("DNS record: wrong length of an address")
        if record_type == TYPE_TXT:
            _check_strings(raw)
        layout = _LAYOUTS.get(record_type)
        if layout is None:
            return raw
        self.at = start
        expanded = self.take(layout.lead_bytes)
        expanded += b"".join(_plain_name(self.name()) for _ in range(layout.names))
        tail_start = self.at
        if tail_start > end or (
            layout.tail_bytes is not None and end - tail_start != layout.tail_bytes
        ):
            raise invalid("DNS record: content does not fill its length")
        if layout is _SERVICE_BINDING:
            self.service_params(end)
        self.at = end
        return expanded + self.message[tail_start:end]

    def service_params(self, end: int) -> dict[int, bytes]:
        """SVCB parameters up to `end`, which must be strictly ascending (RFC 9460 2.2)."""
        params: dict[int, bytes] = {}
        last = -1
        while self.at < end:
            key, size = self.u16(), self.u16()
            if key <= last:
                raise invalid("SVCB record: parameters are not ascending")
            params[key] = self.take(size)
            last = key
        if self.at > end:
            raise invalid("SVCB record: a parameter exceeds the record")
        return params


def _check_strings(rdata: bytes) -> None:
    """The character strings of a TXT record must fill its RDATA exactly."""
    at = 0
    while at < len(rdata):
        at += 1 + rdata[at]
    if at > len(rdata):
        raise invalid("TXT record: a string exceeds the record")


@dataclass(slots=True)
class _Writer:
    out: bytearray
    offsets: dict[Name, int] = field(default_factory=dict)

    def name(self, name: Name) -> None:
        """Write a name, ending in a pointer where its remaining labels were written before."""
        _check_name(name)
        for index, label in enumerate(name):
            suffix = name[index:]
            if suffix in self.offsets:
                self.out += (_POINTER << 8 | self.offsets[suffix]).to_bytes(2, "big")
                return
            if len(self.out) <= 0x3FFF:
                self.offsets[suffix] = len(self.out)
            self.out += bytes([len(label)]) + label
        self.out.append(0)

    def record(self, record: Record) -> None:
        self.name(record.owner)
        self.out += record.record_type.to_bytes(2, "big") + record.record_class.to_bytes(2, "big")
        self.out += record.ttl.to_bytes(4, "big") + bytes(2)
        start = len(self.out)
        layout = _LAYOUTS.get(record.record_type)
        if layout is not None and layout.compressed and record.rdata:
            reader = _Reader(record.rdata)
            self.out += reader.take(layout.lead_bytes)
            for _ in range(layout.names):
                self.name(reader.name())
            self.out += record.rdata[reader.at :]
        else:
            self.out += record.rdata
        self.out[start - 2 : start] = (len(self.out) - start).to_bytes(2, "big")
