"""Every row of the magic table and of the documented extensions (client API, section 10)."""

import re
import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pubky.content_type_tables import TYPE_OF_EXTENSION
from appliance.pubky.content_types import SNIFF_BYTES, detect_content_type

ZIP = b"PK\x03\x04"
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
CA_CERT = "application/x-x509-ca-cert"
OCTETS = "application/octet-stream"
HTML_TAGS = ["!DOCTYPE HTML", "HTML", "HEAD", "SCRIPT", "IFRAME", "H1", "DIV", "FONT", "TABLE"]
HTML_TAGS += ["A", "STYLE", "TITLE", "B", "BODY", "BR", "P", "!--"]


def at(offset: int, part: bytes, start: bytes = b"") -> bytes:
    """`start`, filled up to `offset`, then `part`."""
    return start.ljust(offset, b"\x01") + part


def local_header(name: bytes) -> bytes:
    return ZIP + bytes(22) + struct.pack("<HH", len(name), 0) + name


def compound_file(class_id: str, *, sector_shift: int = 9, directory_sector: int = 1) -> bytes:
    head = bytearray(OLE2.ljust(512, b"\x00"))
    head[30:32] = struct.pack("<H", sector_shift)
    head[48:52] = struct.pack("<I", directory_sector)
    entry = (directory_sector + 1) << sector_shift
    return bytes(head).ljust(entry + 80, b"\x00") + UUID(class_id).bytes_le + bytes(32)


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body


