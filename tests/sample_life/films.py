"""Twelve seconds of film and of sound, in the simplest form that decoders take.

The film is H.264 (ITU-T H.264, baseline) whose macroblocks are uncompressed samples; the sound is
MPEG-2 layer III (ISO/IEC 13818-3) without any.
"""

import struct
from functools import cache

SECONDS = 12
_ACROSS, _DOWN = 4, 3
_MACROBLOCK = 16
WIDTH, HEIGHT = _ACROSS * _MACROBLOCK, _DOWN * _MACROBLOCK
_TIMESCALE = 1000
# 8 kbit/s at 24 kHz: 24 bytes for 24 ms.
_SOUND_FRAME = b"\xff\xf3\x14\xc0" + bytes(20)
_UNITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@cache
def mp4() -> bytes:
    """A film of twelve pictures, one a second, each of another colour."""
    frames = [_frame(number) for number in range(SECONDS)]
    start = _box("ftyp", b"isom\0\0\x02\0isomiso2avc1mp41")
    offset = len(start) + len(_moov(frames, 0)) + 8
    return start + _moov(frames, offset) + _box("mdat", b"".join(frames))


def padded_mp4(size: int) -> bytes:
    """The same film with room in it, `size` bytes in all."""
    film = mp4()
    return film + _box("free", bytes(size - len(film) - 8))


def mp3(title: str = "Silence by the canal") -> bytes:
    """Twelve seconds of silence with a title."""
    text = b"\x03" + title.encode()
    tag = b"TIT2" + struct.pack(">IH", len(text), 0) + text
    # Sizes in ID3 have seven bits a byte.
    size = bytes([0, 0, len(tag) >> 7, len(tag) & 0x7F])
    return b"ID3\x04\0\0" + size + tag + _SOUND_FRAME * (SECONDS * 1000 // 24)


class _Bits:
    """Bits, most significant first, and the codes of H.264 9.1."""

    def __init__(self) -> None:
        self._text = ""

    def fixed(self, value: int, width: int) -> None:
        self._text += f"{value:0{width}b}"

    def golomb(self, *values: int) -> None:
        for value in values:
            digits = f"{value + 1:b}"
            self._text += "0" * (len(digits) - 1) + digits

    def align(self) -> None:
        self._text += "0" * (-len(self._text) % 8)

    def sample_bytes(self, data: bytes) -> None:
        self._text += "".join(f"{byte:08b}" for byte in data)

    def ended(self) -> bytes:
        """With the stop bit."""
        self._text += "1"
        self.align()
        return bytes(int(self._text[at : at + 8], 2) for at in range(0, len(self._text), 8))


def _unit(kind: int, payload: bytes) -> bytes:
    """A NAL unit: three bytes that look like a start code get another byte in between (7.4.1)."""
    escaped = bytearray([kind])
    zeros = 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)


def _sequence_parameters() -> bytes:
    bits = _Bits()
    bits.sample_bytes(b"\x42\xc0\x0a")  # baseline, level 1
    # Id, four bits of frame number, order of output is order of decoding, one reference.
    bits.golomb(0, 0, 2, 1)
    bits.fixed(0, 1)
    bits.golomb(_ACROSS - 1, _DOWN - 1)
    bits.fixed(0b1100, 4)  # frames only, direct 8x8; no cropping, no further parameters
    return _unit(0x67, bits.ended())


def _picture_parameters() -> bytes:
    bits = _Bits()
    bits.golomb(0, 0)
    bits.fixed(0, 2)
    bits.golomb(0, 0, 0)
    bits.fixed(0, 3)
    bits.golomb(0, 0, 0)
    bits.fixed(0, 3)
    return _unit(0x68, bits.ended())


def _frame(number: int) -> bytes:
    """One picture that needs no other, with its length before it."""
    bits = _Bits()
    bits.golomb(0, 7, 0)  # from the first macroblock, intra only, with picture parameters 0
    bits.fixed(0, 4)
    bits.golomb(number % 2)  # neighbours must have different ids
    bits.fixed(0, 2)
    bits.golomb(0)
    for block in range(_ACROSS * _DOWN):
        bits.golomb(25)  # uncompressed samples
        bits.align()
        shade = 40 + (number * 16 + block * 5) % 176
        bits.sample_bytes(bytes([shade]) * 256)
        bits.sample_bytes(bytes([64 + 10 * number]) * 64 + bytes([200 - 8 * number]) * 64)
    unit = _unit(0x65, bits.ended())
    return struct.pack(">I", len(unit)) + unit


def _box(name: str, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", len(content) + 8) + name.encode() + content


def _moov(frames: list[bytes], offset: int) -> bytes:
    length = SECONDS * _TIMESCALE
    mvhd = struct.pack(">5I", 0, 0, 0, _TIMESCALE, length) + struct.pack(">IH", 0x10000, 0x100)
    tkhd = struct.pack(">6I", 7, 0, 0, 1, 0, length) + bytes(16)
    mdhd = struct.pack(">5IHH", 0, 0, 0, _TIMESCALE, length, 0x55C4, 0)
    handler = bytes(8) + b"vide" + bytes(12) + b"Film\0"
    media = _box(
        "mdia",
        _box("mdhd", mdhd),
        _box("hdlr", handler),
        _box(
            "minf",
            _box("vmhd", b"\0\0\0\x01" + bytes(8)),
            _box("dinf", _box("dref", struct.pack(">II", 0, 1), _box("url ", b"\0\0\0\x01"))),
            _box("stbl", *_sample_table(frames, offset)),
        ),
    )
    size = struct.pack(">II", WIDTH << 16, HEIGHT << 16)
    return _box(
        "moov",
        _box("mvhd", mvhd, bytes(10), _UNITY, bytes(24), struct.pack(">I", 2)),
        _box("trak", _box("tkhd", tkhd, _UNITY, size), media),
    )


def _sample_table(frames: list[bytes], offset: int) -> list[bytes]:
    sequence, picture = _sequence_parameters(), _picture_parameters()
    configuration = b"".join(
        (
            b"\x01" + sequence[1:4] + b"\xff\xe1",
            struct.pack(">H", len(sequence)) + sequence,
            b"\x01" + struct.pack(">H", len(picture)) + picture,
        )
    )
    entry = b"".join(
        (
            bytes(6) + b"\0\x01" + bytes(16),
            struct.pack(">HHIIIH", WIDTH, HEIGHT, 0x480000, 0x480000, 0, 1),
            bytes(32) + struct.pack(">HH", 24, 0xFFFF),
            _box("avcC", configuration),
        )
    )
    sizes = b"".join(struct.pack(">I", len(frame)) for frame in frames)
    return [
        _box("stsd", struct.pack(">II", 0, 1), _box("avc1", entry)),
        _box("stts", struct.pack(">4I", 0, 1, len(frames), _TIMESCALE)),
        _box("stsc", struct.pack(">5I", 0, 1, 1, len(frames), 1)),
        _box("stsz", struct.pack(">3I", 0, 0, len(frames)), sizes),
        _box("stco", struct.pack(">3I", 0, 1, offset)),
    ]
