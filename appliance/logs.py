"""Log lines with the id of the request they belong to, as text or JSON, to standard error."""

import contextvars
import json
import logging
import sys
from datetime import UTC, datetime

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
"""The id of the request at hand; `-` outside of any."""


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        head = f"{stamp}Z {record.levelname:<7} [{request_id.get()}]"
        lines = [f"{head} {_visible(record.getMessage())}"]
        if record.exc_info:
            # Indented, so that no text of an exception can pass for a line of its own.
            trace = self.formatException(record.exc_info).split("\n")
            lines += [f"    {_visible(part)}" for part in trace]
        return "\n".join(lines)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request": request_id.get(),
            "message": record.getMessage(),
        }
        # What a line is made of, for machines: `extra={"fields": {...}}`.
        entry |= getattr(record, "fields", {})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=True)


def set_up_logs(level: str, line_format: str) -> None:
    """Send log records of `level` ("debug", "info", ...) and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if line_format == "json" else _TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These print every statement and every connection at debug, which buries our own lines.
    for name in ("aiosqlite", "asyncio", "httpcore", "httpx", "hypercorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _visible(line: str) -> str:
    """The line with control characters made visible, so that no input can steer a terminal."""
    return "".join(
        char if char == "\t" or char.isprintable() else f"\\x{ord(char):02x}" for char in line
    )
