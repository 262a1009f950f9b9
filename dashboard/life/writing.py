"""Storing what people write: posts with their media, in the order that leaves nothing dangling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from dashboard.addresses import OwnPath
from dashboard.kinds import posts
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.files import MOST_BYTES, blob_path, build_file
from dashboard.kinds.paths import classify
from dashboard.kinds.wire.members import Problem
from dashboard.kinds.writing import Built, InvalidObjectError, invalid
from dashboard.life.entries import post_of
from dashboard.life.one_post import place_of
from dashboard.life.places import load
from dashboard.life.reading import Life

JSON = "application/json"
OPAQUE = "application/octet-stream"
# One form's media; it waits on the disk until it is whole.
MAX_FORM_BYTES = posts.MOST_ATTACHMENTS * MOST_BYTES + 1024 * 1024
# Ids tick in whole milliseconds, as browsers write them.
_TICK_US = 1000


@dataclass(frozen=True, slots=True)
class FormProblem:
    """Why a form was not taken; `field` is the id of the field to mend, "" if it is none."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form, still where the form was spooled to."""

    name: str
    content_type: str
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Words:
    """What the form of a new post says; `title` makes it an article."""

    content: str = ""
    title: str = ""
    is_article: bool = False
    parent: str = ""
    embed: str = ""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A medium that is ready to be stored: v0's words about it, and where its bytes go."""

    words: Built
    blob: OwnPath
    upload: Upload


def problems_of(error: InvalidObjectError) -> tuple[FormProblem, ...]:
    """The reasons, each with the field of that member: `links[0].url` is `links-0-url`."""
    return tuple(_problem(each) for each in error.problems)


def _problem(problem: Problem) -> FormProblem:
    parts = problem.member.replace("[", ".").replace("]", "").split(".")
    # Only links and an article's title have fields of their own below a member.
    has_own = parts[0] == "links" or parts == ["content", "title"]
    return FormProblem("-".join(parts) if has_own else parts[0], problem.sentence)


async def store(life: Life, built: Built) -> OwnPath:
    """Store one object of JSON; raises `DoorError`."""
    path = OwnPath(built.path)
    await life.door.put(path, built.body, JSON)
    return path


def new_files(
    life: Life, uploads: Sequence[Upload], now_us: int, field: str = "attachments"
) -> tuple[NewFile, ...]:
    """The pairs of file and bytes for these uploads. Raises `InvalidObjectError` for the field."""
    if len(uploads) > posts.MOST_ATTACHMENTS:
        raise invalid(field, f"Attach at most {posts.MOST_ATTACHMENTS} files.")
    return tuple(
        _new_file(life, upload, now_us + index * _TICK_US, field)
        for index, upload in enumerate(uploads)
    )


def _new_file(life: Life, upload: Upload, now_us: int, field: str) -> NewFile:
    size = upload.stream.seek(0, 2)
    upload.stream.seek(0)
    # Browsers send a bare name; whatever comes before a slash is somebody's disk.
    name = upload.name.replace("\\", "/").rpartition("/")[2]
    if not 0 < size <= MOST_BYTES:
        said = "is empty" if size == 0 else f"has more than {MOST_BYTES:,} bytes"
        raise invalid(field, f"The file “{name[:60]}” {said}.")
    blob = blob_path(upload.stream.read())
    upload.stream.seek(0)
    kind = upload.content_type or OPAQUE
    words = build_file(life.public_key, name, kind, size, blob, now_us=now_us)
    return NewFile(words, OwnPath(blob), upload)


async def store_files(life: Life, files: Sequence[NewFile]) -> None:
    """Bytes before words, so that no file ever names bytes that are not there."""
    for file in files:
        kind = file.upload.content_type or OPAQUE
        await life.door.put(file.blob, file.upload.stream.read(), kind)
        await store(life, file.words)


async def new_post(life: Life, words: Words, uploads: Sequence[Upload], now_us: int) -> str:
    """Check and store a post with its media; its id.

    Everything is checked before the first byte is stored. Raises `InvalidObjectError`, `DoorError`.
    """
    files = new_files(life, uploads, now_us)
    addresses = [life.address(file.words.path) for file in files]
    if words.is_article:
        if len(addresses) > 1:
            raise invalid("attachments", "An article has one picture, the one above it.")
        cover = addresses[0] if addresses else None
        built = posts.build_article(words.title, words.content, now_us=now_us, cover=cover)
    else:
        built = posts.build_post(
            words.content,
            now_us=now_us,
            kind=_kind_of(uploads),
            parent=words.parent or None,
            embed=await _embed(life, words.embed),
            attachments=addresses,
        )
    await store_files(life, files)
    return (await store(life, built)).name


def _kind_of(uploads: Sequence[Upload]) -> str:
    """The kind that the official client gives a post with such media."""
    kinds = {upload.content_type.partition("/")[0] for upload in uploads}
    if not kinds:
        return "short"
    if kinds == {"image"}:
        return "image"
    return "video" if kinds == {"video"} else "file"


async def _embed(life: Life, uri: str) -> tuple[str, str] | None:
    """What is passed on, with its kind where that can be read here."""
    if not uri:
        return None
    path = life.own_path(parse_address(uri))
    if path is not None and classify(path.text).kind == "post":
        post = post_of((await load(life, place_of(path.name))).shown)
        if post is not None and post.kind in posts.KINDS_V0:
            return post.kind, uri
    return "short", uri
