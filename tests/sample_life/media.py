"""Every kind of medium that an owner may keep, each a file that real programs open."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.sample_life import documents, films, pictures


@dataclass(frozen=True, slots=True)
class Medium:
    """A file as somebody uploads it: its name, what the uploader says it is, and its bytes.

    The type is one of the 21 that apps accept, so AVIF goes as bytes without a type.
    """

    name: str
    content_type: str
    body: Callable[[], bytes]


MEDIA = {
    "png": Medium("hills.png", "image/png", lambda: pictures.landscape(0)),
    "jpeg": Medium("from-the-pier.jpg", "image/jpeg", pictures.turned_jpeg_with_place),
    "gif": Medium("bar.gif", "image/gif", pictures.animation),
    "webp": Medium("hill.webp", "image/webp", pictures.webp),
    "avif": Medium("aurora.avif", "application/octet-stream", pictures.avif),
    "svg": Medium("circles.svg", "image/svg+xml", pictures.svg),
    "mp4": Medium("twelve-seconds.mp4", "video/mp4", films.mp4),
    "mp3": Medium("silence.mp3", "audio/mpeg", films.mp3),
    "pdf": Medium("harbour-map.pdf", "application/pdf", documents.pdf),
    "zip": Medium(
        "seeds.zip",
        "application/zip",
        lambda: documents.archive({"list.txt": b"peas\nbeans\n", "plan/beds.csv": b"bed,crop\n"}),
    ),
    "utf16": Medium("tide-table.txt", "text/plain", documents.utf16_text),
    "binary": Medium("disk-image.bin", "application/octet-stream", documents.big_binary),
    "empty": Medium("empty.txt", "text/plain", bytes),
    # A JPEG whose owner says that it is a PNG.
    "mistaken": Medium("portrait.png", "image/png", lambda: pictures.jpeg("not a PNG")),
}

LARGEST = Medium("limit.bin", "application/octet-stream", documents.largest_file)
"""One at the limit of a hundred megabytes; not among the others because of its size."""
