"""New and changed objects as bytes: official order of members, unknown members kept, v0 only.

A builder puts members together and hands them to `finish`, which reads them back with the kind's
own reader; so the limits are written down once, and what is built is what can be read.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from dashboard.kinds.kind import Kind
from dashboard.kinds.paths import classify
from dashboard.kinds.wire import bounded_json, urls
from dashboard.kinds.wire.bounded_json import Value
from dashboard.kinds.wire.members import WHITE_SPACE, Members, Problem


class Built(NamedTuple):
    """Where an object goes and its whole body."""

    path: str
    body: bytes


class InvalidObjectError(ValueError):
    """The object would break a rule; `problems` name the members, for a form."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.sentence for problem in self.problems))


def invalid(member: str, sentence: str) -> InvalidObjectError:
    """The error for one member."""
    return InvalidObjectError([Problem(member, sentence)])


def finish(kind: Kind[Any], path: str, members: Mapping[str, Value]) -> Built:
    """Check a whole object at its path and write it. Raises `InvalidObjectError`."""
    body = bounded_json.write(members)
    if len(body) > bounded_json.MAX_BYTES:
        raise invalid("", "It would be longer than 1 MiB.")
    at = classify(path)
    if at.outcome != "typed-v0" or at.kind != kind.name or not at.has_canonical_id:
        raise invalid("", "This is not a path in the v0 layout, the only one that is written.")
    read = Members(members)
    kind.read(read, at)
    if read.problems:
        raise InvalidObjectError(read.problems)
    return Built(path, body)


def stored_members(stored: bytes | None) -> Mapping[str, Value]:
    """The members of the object that is about to be replaced; none if there is none.

    Raises `InvalidObjectError` if its bytes are no object: replacing them would lose them unseen.
    """
    if stored is None:
        return {}
    try:
        value = bounded_json.parse(stored).value
    except bounded_json.UnreadableJsonError as error:
        raise invalid("", f"The stored object cannot be changed. {error}") from error
    if not isinstance(value, Mapping):
        raise invalid("", "The stored object cannot be changed. It is not a JSON object.")
    return value


def over(
    members: Mapping[str, Value], stored: Mapping[str, Value], without: Collection[str] = ()
) -> dict[str, Value]:
    """The new members in their order, then the stored ones that are not among them.

    `without` names members that the kind knows and that are now absent.
    """
    gone = {*members, *without}
    return {**members, **{name: value for name, value in stored.items() if name not in gone}}


def trimmed(text: str) -> str:
    """The text without white space around it, as the official client stores it."""
    return text.strip(WHITE_SPACE)


def optional(text: str | None) -> str | None:
    """A trimmed text, or None if nothing is left of it."""
    return trimmed(text or "") or None


def standard_url(member: str, text: str) -> str:
    """An address in the URL standard's spelling, which ids are made of.

    Raises `InvalidObjectError` where the spelling is not certain: an id made of a wrong one would
    make the object invisible to other apps.
    """
    url = urls.parse(trimmed(text))
    if url is None:
        raise invalid(member, f"“{member}” is not an address (URL).")
    if not url.is_certain:
        raise invalid(
            member,
            f"“{member}” has an unusual spelling; write it as a browser shows it after opening it,"
            " with an ASCII host name.",
        )
    return url.text
