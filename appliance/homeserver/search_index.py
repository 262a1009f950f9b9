"""Keeps the index of words and references behind the log of events: what is stored can be searched.

Nothing waits for it. It may be behind by seconds, and says so; after a restart it goes on where it
was.
"""

import asyncio
import json
import re
from collections.abc import Iterator

from appliance import background
from appliance.blobs.store import BlobStore
from appliance.errors import PubkyError
from appliance.metadata import search
from appliance.metadata.search import Document, Due
from appliance.metadata.store import Metadata

# Longer files are no texts that people wrote; and an index must not outgrow what it indexes.
LARGEST_FILE = 256 * 1024
LONGEST_TEXT = 64 * 1024
MOST_TARGETS = 500
BATCH = 200
LOOK_EVERY_S = 30.0
# Between two batches others may write: indexing is never urgent.
BREATH_S = 0.02

_TEXT_TYPES = ("text/", "application/json", "application/octet-stream")
_ADDRESS = re.compile(
    r"pubky(?:://)?([ybndrfg8ejkmcpqxot1uwisza345h769]{52})(/[^\s\"'\\<>\x00-\x20]+)"
)
_SENTENCE_END = ".,;:!?)]}"
# The marks around what was found, and NUL, which ends a text for some readers.
_UNFIT = str.maketrans(dict.fromkeys([0, 1, 2], " "))
_WORDS = re.compile(r"[^\W_]+")


class SearchIndex:
    """Follows one log; `follow` is a background job."""

    def __init__(self, metadata: Metadata, blobs: BlobStore) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._hint = asyncio.Event()
        metadata.on_new_events(self._hint.set)

    async def follow(self) -> None:
        """Index what is new for as long as the node runs."""
        what = "indexing for the search"
        await background.every(LOOK_EVERY_S, self.catch_up, what=what, sooner=self._hint)

    async def catch_up(self) -> None:
        """Index everything that is new."""
        self._hint.clear()
        try:
            while await self._one_batch():  # noqa: ASYNC110 - a pause for others, not a wait
                await asyncio.sleep(BREATH_S)
        except PubkyError as error:
            # A full disk: whoever uploads is told of it, and the index goes on when there is room.
            if error.code != "over_quota":
                raise

    async def _one_batch(self) -> bool:
        before = await self._metadata.read(search.position)
        due, event_id = await self._metadata.read(search.due, BATCH)
        if event_id == before:
            return False
        gone: list[tuple[int, str]] = []
        documents: list[Document] = []
        for each in due:
            raw = await self._read(each)
            if raw is None:
                gone.append((each.user_id, each.path))
            else:
                documents.append(await asyncio.to_thread(document_of, each, raw))
        await self._metadata.write(search.store, gone, documents, event_id)
        return True

    async def _read(self, due: Due) -> bytes | None:
        """The bytes to index: none of what is no text or too long, None where nothing lies."""
        if due.blob_id is None:
            return None
        if due.content_length > LARGEST_FILE or not due.content_type.startswith(_TEXT_TYPES):
            return b""
        try:
            async with self._blobs.open(due.blob_id) as blob:
                return b"".join([chunk async for chunk in blob.chunks(0, due.content_length)])
        except FileNotFoundError:
            return None  # replaced meanwhile: a later event tells of it


def document_of(due: Due, raw: bytes) -> Document:
    """What is indexed of a file: its name, its words, and the addresses in it."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    said, targets = text, frozenset[str]()
    if text.lstrip()[:1] in {"{", "["}:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            strings = list(_strings(value))
            said = "\n".join(strings)
            targets = frozenset(_targets(strings))
    elif not all(character.isprintable() or character.isspace() for character in text):
        said = ""  # bytes that happen to be UTF-8
    name = " ".join(_WORDS.findall(due.path))
    # Half characters can be spelled in JSON and not be stored.
    body = said[:LONGEST_TEXT].translate(_UNFIT).encode("utf-8", "replace").decode()
    return Document(due.user_id, due.path, name, body, targets)


def _strings(value: object) -> Iterator[str]:
    """Every text in a JSON value, without recursion: depth is the writer's choice."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case dict() as members:
                waiting += reversed(members.values())
            case list() as items:
                waiting += reversed(items)


def _targets(strings: list[str]) -> Iterator[str]:
    count = 0
    for text in strings:
        for match in _ADDRESS.finditer(text):
            path = match[2]
            if match.span() != (0, len(text)):
                path = path.rstrip(_SENTENCE_END)
            if not path.isascii() and not path.isprintable():
                continue
            yield f"pubky://{match[1]}{path}"
            count += 1
            if count == MOST_TARGETS:
                return
