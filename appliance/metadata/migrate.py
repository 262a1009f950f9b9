"""Brings the tables up to date: forward only, each numbered file once, in its own transaction."""

import sqlite3
from collections.abc import Iterable
from importlib import resources


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing; raises ValueError for a database of a newer version."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_us INTEGER NOT NULL)"
    )
    scripts = _scripts()
    applied = {name for (name,) in connection.execute("SELECT name FROM migrations")}
    unknown = newer_migrations(applied)
    if unknown:
        raise ValueError(f"was written by a newer version of this program ({unknown[0]})")
    for name in sorted(scripts.keys() - applied):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _statements(scripts[name]):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO migrations (name, applied_us)"
                " VALUES (?, CAST(strftime('%s', 'now') AS INTEGER) * 1000000)",
                (name,),
            )
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def newer_migrations(applied: Iterable[str]) -> list[str]:
    """Those that this version does not know, in order."""
    return sorted(set(applied) - _scripts().keys())


def _scripts() -> dict[str, str]:
    folder = resources.files("appliance.metadata") / "migrations"
    return {
        item.name.removesuffix(".sql"): item.read_text(encoding="utf-8")
        for item in folder.iterdir()
        if item.name.endswith(".sql")
    }


def _statements(script: str) -> list[str]:
    """The statements of a script one by one: `executescript` would commit in between."""
    statements, current = [], ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
