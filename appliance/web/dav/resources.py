"""What a WebDAV address names: the root, a user, a folder or a file.

A client may name a folder with or without its final slash, so what a path is gets looked up. A
folder exists by its files; one that a client just made is remembered for a while, because clients
look at it before they put something in.
"""

from collections import OrderedDict
from dataclasses import dataclass

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.homeserver.storage import Storage
from appliance.metadata.entries import Entry
from appliance.pubky.keys import PublicKey
from appliance.pubky.paths import StoragePath, decode_percent, encode_percent

PREFIX = "/dav"
REMEMBERED_FOLDERS = 10_000
REMEMBERED_US = 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Location:
    """An address below the root: whose files, and where; `path` None is the user's own folder."""

    owner: PublicKey
    path: StoragePath | None

    @property
    def directory(self) -> StoragePath:
        """The path as a folder's."""
        if self.path is None:
            return StoragePath.parse("/")
        return StoragePath.parse(self.path.text.rstrip("/") + "/")

    @property
    def file(self) -> StoragePath:
        """The path as a file's; raises PubkyError invalid for the user's own folder."""
        if self.path is None:
            raise invalid("A path under /pub/ or /priv/ is needed")
        return StoragePath.parse(self.path.text.rstrip("/"))


def parse_location(raw_path: bytes) -> Location | None:
    """The place that a path below /dav names; None is the root.

    Raises PubkyError not_found for what cannot be a place, so that clients may ask for anything.
    """
    text = _decoded(raw_path).removeprefix(PREFIX)
    if text in ("", "/"):
        return None
    owner_text, _, rest = text[1:].partition("/")
    try:
        owner = PublicKey.parse(owner_text)
        if rest == "":
            return Location(owner, None)
        path = StoragePath.parse("/" + rest)
    except PubkyError:
        raise PubkyError("not_found", "Not Found") from None
    if path.text.split("/")[1] not in ("pub", "priv"):
        raise PubkyError("not_found", "Not Found")
    return Location(owner, path)


def href(owner: PublicKey, path: str) -> str:
    """The address of a user's path as it stands in answers."""
    return f"{PREFIX}/{owner.z32}{encode_percent(path)}"


def _decoded(raw_path: bytes) -> str:
    try:
        return decode_percent(raw_path)
    except PubkyError:
        raise PubkyError("not_found", "Not Found") from None


class MadeFolders:
    """Folders that a client made and that hold nothing yet; bounded, and forgotten in an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: OrderedDict[tuple[PublicKey, str], int] = OrderedDict()

    def add(self, owner: PublicKey, directory: str) -> None:
        """Remember an empty folder."""
        self._made[(owner, directory)] = self._clock() + REMEMBERED_US
        if len(self._made) > REMEMBERED_FOLDERS:
            self._made.popitem(last=False)

    def discard_under(self, owner: PublicKey, directory: str) -> None:
        """Forget a folder and those in it."""
        gone = [key for key in self._made if key[0] == owner and key[1].startswith(directory)]
        for key in gone:
            del self._made[key]

    def children(self, owner: PublicKey, directory: str) -> list[str]:
        """The direct children of a folder among them."""
        return [
            path
            for (made_by, path), until in self._made.items()
            if made_by == owner
            and until > self._clock()
            and path.startswith(directory)
            and path.count("/") == directory.count("/") + 1
        ]

    def __contains__(self, key: tuple[PublicKey, str]) -> bool:
        return self._made.get(key, 0) > self._clock()


class Tree:
    """Looks places up."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.made = MadeFolders(clock)

    async def file(self, place: Location) -> Entry | None:
        """The file at this place, if it is one."""
        if place.path is None or place.path.is_directory:
            return None
        return await self.storage.find_for_operator(place.owner, place.path)

    async def is_folder(self, place: Location) -> bool:
        """Whether something lies under this place, or it is one of the folders that always are."""
        directory = place.directory.text
        if directory in ("/", "/pub/", "/priv/"):
            return await self.storage.user_exists(place.owner)
        if (place.owner, directory) in self.made:
            return True
        return await self.storage.directory_exists_for_operator(place.owner, place.directory)
