"""Reading the members of one JSON object; whatever is wrong becomes a sentence, never an exception.

A wrong member is read as if it were absent, so that a page can show the rest beside the reasons.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dashboard.kinds.wire.bounded_json import Value, shown

# Unicode's White_Space, which is what the reference trims; `str.strip()` takes four more.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + ("\u2028\u2029\u202f\u205f\u3000")
)
_I64 = range(-(2**63), 2**63)
_MAX_PROBLEMS = 20
# What a page could show at most; the longest list that is allowed anywhere has 100 items.
_MAX_ITEMS = 1000


class Problem(NamedTuple):
    """What is wrong with a member (`links[0].url`), as a sentence."""

    member: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How many characters (code points) a text may have, once trimmed if `is_trimmed`."""

    most: int | None = None
    least: int = 0
    is_trimmed: bool = False

    def complaint(self, text: str) -> str | None:
        """Why this text is too short or too long."""
        length = len(text)
        if length < self.least:
            return f"has {length} characters; at least {self.least} are needed."
        if self.most is not None and length > self.most:
            return f"has {length:,} characters; at most {self.most:,} are allowed."
        return None


FREE = Limits()


class Members:
    """One object's members. `problems` is shared with the objects inside it."""

    def __init__(
        self,
        values: Mapping[str, Value],
        problems: list[Problem] | None = None,
        where: str = "",
    ) -> None:
        self._values = values
        self._where = where
        self.problems: list[Problem] = [] if problems is None else problems
        self.known: set[str] = set()

    def complain(self, name: str, sentence: str) -> None:
        """Note that a member is wrong. The sentence goes on after the member's name."""
        if len(self.problems) < _MAX_PROBLEMS:
            member = self._where + name
            self.problems.append(Problem(member, f"“{shown(member)}” {sentence}"))

    def refuse(self, sentence: str) -> None:
        """Note that the object as a whole is wrong. The sentence stands alone."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(Problem(self._where.rstrip("."), sentence))

    def has(self, name: str) -> bool:
        """Whether the member is there and not null."""
        self.known.add(name)
        return self._values.get(name) is not None

    def text(self, name: str, limits: Limits = FREE) -> str | None:
        """A text, or None if it is absent, null or no text."""
        if not self.has(name):
            return None
        value = self._values[name]
        if not isinstance(value, str):
            self.complain(name, "is not a text.")
            return None
        text = shown(value)
        if limits.is_trimmed:
            text = text.strip(WHITE_SPACE)
        complaint = limits.complaint(text)
        if complaint is not None:
            self.complain(name, complaint)
        return text

    def needed_text(self, name: str, limits: Limits = FREE) -> str:
        """A text that must be there; "" if it is not."""
        self._need(name)
        return self.text(name, limits) or ""

    def whole(self, name: str) -> int | None:
        """A 64-bit whole number."""
        if not self.has(name):
            return None
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, int) or value not in _I64:
            self.complain(name, "is not a whole number of 64 bits.")
            return None
        return value

    def needed_whole(self, name: str) -> int | None:
        """A whole number that must be there."""
        self._need(name)
        return self.whole(name)

    def flag(self, name: str) -> bool | None:
        """True or false."""
        if not self.has(name):
            return None
        value = self._values[name]
        if not isinstance(value, bool):
            self.complain(name, "is neither true nor false.")
            return None
        return value

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """One of a few words; the text is returned even if it is none of them."""
        text = self.text(name)
        if text is not None and text not in allowed:
            self.complain(name, f"is “{text[:40]}”; known are {', '.join(allowed)}.")
        return text

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts, or None if it is absent or null."""
        values = self._list(name)
        if values is None:
            return None
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self.complain(f"{name}[{index}]", "is not a text.")
        return tuple(shown(value) for value in values if isinstance(value, str))

    def objects(self, name: str) -> "tuple[Members, ...] | None":
        """A list of objects, or None if it is absent or null."""
        values = self._list(name)
        if values is None:
            return None
        found: list[Members] = []
        for index, value in enumerate(values):
            if isinstance(value, Mapping):
                found.append(Members(value, self.problems, f"{self._where}{name}[{index}]."))
            else:
                self.complain(f"{name}[{index}]", "is not an object.")
        return tuple(found)

    def object(self, name: str) -> "Members | None":
        """An object, or None if it is absent or null."""
        if not self.has(name):
            return None
        value = self._values[name]
        if not isinstance(value, Mapping):
            self.complain(name, "is not an object.")
            return None
        return Members(value, self.problems, f"{self._where}{name}.")

    def names(self) -> tuple[str, ...]:
        """Every member's name, in the order of the file, as far as a page could show them."""
        return tuple(self._values)[:_MAX_ITEMS]

    def rest(self) -> dict[str, Value]:
        """The members that nobody asked for, to be kept when the object is rewritten."""
        return {name: value for name, value in self._values.items() if name not in self.known}

    def is_null(self, name: str) -> bool:
        """Whether the member is written out as null."""
        return name in self._values and self._values[name] is None

    def _need(self, name: str) -> None:
        if not self.has(name):
            self.complain(name, "is missing.")

    def _list(self, name: str) -> Sequence[Value] | None:
        if not self.has(name):
            return None
        value = self._values[name]
        if isinstance(value, str) or not isinstance(value, Sequence):
            self.complain(name, "is not a list.")
            return None
        if len(value) > _MAX_ITEMS:
            self.complain(name, f"has {len(value):,} items; {_MAX_ITEMS:,} were read.")
        return value[:_MAX_ITEMS]
