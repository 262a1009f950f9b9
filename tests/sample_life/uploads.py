"""What Ada uploads: 260 files, each a pair of words and bytes, in the order of their use."""

from collections.abc import Iterator
from functools import partial

from tests.sample_life import documents, films, pictures, v0
from tests.sample_life.acts import Act
from tests.sample_life.media import MEDIA, Medium

FILES = 260
# What other posts than those with pictures need: one portrait, 24 films and files, 20 covers.
PICTURES = FILES - 45
_FAMOUS = ("png", "jpeg", "gif", "webp")


def picture(number: int) -> Medium:
    """One of the pictures of posts; the last two are the same, by two names."""
    if number < len(_FAMOUS):
        return MEDIA[_FAMOUS[number]]
    if number % 5 == 0:
        return Medium(
            f"IMG_{2000 + number}.jpg", "image/jpeg", lambda: pictures.jpeg(f"number {number}")
        )
    drawn = min(number, PICTURES - 2)
    return Medium(f"walk-{number}.png", "image/png", lambda: pictures.landscape(drawn))


def cover(number: int) -> Medium:
    """The picture above an article."""
    return Medium(f"cover-{number}.png", "image/png", lambda: pictures.landscape(1000 + number))


def film(number: int) -> Medium:
    """A film that is like the others but for its length in bytes."""
    size = len(films.mp4()) + 64 + 16 * number
    return Medium(f"canal-{number}.mp4", "video/mp4", lambda: films.padded_mp4(size))


def documents_of_posts() -> Iterator[Medium]:
    """Twelve files, of every kind that is no picture."""
    for name in ("pdf", "zip", "utf16", "binary", "empty", "mp3", "svg", "avif", "mistaken"):
        yield MEDIA[name]
    for number in (1, 2, 3):
        yield Medium(f"minutes-{number}.pdf", "application/pdf", partial(_minutes, number))


def _minutes(number: int) -> bytes:
    return documents.pdf(f"Minutes of the garden meeting, number {number}.")


class Uploads:
    """Uploads by one person, each at a moment of its own."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._taken: set[int] = set()
        self.acts: list[Act] = []

    def add(self, before_us: int, medium: Medium) -> str:
        """Upload shortly before a moment; the address of the file."""
        at_us = before_us - 5_000_000
        while at_us in self._taken:
            at_us -= 250_000
        self._taken.add(at_us)
        name, content_type = medium.name, medium.content_type
        self.acts += v0.upload(at_us, self._owner, name, content_type, medium.body())
        return v0.uri(self._owner, v0.file_path(at_us))
