"""Which migrations of some rows a release does not know: one name a line.

schema.py DATABASE, with the Python of that release. Nothing is printed, and nothing is wrong, when
there is no database yet.
"""

import sqlite3
import sys
from contextlib import closing
from importlib import resources
from pathlib import Path


def unknown_migrations(database: Path) -> list[str]:
    """Those that were applied and that this release has no file for, in order."""
    files = (resources.files("appliance.metadata") / "migrations").iterdir()
    known = {file.name.removesuffix(".sql") for file in files}
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as rows:
        applied = {name for (name,) in rows.execute("SELECT name FROM migrations")}
    return sorted(applied - known)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    if path.exists():
        sys.stdout.write("".join(f"{name}\n" for name in unknown_migrations(path)))
