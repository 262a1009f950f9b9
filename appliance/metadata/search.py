"""The index of words and of references: what each text or JSON file says and points to.

It follows the log of events from behind; `position` is how far it came.
"""

from dataclasses import dataclass
from typing import Literal

from appliance.metadata.store import Tx, Value

# What a search counts at most: beyond it, "more than".
MOST_COUNTED = 1000
# Marks around the words that were found; neither can occur in a text that was indexed.
FOUND_BEGIN, FOUND_END = "\x01", "\x02"

Sorting = Literal["best", "newest"]


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed of one file; `targets` are addresses, `pubky://<key>/<path>`."""

    user_id: int
    path: str
    name: str
    body: str
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Due:
    """A path that changed; `blob_id` is None when nothing lies there any more."""

    user_id: int
    path: str
    blob_id: str | None
    content_length: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that holds the words, and a piece of its text around them."""

    path: str
    content_length: int
    content_type: str
    modified_us: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What hits must be: below a folder, between two times (µs), of a type and a size (bytes)."""

    folder: str = "/"
    after_us: int | None = None
    before_us: int | None = None
    type_prefix: str = ""
    min_bytes: int | None = None
    max_bytes: int | None = None


def position(tx: Tx) -> int:
    """The last event that the index knows of."""
    row = tx.one("SELECT event_id FROM search_state WHERE id = 1")
    return row[0] if row else 0


def due(tx: Tx, limit: int) -> tuple[list[Due], int]:
    """The paths of the next events, each once as it is now, and the event up to which they go."""
    after = position(tx)
    rows = tx.all(
        "SELECT id, events.user_id, events.path, blob_id, content_length, content_type"
        " FROM (SELECT id, user_id, path FROM events WHERE id > ? ORDER BY id LIMIT ?) AS events"
        " LEFT JOIN entries ON entries.user_id = events.user_id AND entries.path = events.path",
        after,
        limit,
    )
    found = {
        (row[1], row[2]): Due(row[1], row[2], row[3], row[4] or 0, row[5] or "") for row in rows
    }
    return list(found.values()), max((row[0] for row in rows), default=after)


def store(tx: Tx, gone: list[tuple[int, str]], documents: list[Document], event_id: int) -> None:
    """Forget and replace documents, and note how far the index came. Users may be gone by now."""
    for user_id, path in (*gone, *((each.user_id, each.path) for each in documents)):
        _forget(tx, user_id, path)
    for document in documents:
        _add(tx, document)
    tx.run("UPDATE search_state SET event_id = ? WHERE id = 1", event_id)


def _forget(tx: Tx, user_id: int, path: str) -> None:
    row = tx.one(
        "DELETE FROM search_documents WHERE user_id = ? AND path = ? RETURNING id", user_id, path
    )
    if row is not None:
        tx.run("DELETE FROM search_text WHERE rowid = ?", row[0])
    tx.run("DELETE FROM object_references WHERE user_id = ? AND path = ?", user_id, path)


def _add(tx: Tx, document: Document) -> None:
    row = tx.one(
        "INSERT INTO search_documents (user_id, path) VALUES (?, ?) RETURNING id",
        document.user_id,
        document.path,
    )
    tx.run(
        "INSERT INTO search_text (rowid, owner, name, body) VALUES (?, ?, ?, ?)",
        row[0] if row else None,
        _owner(document.user_id),
        document.name,
        document.body,
    )
    for target in document.targets:
        tx.run(
            "INSERT INTO object_references (user_id, path, target) VALUES (?, ?, ?)",
            document.user_id,
            document.path,
            target,
        )


def hits(
    tx: Tx,
    user_id: int,
    words: list[str],
    filters: Filters,
    sorting: Sorting,
    limit: int,
    offset: int,
) -> list[Hit]:
    """Files that hold every word, the last one as a beginning."""
    condition, values = _condition(user_id, words, filters)
    order = "modified_us DESC" if sorting == "newest" else "bm25(search_text, 0, 4, 1)"
    rows = tx.all(
        "SELECT search_documents.id, entries.path, content_length, content_type, modified_us"
        f" {condition} ORDER BY {order}, entries.path LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    match = _match(user_id, words)
    return [Hit(row[1], row[2], row[3], row[4], _excerpt(tx, row[0], match)) for row in rows]


def _excerpt(tx: Tx, document_id: int, match: str) -> str:
    """In a look of its own: in the first one it would be made for every hit and not for a page."""
    row = tx.one(
        f"SELECT snippet(search_text, 2, '{FOUND_BEGIN}', '{FOUND_END}', '…', 24)"
        " FROM search_text WHERE rowid = ? AND search_text MATCH ?",
        document_id,
        match,
    )
    return row[0] if row else ""


def facets(
    tx: Tx, user_id: int, words: list[str], filters: Filters
) -> list[tuple[str, str, str, int]]:
    """Folder below the root, type, month and bytes of every hit, `MOST_COUNTED` at most."""
    condition, values = _condition(user_id, words, filters)
    rows = tx.all(
        "SELECT entries.path, content_type,"
        " strftime('%Y-%m', modified_us / 1000000, 'unixepoch'), content_length"
        f" {condition} LIMIT {MOST_COUNTED}",
        *values,
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _condition(user_id: int, words: list[str], filters: Filters) -> tuple[str, list[Value]]:
    conditions = ["search_text MATCH ?", "search_documents.user_id = ?"]
    values: list[Value] = [_match(user_id, words), user_id]
    if filters.folder != "/":
        conditions.append("entries.path >= ? AND entries.path < ?")
        values += [filters.folder, filters.folder[:-1] + "0"]
    for column, sign, value in (
        ("modified_us", ">=", filters.after_us),
        ("modified_us", "<", filters.before_us),
        ("content_length", ">=", filters.min_bytes),
        ("content_length", "<=", filters.max_bytes),
    ):
        if value is not None:
            conditions.append(f"{column} {sign} ?")
            values.append(value)
    if filters.type_prefix:
        conditions.append("substr(content_type, 1, ?) = ?")
        values += [len(filters.type_prefix), filters.type_prefix]
    return (
        # CROSS: the words are the outer loop. With thousands of files the planner thinks otherwise,
        # and asks for the words once a file.
        "FROM search_text CROSS JOIN search_documents ON search_documents.id = search_text.rowid"
        " CROSS JOIN entries ON entries.user_id = search_documents.user_id"
        " AND entries.path = search_documents.path"
        f" WHERE {' AND '.join(conditions)}"
    ), values


def _match(user_id: int, words: list[str]) -> str:
    """The words as FTS5 takes them: each quoted, so that nothing in them is an operator."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    if quoted:
        quoted[-1] += "*"
    wanted = f" AND {{name body}} : ({' AND '.join(quoted)})" if quoted else ""
    return f"owner : {_owner(user_id)}{wanted}"


