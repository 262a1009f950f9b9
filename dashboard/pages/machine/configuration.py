"""The settings: every value in force, and the file's text, checked before it is kept."""

import difflib
from dataclasses import dataclass

from quart import redirect, request
from quart.typing import ResponseReturnValue

from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.machine import Configuration, is_conflict
from dashboard.life.one_post import Line
from dashboard.page_context import frame, render
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
_MAX_BODY = 512 * 1024


@dataclass(frozen=True, slots=True)
class ConfigurationPage:
    """What runs and what the file says."""

    found: Configuration


@dataclass(frozen=True, slots=True)
class EditPage:
    """A text that is about to be kept: what is wrong with it, or what it changes."""

    text: str
    base_checksum: str
    problems: tuple[str, ...]
    lines: tuple[Line, ...]
    is_checked: bool
    needs_restart: bool
    conflict: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages about the settings."""

    @table.add("/configuration")
    async def index() -> ResponseReturnValue:
        content = ConfigurationPage(await parts.admin.machine.configuration())
        return await render(
            "machine/configuration.html", await frame(parts, "configuration"), content
        )

    @table.add("/configuration/edit", step_up=True)
    async def edit() -> ResponseReturnValue:
        found = await parts.admin.machine.configuration()
        content = EditPage(
            found.text, found.checksum, (), (), is_checked=False, needs_restart=False, conflict=None
        )
        return await render("machine/edit.html", await frame(parts, "configuration"), content)

    # By POST although it changes nothing: the text is longer than an address may be.
    @table.add("/configuration/check", step_up=True, methods=_POST, max_body=_MAX_BODY)
    async def check() -> ResponseReturnValue:
        text, base = await _asked()
        return await _checked(parts, text, base, None)

    @table.add("/configuration/save", step_up=True, methods=_POST, max_body=_MAX_BODY)
    async def save() -> ResponseReturnValue:
        text, base = await _asked()
        try:
            needs_restart = await parts.admin.machine.save_configuration(text, base)
        except DoorRefusedError as error:
            return await _checked(parts, text, base, error.message if is_conflict(error) else None)
        done = "settings-restart" if needs_restart else "settings-kept"
        return redirect(f"/configuration?done={done}", 303)


async def _asked() -> tuple[str, str]:
    request.max_form_memory_size = _MAX_BODY
    form = await request.form
    # Forms send line breaks of their own.
    return form.get("text", "").replace("\r\n", "\n"), form.get("base", "")


async def _checked(parts: Parts, text: str, base: str, conflict: str | None) -> ResponseReturnValue:
    now = await parts.admin.machine.configuration()
    problems, needs_restart = await parts.admin.machine.check_configuration(text)
    content = EditPage(
        text=text,
        base_checksum=base,
        problems=problems,
        lines=changed(now.text, text),
        is_checked=True,
        needs_restart=needs_restart,
        conflict=conflict,
    )
    return await render("machine/edit.html", await frame(parts, "configuration"), content)


def changed(before: str, after: str) -> tuple[Line, ...]:
    """The lines that differ, with two around them."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return tuple(
        Line(line[0] if line[0] in "+- " else "@", line[1:])
        for line in found
        if not line.startswith(("---", "+++"))
    )
