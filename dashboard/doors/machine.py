"""The operator's API on the machine itself: health, log, figures, settings, audit, backups."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from dashboard.doors.answers import DoorError, Members, door_errors, require_success

DOOR = "The admin API"
Query = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Machine:
    """How the machine is. `checks` are (name, verdict), `log_lines` (level, count)."""

    version: str
    python: str
    system: str
    started_at: datetime
    parts: tuple[str, ...]
    checks: tuple[tuple[str, str], ...]
    load: tuple[float, ...]
    processors: int
    memory_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int
    log_lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log."""

    number: int
    at: datetime
    level: str
    logger: str
    request: str
    message: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One minute of figures."""

    at: datetime
    requests: int
    client_errors: int
    server_errors: int
    users: int
    entries: int
    stored_bytes: int
    disk_free_bytes: int
    memory_bytes: int
    waiting_writes: int


@dataclass(frozen=True, slots=True)
class Setting:
    """One key as it is in force."""

    key: str
    value: str
    default: str
    is_default: bool
    doc: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The file's text and what runs."""

    text: str
    checksum: str
    problems: tuple[str, ...]
    needs_restart: bool
    is_writable: bool
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an operator did."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that some program made."""

    at: datetime
    kind: str
    is_ok: bool
    byte_count: int | None
    detail: str


class MachineDoor:
    """Asks with the client of the operator's door. Every method raises `DoorError`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def machine(self) -> Machine:
        """How the machine is now."""
        said = await self._get("/machine")
        checks, lines = said.members("checks"), said.members("log_lines")
        return Machine(
            version=said.text("version"),
            python=said.text("python"),
            system=said.text("system"),
            started_at=said.moment("started_at"),
            parts=said.texts("parts"),
            checks=tuple((name, checks.text(name)) for name in checks.names()),
            load=said.fractions("load"),
            processors=said.number("processors"),
            memory_bytes=said.number("memory_bytes"),
            disk_free_bytes=said.number("disk_free_bytes"),
            disk_total_bytes=said.number("disk_total_bytes"),
            log_lines=tuple((name, lines.number(name)) for name in lines.names()),
        )

    async def logs(self, query: Query) -> tuple[tuple[LogLine, ...], str | None]:
        """Log lines, newest first, and the cursor of older ones."""
        said = await self._get("/logs", query)
        found = tuple(
            LogLine(
                item.number("number"),
                item.moment("at"),
                item.text("level"),
                item.text("logger"),
                item.text("request"),
                item.text("message"),
            )
            for item in said.items()
        )
        return found, said.text_or_none("next_cursor")

    async def figures(self) -> tuple[Sample, ...]:
        """The last day, oldest minute first."""
        said = await self._get("/figures")
        return tuple(
            Sample(
                item.moment("at"),
                item.number("requests"),
                item.number("client_errors"),
                item.number("server_errors"),
                item.number("users"),
                item.number("entries"),
                item.number("stored_bytes"),
                item.number("disk_free_bytes"),
                item.number("memory_bytes"),
                item.number("waiting_writes"),
            )
            for item in said.items()
        )

    async def configuration(self) -> Configuration:
        """The settings."""
        said = await self._get("/config")
        return Configuration(
            text=said.text("text"),
            checksum=said.text("checksum"),
            problems=said.texts("problems"),
            needs_restart=said.flag("needs_restart"),
            is_writable=said.flag("is_writable"),
            settings=tuple(
                Setting(
                    item.text("key"),
                    item.written("value"),
                    item.written("default"),
                    item.flag("is_default"),
                    item.text("doc"),
                )
                for item in said.items()
            ),
        )

    async def check_configuration(self, text: str) -> tuple[tuple[str, ...], bool]:
        """What is wrong with a text, and whether it would count after a restart only."""
        async with door_errors(DOOR):
            response = await self._http.post("/config/check", json={"text": text})
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return said.texts("problems"), said.flag("needs_restart")

    async def save_configuration(self, text: str, base_checksum: str) -> bool:
        """Keep a text; whether it needs a restart. `DoorRefusedError` 409 when it changed."""
        body = {"text": text, "base_checksum": base_checksum}
        async with door_errors(DOOR):
            response = await self._http.put("/config", json=body)
        require_success(DOOR, response)
        return Members.of(DOOR, response).flag("needs_restart")

    async def audit(
        self, limit: int, cursor: str | None, part: str = ""
    ) -> tuple[tuple[Act, ...], str | None]:
        """What operators did that holds `part`, newest first, and the cursor of older acts."""
        query: dict[str, str | int] = {"limit": limit, "contains": part}
        if cursor is not None:
            query["cursor"] = cursor
        said = await self._get("/audit", query)
        found = tuple(
            Act(
                item.number("id"),
                item.moment("at"),
                item.text("actor"),
                item.text("action"),
                item.text("subject"),
                item.text("outcome"),
            )
            for item in said.items()
        )
        return found, said.text_or_none("next_cursor")

    async def backups(self) -> tuple[Backup, ...]:
        """The newest backups first."""
        said = await self._get("/backups")
        return tuple(
            Backup(
                item.moment("at"),
                item.text("kind"),
                item.flag("ok"),
                item.number_or_none("bytes"),
                item.text("detail"),
            )
            for item in said.items()
        )

    async def _get(self, path: str, query: Query | None = None) -> Members:
        async with door_errors(DOOR):
            response = await self._http.get(path, params=None if query is None else dict(query))
        require_success(DOOR, response)
        return Members.of(DOOR, response)


def is_conflict(error: DoorError) -> bool:
    """Whether somebody else was first."""
    return error.status == 409
