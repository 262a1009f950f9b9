"""Log lines with the id of the request they belong to, as text or JSON, to standard error."""

import contextvars
import json
import logging
import math
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
"""The id of the request at hand; `-` outside of any."""


KEPT_LINES = 2000
LONGEST_MESSAGE = 2000


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that was logged; numbers grow and are never used twice in a process."""

    number: int
    at_s: float
    level: str
    logger: str
    request: str
    message: str


class KeptLog(logging.Handler):
    """The newest lines of this process, for the operator's pages. What is on disk is untouched."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._next = 1
        self.counts: Counter[str] = Counter()
        """Lines ever logged here, by level."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            message += f" [{record.exc_info[0].__name__}: {record.exc_info[1]}]"
        level = record.levelname.lower()
        self.counts[level] += 1
        # Whole microseconds, as pages and answers tell them: finer, a line would come before the
        # very time that was told of it.
        at_s = datetime.fromtimestamp(record.created, UTC).timestamp()
        line = LogLine(
            self._next,
            at_s,
            level,
            record.name,
            request_id.get(),
            _visible(message[:LONGEST_MESSAGE]),
        )
        self._next += 1
        self._lines.append(line)

    def lines(
        self,
        limit: int,
        before: int | None = None,
        *,
        least_level: str = "debug",
        part: str = "",
        since_s: float = 0.0,
        until_s: float = math.inf,
    ) -> list[LogLine]:
        """The newest lines older than `before`, newest first, that hold `part` in any case.

        Only those of a time: Unix seconds, `since_s` included, `until_s` not.
        """
        least = logging.getLevelNamesMapping()[least_level.upper()]
        levels = logging.getLevelNamesMapping()
        found = (
            line
            for line in reversed(list(self._lines))
            if (before is None or line.number < before)
            and since_s <= line.at_s < until_s
            and levels.get(line.level.upper(), 0) >= least
            and part.casefold() in f"{line.logger} {line.request} {line.message}".casefold()
        )
        return [line for _, line in zip(range(limit), found, strict=False)]


@contextmanager
def kept_log() -> Iterator[KeptLog]:
    """Keep the newest lines for the length of the block."""
    kept = KeptLog()
    root = logging.getLogger()
    root.addHandler(kept)
    try:
        yield kept
    finally:
        root.removeHandler(kept)


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