def _owner(user_id: int) -> str:
    return f"u{user_id}u"


def pointing_to(tx: Tx, user_id: int, target: str, limit: int) -> list[str]:
    """The paths of a user's objects that hold this address."""
    rows = tx.all(
        "SELECT path FROM object_references WHERE user_id = ? AND target = ? ORDER BY path LIMIT ?",
        user_id,
        target,
        limit,
    )
    return [row[0] for row in rows]


def dangling(tx: Tx, user_id: int, own: str, limit: int) -> list[tuple[str, str]]:
    """Objects that point to own paths (`own` is `pubky://<key>`) where nothing lies, any more."""
    rows = tx.all(
        "SELECT path, target FROM object_references WHERE user_id = ? AND target >= ?"
        " AND target < ? AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.user_id = ?"
        " AND entries.path = substr(target, ?)) AND NOT EXISTS (SELECT 1 FROM folders WHERE"
        " folders.user_id = ? AND folders.path = substr(target, ?) || '/') ORDER BY path LIMIT ?",
        user_id,
        own + "/",
        own + "0",
        user_id,
        len(own) + 1,
        user_id,
        len(own) + 1,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


def unreferenced(
    tx: Tx, user_id: int, own: str, folder: str, limit: int
) -> list[tuple[str, int, int]]:
    """Files below a folder that no own object points to: path, bytes, time of the last change."""
    rows = tx.all(
        "SELECT path, content_length, modified_us FROM entries WHERE user_id = ? AND path >= ?"
        " AND path < ? AND NOT EXISTS (SELECT 1 FROM object_references AS found"
        " WHERE found.user_id = ? AND found.target = ? || entries.path"
        " AND found.path <> entries.path) ORDER BY content_length DESC, path LIMIT ?",
        user_id,
        folder,
        folder[:-1] + "0",
        user_id,
        own,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def progress(tx: Tx, user_id: int) -> tuple[int, int, int]:
    """How far the index came, the newest event, and how many documents the user has in it."""
    newest = tx.one("SELECT COALESCE(MAX(id), 0) FROM events")
    mine = tx.one("SELECT COUNT(*) FROM search_documents WHERE user_id = ?", user_id)
    return position(tx), newest[0] if newest else 0, mine[0] if mine else 0
