"""Conditions under which a file may be written: If-Match and If-None-Match (RFC 9110 13.1)."""

from dataclasses import dataclass

from appliance.pubky.content_hash import ContentHash

_ANY = b"*"


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true of the file that is there; without fields, nothing.

    `one_of` are entity tags, quotes included, of which one must be its own; an empty set is met by
    no file. `exists` False asks that there be none, True that there be any.
    """

    one_of: frozenset[bytes] | None = None
    none_of: frozenset[bytes] = frozenset()
    exists: bool | None = None

    @classmethod
    def parse(cls, if_match: bytes | None, if_none_match: bytes | None) -> "Precondition | None":
        """Read the two headers; None when neither is there.

        What is no list of our tags matches nothing: a write with a condition that nobody could
        read is refused and never done.
        """
        if if_match is None and if_none_match is None:
            return None
        one_of, none_of, exists = None, frozenset[bytes](), None
        if if_match is not None:
            if if_match.strip() == _ANY:
                exists = True
            else:
                one_of = _tags(if_match)
        if if_none_match is not None:
            if if_none_match.strip() == _ANY:
                # Together with `If-Match: *` no file can meet both.
                one_of = frozenset() if exists else one_of
                exists = False
            else:
                none_of = _tags(if_none_match)
        return cls(one_of, none_of, exists)

    def is_met(self, content_hash: bytes | None) -> bool:
        """Whether a file with this hash, or no file, is what was asked for."""
        if content_hash is None:
            return self.one_of is None and self.exists is not True
        tag = ContentHash(content_hash).etag.encode()
        if self.exists is False or tag in self.none_of:
            return False
        return self.one_of is None or tag in self.one_of


def _tags(value: bytes) -> frozenset[bytes]:
    """The tags of a list. Weak ones never match (RFC 9110 8.8.3.2), and our tags hold no comma."""
    return frozenset(item.strip() for item in value.split(b","))
