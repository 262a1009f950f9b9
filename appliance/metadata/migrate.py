"""Brings the tables up to date: forward only, each numbered file once, in its own transaction."""

import sqlite3
from importlib import resources


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing; raises ValueError for a database of a newer version."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_us INTEGER NOT NULL)"
    )
    folder = resources.files("appliance.metadata") / "migrations"
    scripts = {
        item.name.removesuffix(".sql"): item.read_text(encoding="utf-8")
        for item in folder.iterdir()
        if item.name.endswith(".sql")
    }
    applied = {name for (name,) in connection.execute("SELECT name FROM migrations")}
    unknown = sorted(applied - scripts.keys())
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


def _statements(script: str) -> list[str]:
    """The statements of a script one by one: `executescript` would commit in between."""
    statements, current = [], ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
