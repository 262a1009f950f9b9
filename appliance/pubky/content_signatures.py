"""Magic bytes of file formats: an ordered table of a media type and its test (client API 10).

The tests run strictly in table order and the first match wins, so a row's place is part of its
meaning: WebP stands before AVI although both are RIFF. Offsets and sizes count bytes.
"""

import re
from collections.abc import Callable
from uuid import UUID

Signature = tuple[str, Callable[[bytes], bool]]

_ZIP = b"PK\x03\x04"
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_MP4_BRANDS = frozenset(
    b"avc1 dash iso2 iso3 iso4 iso5 iso6 isom mmp4 mp41 mp42 mp4v mp71 MSNV NDAS NDSC NSDC NDSH "
    b"NDSM NDSP NDSS NDXC NDXH NDXM NDXP NDXS".split()
) | {b"F4V ", b"F4P "}
_HTML = re.compile(
    rb"<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--)"
    rb"[ >]",
    re.IGNORECASE,
)
_LEADING_SPACE = b"\t\n\x0c\r "
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")


def _starts(*signatures: bytes, more_than: int = 0) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(signatures) and len(data) > more_than


def _at(*parts: tuple[int, bytes], more_than: int = 0) -> Callable[[bytes], bool]:
    """Every part stands at its offset."""
    return lambda data: (
        len(data) > more_than and all(data.startswith(part, offset) for offset, part in parts)
    )


