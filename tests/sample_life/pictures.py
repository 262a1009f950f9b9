"""Pictures that decode: drawn here where a format is simple, from a few hundred bytes where not."""

import base64
import json
import struct
import zlib
from functools import cache
from pathlib import Path

from tests.sample_life.chance import Chance

WIDTH, HEIGHT = 128, 80
_SKY, _SUN, _HILL, _WATER = 0, 20, 21, 30
_COLOURS = 40
_ENCODED = Path(__file__).parent / "pictures.json"


@cache
def landscape(number: int) -> bytes:
    """A PNG with hills, a sky and a sun; each number has its own."""
    chance = Chance(f"landscape {number}")
    rows = _drawn(chance)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    # Filter 0 before each row: the rows as they are.
    pixels = _uncompressed(b"".join(b"\0" + row for row in rows))
    return _png(("IHDR", header), ("PLTE", _palette(chance)), ("IDAT", pixels))


def huge_png(width: int, height: int) -> bytes:
    """A black picture of any size in few bytes: what a decoder makes of it is not small."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packing = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(packing.compress(row) for _ in range(height)) + packing.flush()
    return _png(("IHDR", header), ("IDAT", pixels))


def animation(frames: int = 6) -> bytes:
    """A GIF in which a bar walks to the right for ever."""
    size = 24
    greys = b"".join(bytes([2 * index] * 3) for index in range(128))
    parts = [b"GIF89a", struct.pack("<HHBBB", size, size, 0xF6, 0, 0), greys]
    parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")
    for frame in range(frames):
        bar = frame * size // frames
        row = bytes(120 if bar <= x < bar + 4 else 30 + x for x in range(size))
        parts.append(b"\x21\xf9\x04\x04" + struct.pack("<HBB", 20, 0, 0))
        parts.append(b"\x2c" + struct.pack("<HHHHB", 0, 0, size, size, 0))
        parts.append(_gif_pixels(row * size))
    return b"".join(parts) + b";"


def jpeg(remark: str = "") -> bytes:
    """A tiny photograph; the remark makes it another file."""
    plain = _encoded("jpeg")
    if not remark:
        return plain
    return plain[:2] + _jpeg_segment(0xFE, remark.encode()) + plain[2:]


def turned_jpeg_with_place() -> bytes:
    """A photograph whose EXIF says that it lies on its side, and where it was taken."""
    plain = _encoded("jpeg")
    return plain[:2] + _jpeg_segment(0xE1, b"Exif\0\0" + _exif()) + plain[2:]


def webp() -> bytes:
    """A tiny WebP."""
    return _encoded("webp")


def avif() -> bytes:
    """A tiny AVIF."""
    return _encoded("avif")


def svg(number: int = 0) -> bytes:
    """A drawing of harmless shapes."""
    chance = Chance(f"drawing {number}")
    circles = "".join(
        f'<circle cx="{chance.below(120)}" cy="{chance.below(80)}" r="{chance.between(3, 15)}"'
        f' fill="#{chance.below(1 << 24):06x}"/>'
        for _ in range(8)
    )
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80">'
    return f'{head}<rect width="120" height="80" fill="#eef4df"/>{circles}</svg>'.encode()


def _uncompressed(data: bytes) -> bytes:
    """A zlib stream of one stored block (RFC 1950, 1951).

    Compressors differ from machine to machine, and ids are made of these bytes.
    """
    length = struct.pack("<HH", len(data), len(data) ^ 0xFFFF)
    return b"\x78\x01\x01" + length + data + struct.pack(">I", zlib.adler32(data))


def _png(*chunks: tuple[str, bytes]) -> bytes:
    written = [b"\x89PNG\r\n\x1a\n"]
    for name, data in (*chunks, ("IEND", b"")):
        named = name.encode() + data
        written.append(struct.pack(">I", len(data)) + named + struct.pack(">I", zlib.crc32(named)))
    return b"".join(written)


def _drawn(chance: Chance) -> list[bytes]:
    """Rows of palette numbers."""
    heights = [float(chance.between(30, 55))]
    slope = 0.0
    for _ in range(WIDTH - 1):
        slope = max(-1.5, min(1.5, slope + (chance.below(100) - 50) / 120))
        heights.append(max(22.0, min(68.0, heights[-1] + slope)))
    sun_x, sun_y, radius = chance.between(12, WIDTH - 12), chance.between(8, 20), 7
    rows = []
    for y in range(HEIGHT):
        row = bytearray([min(_SKY + y // 3, _SUN - 1)]) * WIDTH
        span = radius * radius - (y - sun_y) ** 2
        if span > 0:
            half = int(span**0.5)
            row[sun_x - half : sun_x + half] = bytes([_SUN]) * (2 * half)
        for x, height in enumerate(heights):
            if y > height:
                row[x] = _HILL + min(int(y - height) // 5, 8) if y < 66 else _WATER + (y + x) % 3
        rows.append(bytes(row))
    return rows


def _palette(chance: Chance) -> bytes:
    red, green, blue = (chance.between(90, 190) for _ in range(3))
    colours = [
        (min(255, red + 3 * n), min(255, green + 2 * n), min(255, blue + n)) for n in range(20)
    ]
    colours.append((248, 210, 96))
    colours += [(red // 2 - 4 * n, green // 2 + 6 * n, blue // 3) for n in range(9)]
    colours += [(40 + 4 * n, 80 + 5 * n, 120 + 6 * n) for n in range(10)]
    return b"".join(bytes(max(0, part) for part in colour) for colour in colours[:_COLOURS])


def _gif_pixels(pixels: bytes) -> bytes:
    """LZW without finding anything: with 7-bit colours every code has eight bits as long as the
    table is emptied before its 128th entry, so codes are bytes."""
    clear, end = 0x80, 0x81
    codes = bytearray()
    for start in range(0, len(pixels), 120):
        codes.append(clear)
        codes += pixels[start : start + 120]
    codes.append(end)
    blocks = [codes[start : start + 255] for start in range(0, len(codes), 255)]
    return b"\x07" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _jpeg_segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def _exif() -> bytes:
    """TIFF, big-endian: orientation 6 (turn right), and a spot in the sea off Lisbon."""
    gps = 8 + 2 + 2 * 12 + 4
    values = gps + 2 + 4 * 12 + 4
    return b"".join(
        (
            b"MM\0\x2a\0\0\0\x08",
            struct.pack(">H", 2),
            struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0),
            struct.pack(">HHII", 0x8825, 4, 1, gps),
            bytes(4),
            struct.pack(">H", 4),
            struct.pack(">HHI4s", 1, 2, 2, b"N"),
            struct.pack(">HHII", 2, 5, 3, values),
            struct.pack(">HHI4s", 3, 2, 2, b"W"),
            struct.pack(">HHII", 4, 5, 3, values + 24),
            bytes(4),
            struct.pack(">6I", 38, 1, 41, 1, 2400, 100),
            struct.pack(">6I", 9, 1, 31, 1, 1200, 100),
        )
    )


@cache
def _encoded(name: str) -> bytes:
    return base64.b64decode(json.loads(_ENCODED.read_text(encoding="ascii"))[name])