MAGIC_ROWS = [
    (b"\x00asm\x01\x00\x00\x00", "application/wasm"),
    (b"\x7fELF" + bytes(49), "application/x-executable"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\xca\xfe\xba\xbe\x00\x00\x00\x34\x00\x34", "application/java"),
    (b"BC", "application/x-llvm"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe\x00\x00\x00\x02", "application/x-mach-binary"),
    (at(36, b"\x70", b"dex\n"), "application/vnd.android.dex"),
    (at(40, at(36, b"\x70", b"dex\n"), b"dey\n") + bytes(30), "application/vnd.android.dey"),
    (b"\x30\x82\x01", CA_CERT),
    (b"\x64\x86\x01", "application/x-executable"),
    (b"\x4c\x01\x01", "application/x-executable"),
    (b"\x00\x02\x01", "application/x-executable"),
    (b"-----BEGIN CERTIFICATE", CA_CERT),
    (at(30, b"mimetypeapplication/epub+zip", ZIP), "application/epub+zip"),
    (at(60, b"BOOKMOBI"), "application/x-mobipocket-ebook"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (bytes.fromhex("0000000c6a5020200d0a870a00"), "image/jp2"),
    (b"\x89PNG", "image/png"),
    (b"GIF", "image/gif"),
    (b"RIFF\x01\x01\x01\x01WEBP", "image/webp"),
    (b"II*\x00\x10\x00\x00\x00CR\x02", "image/x-canon-cr2"),
    (b"MM\x00*\x10\x00\x00\x00CR\x02", "image/x-canon-cr2"),
    (b"II*\x00\x08\x00\x00\x00\x01\x02", "image/tiff"),
    (b"MM\x00*\x00\x00\x00\x08\x01\x02", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"II\xbc", "image/vnd.ms-photo"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (ftyp(b"heic"), "image/heif"),
    (ftyp(b"heix"), "image/heif"),
    (ftyp(b"mif1", b"heic"), "image/heif"),
    (ftyp(b"msf1", b"mif1", b"heic"), "image/heif"),
    (ftyp(b"avif"), "image/avif"),
    (ftyp(b"mif1", b"avis"), "image/avif"),
    (b"\xff\x0a\x01", "image/jxl"),
    (bytes.fromhex("0000000c4a584c200d0a870a01"), "image/jxl"),
    (at(30, b"mimetypeimage/openraster", ZIP) + bytes(4), "image/openraster"),
    (b"AT&TFORM\x01\x01\x01\x01DJV", "image/vnd.djvu"),
    (ftyp(b"isom"), "video/mp4"),
    (ftyp(b"F4V "), "video/mp4"),
    (ftyp(b"M4V "), "video/x-m4v"),
    (b"\x1aE\xdf\xa3\x93B\x82\x88matroska", "video/x-matroska"),
    (at(31, b"matroska", b"\x1aE\xdf\xa3"), "video/x-matroska"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (ftyp(b"qt  "), "video/quicktime"),
    (at(4, b"moov") + bytes(8), "video/quicktime"),
    (at(4, b"mdat") + bytes(8), "video/quicktime"),
    (at(12, b"mdat"), "video/quicktime"),
    (b"RIFF\x01\x01\x01\x01AVI ", "video/x-msvideo"),
    (bytes.fromhex("3026b2758e66cf11a6d9"), "video/x-ms-wmv"),
    (b"\x00\x00\x01\xb0", "video/mpeg"),
    (b"\x00\x00\x01\xbf", "video/mpeg"),
    (b"FLV\x01", "video/x-flv"),
    (b"MThd", "audio/midi"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb\x90", "audio/mpeg"),
    (ftyp(b"M4A "), "audio/m4a"),
    (b"M4A \x01\x01\x01\x01\x01\x01\x01", "audio/m4a"),
    (at(28, b"OpusHead", b"OggS"), "audio/opus"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/x-flac"),
    (b"RIFF\x01\x01\x01\x01WAVE", "audio/x-wav"),
    (b"#!AMR\n" + bytes(6), "audio/amr"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"FORM\x01\x01\x01\x01AIFF", "audio/x-aiff"),
    (b"DSD \x01", "audio/x-dsf"),
    (b"MAC \x01", "audio/x-ape"),
    (b"wOFF\x00\x01\x00\x00", "application/font-woff"),
    (b"wOF2\x00\x01\x00\x00", "application/font-woff"),
    (b"\x00\x01\x00\x00\x00", "application/font-sfnt"),
    (b"OTTO\x00", "application/font-sfnt"),
    (compound_file("00020906-0000-0000-c000-000000000046"), "application/msword"),
    (compound_file("00020810-0000-0000-c000-000000000046"), "application/vnd.ms-excel"),
    (compound_file("00020820-0000-0000-c000-000000000046"), "application/vnd.ms-excel"),
    (compound_file("64818d10-4f9b-11cf-86ea-00aa00b929e8"), "application/vnd.ms-powerpoint"),
    (local_header(b"word/document.xml"), DOCX),
    (local_header(b"[Content_Types].xml") + local_header(b"xl/workbook.xml"), XLSX),
    (local_header(b"a") * 3 + local_header(b"ppt/slides"), PPTX),
    (
        at(30, b"mimetypeapplication/vnd.oasis.opendocument.text", ZIP),
        "application/vnd.oasis.opendocument.text",
    ),
    (
        at(30, b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", ZIP),
        "application/vnd.oasis.opendocument.spreadsheet",
    ),
    (
        at(30, b"mimetypeapplication/vnd.oasis.opendocument.presentation", ZIP),
        "application/vnd.oasis.opendocument.presentation",
    ),
    (ZIP, "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"PK\x07\x08", "application/zip"),
    (b"PK00PK\x03\x04", "application/zip"),
    (at(257, b"ustar"), "application/x-tar"),
    (b"PAR2\x00PKT\x01", "application/x-par2"),
    (b"Rar!\x1a\x07\x00", "application/vnd.rar"),
    (b"Rar!\x1a\x07\x01", "application/vnd.rar"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"BZ3v1", "application/vnd.bzip3"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"%PDF", "application/pdf"),
    (b"CWS", "application/x-shockwave-flash"),
    (b"FWS", "application/x-shockwave-flash"),
    (b"{\\rtf", "application/rtf"),
    (at(34, b"LP", b"\x01" * 8 + b"\x02\x00\x01"), OCTETS),
    (b"%!", "application/postscript"),
    (b"SQLi", "application/vnd.sqlite3"),
    (b"NES\x1a", "application/x-nintendo-nes-rom"),
    (b"Cr24", "application/x-google-chrome-extension"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"ISc(", "application/vnd.ms-cab-compressed"),
    (b"!<arch>\ndebian-binary", "application/vnd.debian.binary-package"),
    (b"!<arch>", "application/x-unix-archive"),
    (b"\x1f\xa0", "application/x-compress"),
    (b"\x1f\x9d", "application/x-compress"),
    (b"LZIP", "application/x-lzip"),
    (b"\xed\xab\xee\xdb" + bytes(93), "application/x-rpm"),
    (at(128, b"DICM"), "application/dicom"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x5a\x2a\x4d\x18\x02\x00\x00\x00ab\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x04\x22\x4d\x18", "application/x-lz4"),
    (b"\x50\x2a\x4d\x18\x00\x00\x00\x00\x04\x22\x4d\x18", "application/x-lz4"),
    (OLE2, "application/x-ole-storage"),
    (compound_file("00000000-0000-0000-0000-000000000000"), "application/x-ole-storage"),
    (b"\xc7\x71\x01\x01\x01\x01\x01", "application/x-cpio"),
    (b"\x71\xc7\x01\x01\x01\x01\x01", "application/x-cpio"),
    (b"0707010", "application/x-cpio"),
    *[(f"<{tag}>".encode(), "text/html") for tag in HTML_TAGS],
    (b"\t\n\x0c\r <!doctype html >", "text/html"),
    (b"<?xml", "text/xml"),
    (b"\xef\xbb\xbf \n<?XML", "text/xml"),
    (b"#!/", "text/x-shellscript"),
]


@pytest.mark.parametrize(("head", "media_type"), MAGIC_ROWS)
def test_a_signature_wins_over_the_extension(head: bytes, media_type: str) -> None:
    assert detect_content_type(head, len(head), "name.css") == media_type


@pytest.mark.parametrize(
    "head",
    [
        b"\x7fELF" + bytes(48),
        b"\xca\xfe\xba\xbe",
        b"\x30\x82",
        b"-----BEGIN ",
        b"ID",
        b"II*\x00\x08\x00\x00\x00\x01",
        ftyp(b"heic")[:15],
        b"\x00\x00\x00\xff" + ftyp(b"avif")[4:],
        b"\xff\x0a",
        b"\x00\x00\x01",
        b"\x00\x00\x01\xc0",
        b"#!AMR"[:2],
        b"DSD ",
        b"0707",
        b"\x5a\x2a\x4d\x18\xff\x00\x00\x00\x28\xb5\x2f\xfd",
        b"<p",
        b"<pre>",
        b"<!--comment",
        b"x<html>",
        b"dey\n" + bytes(96),
        b"dex\n" + bytes(40),
    ],
)
def test_an_incomplete_signature_leaves_the_extension_to_decide(head: bytes) -> None:
    assert detect_content_type(head, len(head), "name.css") == "text/css"


@pytest.mark.parametrize(
    ("head", "file_name", "media_type"),
    [
        (b'<?xml version="1.0"?><svg>', "drawing.svg", "text/xml"),
        (b"<svg>", "drawing.svg", "image/svg+xml"),
        (b"<p>Hello", "post.md", "text/html"),
        (b"<!-- note", "post.md", "text/html"),
        (b"BC is a province", "note.txt", "application/x-llvm"),
        (b"BMW", "note.txt", "image/bmp"),
        (b"MZ", "note.txt", "application/vnd.microsoft.portable-executable"),
        (b"GIF or JIF?", "note.txt", "image/gif"),
        (b'{"a": 1}', "data.json", "application/json"),
        (b"\x89PNG\r\n\x1a\n", "foo", "image/png"),
        (b"\x00\x01\x02\x03\x04", "foo.txt", "text/plain"),
    ],
)
def test_the_documented_consequences_hold(head: bytes, file_name: str, media_type: str) -> None:
    assert detect_content_type(head, len(head), file_name) == media_type


DOCUMENTED_EXTENSIONS = """
text/plain txt log conf ini map py
text/html html htm
text/css css
text/csv csv
text/markdown md markdown
text/javascript js jsx
application/javascript mjs
application/json json
application/ld+json jsonld
application/geo+json geojson
application/manifest+json webmanifest
text/xml xml
application/xhtml+xml xhtml
application/rss+xml rss
application/atom+xml atom
image/svg+xml svg
image/png png
image/jpeg jpg jpeg
image/gif gif
image/webp webp
image/avif avif
image/bmp bmp
image/heic heic
image/heif heif
image/jxl jxl
image/tiff tif tiff
image/x-icon ico
video/mp4 mp4
video/webm webm
video/quicktime mov
video/x-matroska mkv
video/vnd.dlna.mpeg-tts ts
application/dash+xml mpd
audio/x-mpegurl m3u8
audio/mpeg mp3
audio/ogg ogg oga opus
audio/wav wav
audio/flac flac
audio/m4a m4a
audio/aac aac
text/vtt vtt
application/x-subrip srt
application/pdf pdf
application/epub+zip epub
application/rtf rtf
application/msword doc
application/wasm wasm
application/zip zip
application/gzip gz
application/x-tar tar
application/x-7z-compressed 7z
application/x-bzip2 bz2
application/x-xz xz
application/vnd.android.package-archive apk
application/octet-stream bin dat exe
font/ttf ttf
application/font-sfnt otf
application/font-woff woff
font/woff2 woff2
text/x-toml toml
text/x-yaml yaml yml
text/x-rust rs
application/x-sh sh
text/calendar ics
text/x-vcard vcf
application/pgp-signature sig
"""


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [
        (extension, row.split()[0])
        for row in DOCUMENTED_EXTENSIONS.strip().splitlines()
        for extension in row.split()[1:]
    ],
)
def test_a_documented_extension_has_its_documented_type(extension: str, media_type: str) -> None:
    assert detect_content_type(b"plain", 5, f"name.{extension}") == media_type


@pytest.mark.parametrize("file_name", [".json", "json", "foo.", "", "name.unheard-of"])
def test_a_name_without_a_known_extension_gives_octets(file_name: str) -> None:
    assert detect_content_type(b"plain", 5, file_name) == OCTETS


@pytest.mark.parametrize("file_name", ["A.JSON", "a.b.json", "..json"])
def test_the_extension_is_the_text_after_the_last_dot_in_any_case(file_name: str) -> None:
    assert detect_content_type(b"{}", 2, file_name) == "application/json"


def test_an_empty_file_is_typed_by_its_name() -> None:
    assert detect_content_type(b"", 0, "empty.txt") == "text/plain"


def test_a_class_id_beyond_the_first_bytes_is_not_seen() -> None:
    document = compound_file("00020906-0000-0000-c000-000000000046", directory_sector=40)
    assert detect_content_type(document, len(document), "a") == "application/x-ole-storage"


def test_a_compound_file_with_large_sectors_is_understood() -> None:
    document = compound_file(
        "00020906-0000-0000-c000-000000000046", sector_shift=12, directory_sector=0
    )
    assert detect_content_type(document, len(document), "a") == "application/msword"


def test_a_compound_file_with_an_absurd_sector_size_is_only_storage() -> None:
    document = compound_file("00020906-0000-0000-c000-000000000046", sector_shift=7)
    assert detect_content_type(document, len(document), "a") == "application/x-ole-storage"


def test_only_the_first_bytes_count_however_much_is_given() -> None:
    head = local_header(b"a").ljust(SNIFF_BYTES, b"\x00") + local_header(b"word/document.xml")
    assert detect_content_type(head, len(head), "a") == "application/zip"


def test_the_fifth_zip_entry_is_not_looked_at() -> None:
    head = local_header(b"a") * 4 + local_header(b"word/document.xml")
    assert detect_content_type(head, len(head), "a") == "application/zip"


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_and_name_give_a_plain_media_type(head: bytes, file_name: str) -> None:
    media_type = detect_content_type(head, len(head), file_name)
    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type)


@given(st.sampled_from(MAGIC_ROWS), st.binary(max_size=64), st.integers(0, 64))
def test_cut_and_extended_signatures_never_raise(
    row: tuple[bytes, str], tail: bytes, cut: int
) -> None:
    head = row[0][: max(0, len(row[0]) - cut)] + tail
    assert "/" in detect_content_type(head, len(head), "name.txt")


def test_the_extension_table_holds_lower_case_names_without_dots() -> None:
    assert all(re.fullmatch(r"[a-z0-9_-]+", extension) for extension in TYPE_OF_EXTENSION)