def _any(*rules: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    return lambda data: any(rule(data) for rule in rules)


def _u32(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "big")


def _is_java(data: bytes) -> bool:
    return (
        data.startswith(b"\xca\xfe\xba\xbe")
        and len(data) >= 8
        and _u32(data, 4) >= 45
        and int.from_bytes(data[6:8], "big") >= 45
    )


def _is_fat_mach_binary(data: bytes) -> bool:
    return data.startswith(b"\xca\xfe\xba\xbe") and len(data) >= 8 and _u32(data, 4) < 45


def _is_dex(data: bytes) -> bool:
    return data.startswith(b"dex\n") and data[36:37] == b"\x70"


def _is_dey(data: bytes) -> bool:
    return data.startswith(b"dey\n") and len(data) > 100 and _is_dex(data[40:])


def _is_tiff(data: bytes) -> bool:
    return (
        data.startswith((b"II*\x00", b"MM\x00*"))
        and len(data) > 9
        and data[8] != 0x43
        and data[9] != 0x52
    )


def _brands(data: bytes) -> tuple[bytes, frozenset[bytes]]:
    """Major and compatible brands of a whole ISO base media `ftyp` box, else nothing."""
    length = _u32(data, 0)
    if len(data) < 16 or data[4:8] != b"ftyp" or length > len(data):
        return b"", frozenset()
    compatible = frozenset(data[at : at + 4] for at in range(16, length, 4))
    return data[8:12], compatible


def _is_heif(data: bytes) -> bool:
    major, compatible = _brands(data)
    return major in {b"heic", b"heix"} or (major in {b"mif1", b"msf1"} and b"heic" in compatible)


def _is_avif(data: bytes) -> bool:
    major, compatible = _brands(data)
    return not {b"avif", b"avis"}.isdisjoint({major, *compatible})


def _is_mp4(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in _MP4_BRANDS


def _is_mpeg(data: bytes) -> bool:
    return data.startswith(b"\x00\x00\x01") and len(data) > 3 and 0xB0 <= data[3] <= 0xBF


def _is_embedded_opentype(data: bytes) -> bool:
    return data[34:36] == b"LP" and data[8:11] in {
        b"\x02\x00\x01",
        b"\x01\x00\x00",
        b"\x02\x00\x02",
    }


def _ole2_root(*class_ids: str) -> Callable[[bytes], bool]:
    """The root entry of the compound file, if within reach, has one of these class ids.

    [MS-CFB] 2.2 and 2.6: sector shift at 30, first directory sector at 48, class id at 80 in the
    first directory entry, with its first three fields little-endian.
    """
    wanted = frozenset(UUID(text).bytes_le for text in class_ids)

    def matches(data: bytes) -> bool:
        if not data.startswith(_OLE2) or len(data) < 52:
            return False
        shift = int.from_bytes(data[30:32], "little")
        if shift not in {9, 12}:
            return False
        entry = (int.from_bytes(data[48:52], "little") + 1) << shift
        return data[entry + 80 : entry + 96] in wanted

    return matches


def _open_xml_part(prefix: bytes) -> Callable[[bytes], bool]:
    """One of the first four local file headers names an entry below `prefix`."""

    def matches(data: bytes) -> bool:
        at = 0 if data.startswith(_ZIP) else -1
        for _ in range(4):
            if at < 0:
                return False
            if data.startswith(prefix, at + 30):
                return True
            at = data.find(_ZIP, at + 30)
        return False

    return matches


def _frame(magic: bytes) -> Callable[[bytes], bool]:
    """A frame format whose frame may follow skippable frames (RFC 8878 3.1.2)."""

    def matches(data: bytes) -> bool:
        at = 0
        while (
            len(data) >= at + 8
            and data[at] & 0xF0 == 0x50
            and data[at + 1 : at + 4] == b"\x2a\x4d\x18"
        ):
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        return data.startswith(magic, at)

    return matches


def _is_html(data: bytes) -> bool:
    return _HTML.match(data.lstrip(_LEADING_SPACE)) is not None


def _is_xml(data: bytes) -> bool:
    for mark in _BYTE_ORDER_MARKS:
        data = data.removeprefix(mark)
    return data.lstrip(_LEADING_SPACE)[:5].lower() == b"<?xml"


SIGNATURES: tuple[Signature, ...] = (
    ("application/wasm", _starts(b"\x00asm\x01\x00\x00\x00")),
    ("application/x-executable", _starts(b"\x7fELF", more_than=52)),
    ("application/vnd.microsoft.portable-executable", _starts(b"MZ")),
    ("application/java", _is_java),
    ("application/x-llvm", _starts(b"BC")),
    (
        "application/x-mach-binary",
        _any(
            _starts(
                b"\xce\xfa\xed\xfe",
                b"\xcf\xfa\xed\xfe",
                b"\xfe\xed\xfa\xce",
                b"\xfe\xed\xfa\xcf",
            ),
            _is_fat_mach_binary,
        ),
    ),
    ("application/vnd.android.dex", _is_dex),
    ("application/vnd.android.dey", _is_dey),
    ("application/x-x509-ca-cert", _starts(b"\x30\x82", more_than=2)),
    ("application/x-executable", _starts(b"\x64\x86", b"\x4c\x01", b"\x00\x02", more_than=2)),
    ("application/x-x509-ca-cert", _starts(b"-----BEGIN ", more_than=11)),
    ("application/epub+zip", _at((0, _ZIP), (30, b"mimetypeapplication/epub+zip"))),
    ("application/x-mobipocket-ebook", _at((60, b"BOOKMOBI"))),
    ("image/jpeg", _starts(b"\xff\xd8\xff")),
    ("image/jp2", _starts(b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00")),
    ("image/png", _starts(b"\x89PNG")),
    ("image/gif", _starts(b"GIF")),
    ("image/webp", _at((8, b"WEBP"))),
    (
        "image/x-canon-cr2",
        _any(_at((0, b"II*\x00"), (8, b"CR\x02")), _at((0, b"MM\x00*"), (8, b"CR\x02"))),
    ),
    ("image/tiff", _is_tiff),
    ("image/bmp", _starts(b"BM")),
    ("image/vnd.ms-photo", _starts(b"II\xbc")),
    ("image/vnd.adobe.photoshop", _starts(b"8BPS")),
    ("image/vnd.microsoft.icon", _starts(b"\x00\x00\x01\x00")),
    ("image/heif", _is_heif),
    ("image/avif", _is_avif),
    (
        "image/jxl",
        _any(
            _starts(b"\xff\x0a", more_than=2),
            _starts(b"\x00\x00\x00\x0cJXL \r\n\x87\n", more_than=12),
        ),
    ),
    ("image/openraster", _at((0, _ZIP), (30, b"mimetypeimage/openraster"), more_than=57)),
    ("image/vnd.djvu", _at((0, b"AT&TFORM"), (12, b"DJV"))),
    ("video/mp4", _is_mp4),
    ("video/x-m4v", _at((4, b"ftypM4V"))),
    (
        "video/x-matroska",
        _any(_starts(b"\x1aE\xdf\xa3\x93B\x82\x88matroska"), _at((31, b"matroska"))),
    ),
    ("video/webm", _starts(b"\x1aE\xdf\xa3")),
    (
        "video/quicktime",
        _any(
            _at((4, b"ftypqt  "), more_than=15),
            _at((4, b"moov"), more_than=15),
            _at((4, b"mdat"), more_than=15),
            _at((12, b"mdat"), more_than=15),
        ),
    ),
    ("video/x-msvideo", _at((0, b"RIFF"), (8, b"AVI"))),
    ("video/x-ms-wmv", _starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9")),
    ("video/mpeg", _is_mpeg),
    ("video/x-flv", _starts(b"FLV\x01")),
    ("audio/midi", _starts(b"MThd")),
    ("audio/mpeg", _starts(b"ID3", b"\xff\xfb", more_than=2)),
    ("audio/m4a", _any(_at((4, b"ftypM4A"), more_than=10), _starts(b"M4A ", more_than=10))),
    ("audio/opus", _at((0, b"OggS"), (28, b"OpusHead"))),
    ("audio/ogg", _starts(b"OggS")),
    ("audio/x-flac", _starts(b"fLaC")),
    ("audio/x-wav", _at((0, b"RIFF"), (8, b"WAVE"))),
    ("audio/amr", _starts(b"#!AMR\n", more_than=11)),
    ("audio/aac", _starts(b"\xff\xf1", b"\xff\xf9")),
    ("audio/x-aiff", _at((0, b"FORM"), (8, b"AIFF"))),
    ("audio/x-dsf", _starts(b"DSD ", more_than=4)),
    ("audio/x-ape", _starts(b"MAC ", more_than=4)),
    ("application/font-woff", _starts(b"wOFF\x00\x01\x00\x00", b"wOF2\x00\x01\x00\x00")),
    ("application/font-sfnt", _starts(b"\x00\x01\x00\x00\x00", b"OTTO\x00")),
    ("application/msword", _ole2_root("00020906-0000-0000-c000-000000000046")),
    (
        "application/vnd.ms-excel",
        _ole2_root("00020810-0000-0000-c000-000000000046", "00020820-0000-0000-c000-000000000046"),
    ),
    ("application/vnd.ms-powerpoint", _ole2_root("64818d10-4f9b-11cf-86ea-00aa00b929e8")),
    (_OPEN_XML + "wordprocessingml.document", _open_xml_part(b"word/")),
    (_OPEN_XML + "spreadsheetml.sheet", _open_xml_part(b"xl/")),
    (_OPEN_XML + "presentationml.presentation", _open_xml_part(b"ppt/")),
    *(
        (
            _OPEN_DOCUMENT + kind,
            _at((0, _ZIP), (30, b"mimetype"), (50, b"vnd.oasis.opendocument." + kind.encode())),
        )
        for kind in ("text", "spreadsheet", "presentation")
    ),
    ("application/zip", _starts(_ZIP, b"PK\x05\x06", b"PK\x07\x08", b"PK00PK\x03\x04")),
    ("application/x-tar", _at((257, b"ustar"))),
    ("application/x-par2", _starts(b"PAR2\x00PKT", more_than=8)),
    ("application/vnd.rar", _starts(b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01")),
    ("application/gzip", _starts(b"\x1f\x8b\x08")),
    ("application/x-bzip2", _starts(b"BZh")),
    ("application/vnd.bzip3", _starts(b"BZ3v1")),
    ("application/x-7z-compressed", _starts(b"7z\xbc\xaf\x27\x1c")),
    ("application/x-xz", _starts(b"\xfd7zXZ\x00")),
    ("application/pdf", _starts(b"%PDF")),
    ("application/x-shockwave-flash", _starts(b"CWS", b"FWS")),
    ("application/rtf", _starts(b"{\\rtf")),
    ("application/octet-stream", _is_embedded_opentype),
    ("application/postscript", _starts(b"%!")),
    ("application/vnd.sqlite3", _starts(b"SQLi")),
    ("application/x-nintendo-nes-rom", _starts(b"NES\x1a")),
    ("application/x-google-chrome-extension", _starts(b"Cr24")),
    ("application/vnd.ms-cab-compressed", _starts(b"MSCF", b"ISc(")),
    ("application/vnd.debian.binary-package", _starts(b"!<arch>\ndebian-binary")),
    ("application/x-unix-archive", _starts(b"!<arch>")),
    ("application/x-compress", _starts(b"\x1f\xa0", b"\x1f\x9d")),
    ("application/x-lzip", _starts(b"LZIP")),
    ("application/x-rpm", _starts(b"\xed\xab\xee\xdb", more_than=96)),
    ("application/dicom", _at((128, b"DICM"))),
    ("application/zstd", _frame(b"\x28\xb5\x2f\xfd")),
    ("application/x-lz4", _frame(b"\x04\x22\x4d\x18")),
    ("application/x-ole-storage", _starts(_OLE2)),
    ("application/x-cpio", _starts(b"\xc7\x71", b"\x71\xc7", b"070701", more_than=6)),
    ("text/html", _is_html),
    ("text/xml", _is_xml),
    ("text/x-shellscript", _starts(b"#!", more_than=2)),
)
"""Media type and test, in the order in which they must be tried."""
