"""Files that are neither picture nor film: a PDF, archives (malicious ones, too), text, bytes."""

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache

# The largest that apps accept for a file.
LARGEST_BYTES = 100 * 1024 * 1024
BIG_BYTES = 30_000_000
_DATE = (2026, 11, 1, 12, 0, 0)
_MIB = 1024 * 1024


def pdf(line: str = "The harbour map of 1912, page one.") -> bytes:
    """One page with one line on it."""
    drawing = f"BT /F1 18 Tf 40 120 Td ({line}) Tj ET".encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Font<</F1 5 0 R>>>>",
    ]
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        written
        + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        + table
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, len(written))
    )


def archive(files: Mapping[str, bytes], *, link: tuple[str, str] | None = None) -> bytes:
    """A ZIP, the same for the same files on every machine, so nothing in it is compressed.

    `link` adds a symbolic link (name, target).
    """
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as made:
        for name, body in files.items():
            made.writestr(zipfile.ZipInfo(name, _DATE), body)
        if link is not None:
            info = zipfile.ZipInfo(link[0], _DATE)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, link[1])
    return place.getvalue()


@cache
def zip_bomb() -> bytes:
    """Some forty kilobytes that unpack to four gigabytes: 128 names of the same 32 MiB."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(_MIB)
    packed = b"".join(packing.compress(zeros) for _ in range(32)) + packing.flush()
    checksum = 0
    for _ in range(32):
        checksum = zlib.crc32(zeros, checksum)
    facts = struct.pack("<IIIHH", checksum, len(packed), 32 * _MIB, 3, 0)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0x5B61) + facts + b"000" + packed
    entries = b"".join(
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0x5B61)
        + facts
        + struct.pack("<HHHII", 0, 0, 0, 0, 0)
        + b"%03d" % number
        for number in range(128)
    )
    end = struct.pack("<HHHHIIH", 0, 0, 128, 128, len(entries), len(local), 0)
    return local + entries + b"PK\x05\x06" + end


def zip_slip() -> bytes:
    """An archive that wants to be unpacked elsewhere."""
    names = (
        "../../../../etc/cron.d/evil",
        "/etc/passwd",
        "..\\..\\Windows\\evil.dll",
        "C:\\evil.bat",
        "good/../../evil.sh",
        "harmless.txt",
    )
    return archive(dict.fromkeys(names, b"out of the folder\n"), link=("out", "/"))


def utf16_text() -> bytes:
    """A text as an old editor saves it, with a byte order mark."""
    return "Tide table\r\nHigh water 04:12 — 4,8 m\r\nNiedrigwasser 10:31 — 0,9 m\r\n".encode(
        "utf-16"
    )


@cache
def noise(size: int, name: str = "noise") -> bytes:
    """Bytes without any pattern, the same for the same name."""
    return hashlib.shake_128(f"sample life: {name}".encode()).digest(size)


def big_binary() -> bytes:
    """Thirty megabytes of nothing in particular."""
    return noise(BIG_BYTES, "a big binary")


def largest_file() -> bytes:
    """The longest file that apps accept, of zeros; only for whoever asks for it."""
    return bytes(LARGEST_BYTES)
