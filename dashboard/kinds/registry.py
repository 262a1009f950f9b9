"""The front door: what lies at a path, and what its bytes say. Nothing here ever raises.

The path is asked first and the body second; whatever is wrong with the body becomes a reason beside
the raw bytes.
"""

from dataclasses import dataclass
from typing import Any

from dashboard.kinds.bookmarks import BOOKMARK
from dashboard.kinds.feeds import FEED
from dashboard.kinds.files import BLOB, FILE, MEDIA
from dashboard.kinds.kind import Kind, Reference
from dashboard.kinds.paths import Classified, KindName, classify
from dashboard.kinds.people import FOLLOW, MUTE, PROFILE
from dashboard.kinds.posts import POST
from dashboard.kinds.settings import LAST_READ, SETTINGS
from dashboard.kinds.tags import TAG
from dashboard.kinds.wire import bounded_json
from dashboard.kinds.wire.bounded_json import Document, UnreadableJsonError
from dashboard.kinds.wire.members import Members

KINDS: dict[KindName, Kind[Any]] = {
    kind.name: kind
    for kind in (
        PROFILE,
        POST,
        FILE,
        BLOB,
        MEDIA,
        TAG,
        BOOKMARK,
        FOLLOW,
        MUTE,
        FEED,
        SETTINGS,
        LAST_READ,
    )
}
_BYTES: set[KindName] = {"blob", "media"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """An object as its kind reads it. `value` is None for foreign, unknown and unreadable ones.

    `problems` are reasons why apps may ignore it, `oddities` what is strange and harmless.
    """

    at: Classified
    title: str
    value: Any = None
    references: tuple[Reference, ...] = ()
    problems: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()
    has_other_id: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether apps will take it for what its path says it is."""
        return self.value is not None and not self.problems

    @property
    def kind_name(self) -> str:
        """What it is, as a noun."""
        return KINDS[self.at.kind].singular if self.at.kind is not None else "File"


def has_words(path: str) -> bool:
    """Whether the bytes at this path say what the object is, so that `parse` needs them."""
    kind = classify(path).kind
    return kind is not None and kind not in _BYTES


def parse(path: str, raw: bytes) -> Parsed:
    """Read the object at a stored path; `raw` may be empty for kinds that are mere bytes."""
    at = classify(path)
    name = path.rpartition("/")[2]
    if at.kind is None or (at.kind == "post" and at.is_v1 and at.edit_id is None):
        return Parsed(at, name, problems=(at.problem,) if at.problem else ())
    kind = KINDS[at.kind]
    if at.kind in _BYTES:
        value = kind.read(Members({}), at)
        return Parsed(at, kind.title(value, at), value)
    try:
        document = bounded_json.parse(raw)
    except UnreadableJsonError as error:
        return Parsed(at, name, problems=(f"This is not JSON. {error}",))
    if not isinstance(document.value, dict):
        return Parsed(at, name, problems=("This is JSON, but not an object.",))
    return _read(kind, at, document, document.value)


def _read(
    kind: Kind[Any], at: Classified, document: Document, values: dict[str, bounded_json.Value]
) -> Parsed:
    members = Members(values)
    value = kind.read(members, at)
    expected = kind.expected_id(value, at)
    has_other_id = expected is not None and at.id is not None and expected != at.id
    problems = [problem.sentence for problem in members.problems]
    oddities = list(_oddities(document))
    if has_other_id:
        said = f"Its content asks for the id {expected}."
        (problems if kind.id_is_binding else oddities).append(said)
    if not at.has_canonical_id:
        oddities.append("Its id is spelled in an unusual way; other apps may not find it.")
    return Parsed(
        at,
        kind.title(value, at),
        value,
        kind.references(value, at),
        tuple(problems),
        tuple(oddities),
        has_other_id,
    )


def _oddities(document: Document) -> tuple[str, ...]:
    found = []
    if document.repeated:
        found.append(f"It names {', '.join(document.repeated)} twice; the last one counts.")
    if document.has_bom:
        found.append("It begins with a byte order mark.")
    if document.has_lone_surrogate:
        found.append("It holds half of a character.")
    return tuple(found)
