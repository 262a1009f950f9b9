"""Media of the sample lives are what they say: programs that we did not write open them."""

import base64
import io
import re
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright

from dashboard.preview.media_types import served_type
from tests.sample_life import documents, films, hostile, people, pictures
from tests.sample_life.documents import zip_bomb, zip_slip
from tests.sample_life.media import LARGEST, MEDIA
from tests.screenshots import CHROMIUM, CHROMIUM_ARGUMENTS

SEEK_S = 7

# Resolves to the width that an image has, or to 0.
IMAGE_WIDTH = """address => new Promise(done => {
  const image = new Image();
  image.onload = () => done(image.naturalWidth);
  image.onerror = () => done(0);
  image.src = address;
})"""
# Resolves to [seconds, width] after a jump into the middle, or to the reason why not.
PLAYED = """([kind, address, second]) => new Promise(done => {
  const player = document.createElement(kind);
  player.muted = true;
  player.onloadeddata = () => { player.currentTime = second; };
  player.onseeked = () => done([player.duration, player.videoWidth || 0]);
  player.onerror = () => done(player.error.message);
  player.src = address;
})"""


def png_chunks(data: bytes) -> dict[bytes, bytes]:
    """The chunks of a PNG by name, their checksums checked."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = {}, 8
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        assert checksum == zlib.crc32(name + content)
        found[name] = content
        at += length + 12
    return found


def test_a_landscape_has_all_its_pixels() -> None:
    chunks = png_chunks(pictures.landscape(7))
    pixels = zlib.decompress(chunks[b"IDAT"])
    assert len(pixels) == pictures.HEIGHT * (pictures.WIDTH + 1)
    assert max(pixels) < len(chunks[b"PLTE"]) // 3


def test_landscapes_differ() -> None:
    assert len({pictures.landscape(number) for number in range(50)}) == 50


def test_the_huge_picture_has_two_hundred_megapixels() -> None:
    case = hostile.cases(people.key("mallory"))["png of 200 megapixels"]
    width, height = struct.unpack_from(">II", png_chunks(case.body)[b"IHDR"])
    assert width * height == 200_000_000
    assert len(case.body) < 50_000


def test_an_archive_opens() -> None:
    with zipfile.ZipFile(io.BytesIO(MEDIA["zip"].body())) as opened:
        assert opened.testzip() is None
        assert opened.read("list.txt") == b"peas\nbeans\n"


def test_the_zip_bomb_is_small_and_unpacks_to_four_gigabytes() -> None:
    bomb = zip_bomb()
    assert len(bomb) < 42_000
    with zipfile.ZipFile(io.BytesIO(bomb)) as opened:
        entries = opened.infolist()
        assert sum(entry.file_size for entry in entries) == 4 * 2**30
        with opened.open(entries[0]) as first:
            assert first.read(1000) == bytes(1000)


def test_the_slipping_archive_wants_out() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_slip())) as opened:
        names = opened.namelist()
    assert "../../../../etc/cron.d/evil" in names
    assert "/etc/passwd" in names


def test_the_pdf_finds_its_objects() -> None:
    data = documents.pdf()
    (start,) = re.findall(rb"startxref\n(\d+)\n", data)
    assert data[int(start) :].startswith(b"xref\n")
    places = re.findall(rb"^(\d{10}) 00000 n", data[int(start) :], re.MULTILINE)
    for number, place in enumerate(places, 1):
        assert data[int(place) :].startswith(b"%d 0 obj" % number)


def test_the_old_text_is_utf_16() -> None:
    assert "High water" in MEDIA["utf16"].body().decode("utf-16")


def test_sizes_are_as_told() -> None:
    assert len(MEDIA["binary"].body()) == 30_000_000
    assert MEDIA["empty"].body() == b""
    assert len(LARGEST.body()) == 100 * 1024 * 1024
    assert len(films.padded_mp4(123_456)) == 123_456


def test_one_picture_is_not_what_its_name_says() -> None:
    medium = MEDIA["mistaken"]
    assert medium.content_type == "image/png"
    assert medium.body().startswith(b"\xff\xd8")


def test_the_photograph_lies_on_its_side_and_tells_the_place() -> None:
    exif = pictures.turned_jpeg_with_place()[4:].split(b"Exif\0\0", 1)[1]
    entries = {
        struct.unpack_from(">H", exif, 10 + 12 * index)[0]: exif[10 + 12 * index :][:12]
        for index in range(2)
    }
    assert struct.unpack_from(">H", entries[0x0112], 8) == (6,)
    (gps,) = struct.unpack_from(">I", entries[0x8825], 8)
    assert struct.unpack_from(">H", exif, gps) == (4,)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """An empty page of Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        yield await browser.new_page()
        await browser.close()


def _address(content_type: str, body: bytes) -> str:
    return f"data:{content_type};base64,{base64.b64encode(body).decode()}"


@pytest.mark.system
async def test_a_browser_shows_every_picture(page: Page) -> None:
    widths = {}
    for name in ("png", "jpeg", "gif", "webp", "avif", "svg", "mistaken"):
        medium = MEDIA[name]
        content_type = "image/avif" if name == "avif" else served_type(medium.content_type)
        widths[name] = await page.evaluate(IMAGE_WIDTH, _address(content_type, medium.body()))
    assert [name for name, width in widths.items() if not width] == []
    # Turned as its EXIF says: upright it is 24 wide.
    assert widths["jpeg"] == 24


@pytest.mark.system
@pytest.mark.parametrize("film", [films.mp4(), films.padded_mp4(500_000)], ids=["plain", "padded"])
async def test_a_browser_plays_the_film(page: Page, film: bytes) -> None:
    address = _address("video/mp4", film)
    assert await page.evaluate(PLAYED, ["video", address, SEEK_S]) == [films.SECONDS, films.WIDTH]


@pytest.mark.system
async def test_a_browser_plays_the_sound(page: Page) -> None:
    address = _address("audio/mpeg", films.mp3())
    seconds, _ = await page.evaluate(PLAYED, ["audio", address, SEEK_S])
    assert seconds == pytest.approx(films.SECONDS, abs=0.1)
