"""Page sizes and cursors from the query, and the links to the first and the next page."""

from dataclasses import dataclass
from urllib.parse import urlencode

from quart import abort, request

SIZES = (100, 500, 1000)
_MAX_CURSOR = 4096


@dataclass(frozen=True, slots=True)
class Paging:
    """What of a list is asked for. `kept` are the other query members that links must keep."""

    path: str
    limit: int
    cursor: str | None
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> str:
        """The address of the first page."""
        return self._link(self.limit, None)

    @property
    def sizes(self) -> tuple[tuple[int, str], ...]:
        """Every page size with the address that shows it from the start."""
        return tuple((limit, self._link(limit, None)) for limit in SIZES)

    def after(self, cursor: str) -> str:
        """The address of the page behind a cursor."""
        return self._link(self.limit, cursor)

    def _link(self, limit: int, cursor: str | None) -> str:
        query = list(self.kept)
        if limit != SIZES[0]:
            query.append(("limit", str(limit)))
        if cursor is not None:
            query.append(("cursor", cursor))
        return f"{self.path}?{urlencode(query)}" if query else self.path


def asked_page(path: str, **kept: str) -> Paging:
    """Read `limit` and `cursor` of the current request; a size we do not offer is refused (400)."""
    limit = request.args.get("limit", str(SIZES[0]))
    cursor = request.args.get("cursor") or None
    if limit not in map(str, SIZES) or (cursor is not None and len(cursor) > _MAX_CURSOR):
        abort(400, "This page size or position is not one of ours.")
    return Paging(path, int(limit), cursor, tuple(kept.items()))
