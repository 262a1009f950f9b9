"""What the fleet's list says of one node: prints one JSON object, and changes nothing.

node_status.py DATA-DIR PROGRAM-DIR DOMAIN, as root, with the Python of a release. What cannot be
found out is null; `problems` are sentences, none when all is well.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PATIENCE_S = 10
HTTPS = "127.0.0.1:443"
READY = "http://127.0.0.1:6289/readyz"
DAY_S = 86_400
GIB = 2**30
OLD_BACKUP_S = 8 * DAY_S
# The node says where it is every hour or so.
OLD_PUBLICATION_S = 3 * 3600
NEW = timedelta(minutes=10)
DATE_OF_OPENSSL = "%b %d %H:%M:%S %Y GMT"


def of_program(command: list[str], stdin: str = "") -> str:
    """What a program prints, "" when it fails."""
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def is_ready() -> bool:
    """Whether the node says so."""
    try:
        with urllib.request.urlopen(READY, timeout=PATIENCE_S) as answer:
            return int(answer.status) == 200
    except OSError:
        return False


def certificate(domain: str) -> tuple[float, float] | None:
    """Seconds that the certificate is good for from now, and in all, as nginx shows it."""
    shown = of_program(["openssl", "s_client", "-connect", HTTPS, "-servername", domain])
    lines = of_program(["openssl", "x509", "-noout", "-dates"], shown).splitlines()
    try:
        begin, end = (
            datetime.strptime(line.partition("=")[2], DATE_OF_OPENSSL).replace(tzinfo=UTC)
            for line in lines
        )
    except ValueError:
        return None
    return end.timestamp() - time.time(), (end - begin).total_seconds()


def last_backup(file: Path) -> tuple[float, bool] | None:
    """Age in seconds of the last good backup, and whether the newest line is a good one."""
    lines = file.read_text(encoding="utf-8", errors="replace").split("\n") if file.exists() else []
    told = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
    good = [line for line in told if line.get("ok") is True and line.get("kind") != "drill"]
    if not good:
        return None
    at = datetime.fromisoformat(str(good[-1]["at"]))
    return time.time() - at.timestamp(), told[-1].get("ok") is True


def newest_migration(database: Path) -> str | None:
    """The name of the last one that was applied."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as rows:
        found = rows.execute("SELECT max(name) FROM migrations").fetchone()
    return None if found is None else str(found[0])


def seen(data: Path, program: Path, domain: str) -> dict[str, Any]:
    """The whole of it."""
    command = program / "current/bin/pubky-appliance"
    as_node = ["runuser", "--user=pubky", "--", str(command), f"--data-dir={data}"]
    said = json.loads(of_program([*as_node, "status", "--json"]) or "{}")
    shown, backup = certificate(domain), last_backup(data / "backups.jsonl")
    success = said.get("last_success") or {}
    disk = shutil.disk_usage(data)
    current = program / "current"
    upgraded = datetime.fromtimestamp(int(current.lstat().st_mtime), UTC)
    found: dict[str, Any] = {
        "version": said.get("version"),
        "release": current.readlink().name,
        "key": said.get("public_key"),
        "schema": newest_migration(data / "metadata.sqlite3"),
        "is_ready": is_ready(),
        "certificate_days": None if shown is None else round(shown[0] / DAY_S, 1),
        "backup_age_s": None if backup is None else int(backup[0]),
        "is_public": said.get("is_public"),
        "published_age_s": success.get("age_s"),
        "disk_free_bytes": disk.free,
        "disk_total_bytes": disk.total,
        "upgraded_at": upgraded.isoformat().replace("+00:00", "Z"),
    }
    return found | {"problems": list(problems(found, shown, backup))}


def problems(
    found: dict[str, Any], shown: tuple[float, float] | None, backup: tuple[float, bool] | None
) -> list[str]:
    """Sentences for what somebody should look after."""
    published = found["published_age_s"]
    is_new = datetime.now(UTC) - datetime.fromisoformat(found["upgraded_at"]) < NEW
    findings = (
        (not found["is_ready"], "The node is not ready."),
        (
            shown is not None and shown[0] < shown[1] / 5,
            f"The certificate ends in {found['certificate_days']} days.",
        ),
        (backup is not None and backup[0] > OLD_BACKUP_S, "The last backup is over a week old."),
        (backup is not None and not backup[1], "The last backup or drill failed."),
        (
            found["is_public"] is True and published is None and not is_new,
            "Its key has never been published.",
        ),
        (
            found["is_public"] is True and (published or 0) > OLD_PUBLICATION_S,
            "Its key has not been published for hours.",
        ),
        (
            found["disk_free_bytes"] < min(GIB, found["disk_total_bytes"] / 10),
            "The disk is nearly full.",
        ),
    )
    return [text for is_so, text in findings if is_so]


if __name__ == "__main__":
    json.dump(seen(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]), sys.stdout)
