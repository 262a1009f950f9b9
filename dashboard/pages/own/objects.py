"""One of the visitor's objects: preview, facts, what it is, references both ways, its past."""

import json
from dataclasses import dataclass
from datetime import datetime

from quart import abort, redirect
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.doors.answers import require_success
from dashboard.doors.own_facts import Change, OldVersion
from dashboard.doors.storage import DOOR, ObjectFacts
from dashboard.kinds import registry
from dashboard.kinds.ids import EARLIEST_US, parse_timestamp_id
from dashboard.kinds.kind import Reference
from dashboard.kinds.wire.moments import moment
from dashboard.life.one_post import Line, compared
from dashboard.page_context import frame, render, render_named
from dashboard.pages.own.asking import Own, find_own, own_path, to_connect
from dashboard.pages.own.folders import missing_page
from dashboard.parts import Parts
from dashboard.preview.json_view import MAX_BYTES
from dashboard.preview.look import Preview, preview
from dashboard.preview.media_types import essence
from dashboard.routes import RouteTable

MOST_POINTING = 50
# Longer texts are compared by their hashes alone.
LONGEST_COMPARED = 256 * 1024


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An address in an object; `page` is ours if it leads to something of the visitor's."""

    role: str
    uri: str
    page: str | None


@dataclass(frozen=True, slots=True)
class WhatItIs:
    """What the path says an object is, and whether its bytes agree."""

    noun: str
    title: str
    layout: str
    is_valid: bool
    problems: tuple[str, ...]
    oddities: tuple[str, ...]
    named_at: datetime | None


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """One object."""

    path: OwnPath
    facts: ObjectFacts
    stated_type: str
    pubky_address: str
    http_address: str
    preview: Preview
    what: WhatItIs
    outgoing: tuple[Outgoing, ...]
    incoming: tuple[OwnPath, ...]
    versions: tuple[OldVersion, ...]
    changes: tuple[Change, ...]
    may_change: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """The past of a path where nothing lies now."""

    path: OwnPath
    versions: tuple[OldVersion, ...]
    changes: tuple[Change, ...]
    may_change: bool


@dataclass(frozen=True, slots=True)
class DiffPage:
    """An old version beside what lies there now; no lines where the bytes are no text."""

    path: OwnPath
    version: OldVersion
    is_there: bool
    is_same: bool
    lines: tuple[Line, ...] | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages of objects."""

    @table.add("/own/object/<path:rest>", audience="tenant")
    async def show(rest: str) -> ResponseReturnValue:
        path = own_path(rest)
        if path.is_folder:
            return redirect(own_address(path), 303)
        own = await find_own(parts)
        if own is None:
            return to_connect()
        facts = await own.door.find_object(path)
        if facts is None:
            return await missing_page(parts, own, path)
        content = await _object(parts, own, path, facts)
        return await render_named(parts, "own/object.html", await frame(parts, "files"), content)

    @table.add("/own/history/<path:rest>", audience="tenant")
    async def history(rest: str) -> ResponseReturnValue:
        path = own_path(rest)
        own = await find_own(parts)
        if own is None:
            return to_connect()
        versions, changes = await own.door.own.versions(path)
        content = HistoryPage(path, versions, changes, own.may_change)
        return await render("own/history.html", await frame(parts, "files"), content)

    @table.add("/own/diff/<version_id>/<path:rest>", audience="tenant")
    async def diff(version_id: str, rest: str) -> ResponseReturnValue:
        path = own_path(rest)
        own = await find_own(parts)
        if own is None:
            return to_connect()
        content = await _diff(own, path, version_id)
        return await render("own/diff.html", await frame(parts, "files"), content)


async def _object(parts: Parts, own: Own, path: OwnPath, facts: ObjectFacts) -> ObjectPage:
    async def read(most: int) -> bytes:
        return await own.door.read(path, most)

    is_read = 0 < facts.byte_count <= MAX_BYTES and registry.has_words(path.text)
    parsed = registry.parse(path.text, await read(MAX_BYTES) if is_read else b"")
    address = f"pubky://{own.public_key}{path.text}"
    versions, changes = await own.door.own.versions(path)
    return ObjectPage(
        path=path,
        facts=facts,
        stated_type=essence(facts.content_type),
        pubky_address=address,
        http_address=f"{parts.client_url}/storage/{own.public_key}{path.quoted}",
        preview=await preview(read, facts),
        what=_what(parsed, path),
        outgoing=tuple(_outgoing(each, own.public_key) for each in parsed.references),
        incoming=await own.door.own.pointing_to(address, MOST_POINTING),
        versions=versions,
        changes=changes,
        may_change=own.may_change,
    )


_LAYOUTS = {
    "typed-v0": "Pubky App, as it is today (v0)",
    "typed-v1": "Pubky App, as drafted (v1)",
    "foreign": "another app's",
    "unsupported": "a later layout than this dashboard knows",
    "reserved": "reserved by the layout",
    "unknown": "no known layout",
}


def _what(parsed: registry.Parsed, path: OwnPath) -> WhatItIs:
    named = parse_timestamp_id(path.name.partition(".")[0])
    at = moment(named.us) if named is not None and named.us >= EARLIEST_US else None
    return WhatItIs(
        parsed.kind_name,
        parsed.title,
        _LAYOUTS[parsed.at.outcome],
        parsed.is_valid,
        parsed.problems,
        parsed.oddities,
        at.at if at is not None else None,
    )


def _outgoing(reference: Reference, public_key: str) -> Outgoing:
    page = None
    address = reference.address
    if address is not None and address.public_key == public_key and address.path:
        page = own_address(OwnPath(address.path))
    return Outgoing(reference.role, reference.uri, page)


async def _diff(own: Own, path: OwnPath, version_id: str) -> DiffPage:
    versions, _ = await own.door.own.versions(path)
    version = next((each for each in versions if each.id == version_id), None)
    if version is None:
        abort(404, "This old version is not kept any more.")
    facts = await own.door.find_object(path)
    is_same = facts is not None and facts.etag.strip('"') == version.content_hash
    lines = None
    sizes = (version.byte_count, facts.byte_count if facts else 0)
    if max(sizes) <= LONGEST_COMPARED:
        now = await own.door.read(path, LONGEST_COMPARED) if facts and facts.byte_count else b""
        lines = compared_bytes(await _old_bytes(own, version), now)
    return DiffPage(path, version, facts is not None, is_same, lines)


async def _old_bytes(own: Own, version: OldVersion) -> bytes:
    answer = await own.door.own.open_old(version.id)
    try:
        await answer.aread()
        require_success(DOOR, answer)
        return answer.content
    finally:
        await answer.aclose()


def compared_bytes(old: bytes, new: bytes) -> tuple[Line, ...] | None:
    """The lines of two texts, JSON in its pretty form; None when either is no text."""
    before, after = _text(old), _text(new)
    if before is None or after is None:
        return None
    return compared(before, after)


def _text(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if "\x00" in text:
        return None
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return text
