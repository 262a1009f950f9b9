"""Where people begin: what needs them first, then their account at a glance."""

from dataclasses import dataclass

from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.doors.own_facts import Change, FolderSum, Usage
from dashboard.errors import wording_of
from dashboard.kinds import people, registry
from dashboard.page_context import frame, render
from dashboard.pages.own.access import Holder, holders_of
from dashboard.pages.own.asking import Own, find_own
from dashboard.pages.own.visibility import Link, chain_of
from dashboard.parts import Parts
from dashboard.preview.json_view import MAX_BYTES
from dashboard.routes import RouteTable

_CHANGES = 10
_NEAR = 0.85
# An app that came within this time is worth a look.
_NEW_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that needs the person, with the page where to act."""

    level: str
    text: str
    href: str
    action: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of somebody who is new here."""

    word: str
    is_done: bool
    href: str
    action: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """The account at a glance. What could not be read is None, and `errors` say why."""

    public_key: str
    name: str | None
    is_connected: bool
    matters: tuple[Matter, ...]
    steps: tuple[Step, ...]
    usage: Usage | None
    changes: tuple[Change, ...]
    holders: tuple[Holder, ...] | None
    chain: tuple[Link, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppRow:
    """A folder of an app, and who may write there; None when that may not be known."""

    folder: FolderSum
    is_public: bool
    writers: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class AppsPage:
    """Everything by app."""

    rows: tuple[AppRow, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the front page of people and the list of apps."""

    @table.add("/home", audience="tenant")
    async def index() -> ResponseReturnValue:
        around = await frame(parts, "home")
        own = await find_own(parts)
        key = around.sign_in.public_key if around.sign_in else None
        errors: list[str] = []
        chain: tuple[Link, ...] = ()
        try:
            node = await parts.admin.node()
            state = await parts.admin.key_state(key or "", 1)
            chain = chain_of(node.public_key, state, await parts.admin.network(), None)
        except DoorError as error:
            errors.append(wording_of(error))
        usage, holders, name = None, None, None
        changes: tuple[Change, ...] = ()
        if own is not None:
            usage = await own.door.own.usage()
            changes, _ = await own.door.own.changes({"limit": _CHANGES})
            holders = await _holders(own)
            name = await _name(own)
        content = HomePage(
            public_key=key or "",
            name=name,
            is_connected=own is not None,
            matters=_matters(usage, holders, chain, parts.now_s()),
            steps=_steps(own, usage, name, chain),
            usage=usage,
            changes=changes,
            holders=holders,
            chain=chain,
            errors=tuple(errors),
        )
        return await render("own/home.html", around, content)

    @table.add("/apps", audience="tenant")
    async def apps() -> ResponseReturnValue:
        around = await frame(parts, "apps")
        own = await find_own(parts)
        rows: list[AppRow] = []
        if own is not None:
            usage = await own.door.own.usage()
            holders = await _holders(own)
            for app in usage.apps:
                writers = None
                if holders is not None:
                    writers = tuple(
                        holder.name
                        for holder in holders
                        if any(
                            entry.right_to(app.path.text) == "write"
                            for entry in holder.capabilities
                        )
                    )
                rows.append(AppRow(app, app.path.text.startswith("/pub/"), writers))
        return await render("own/apps.html", around, AppsPage(tuple(rows)))


async def _holders(own: Own) -> tuple[Holder, ...] | None:
    try:
        return holders_of(await own.door.own.credentials())
    except DoorRefusedError:
        return None  # the lent session is for files only


async def _name(own: Own) -> str | None:
    path = OwnPath(people.PATH)
    facts = await own.door.find_object(path)
    if facts is None or not 0 < facts.byte_count <= MAX_BYTES:
        return None
    profile = registry.parse(path.text, await own.door.read(path, MAX_BYTES)).value
    return profile.name if isinstance(profile, people.Profile) else None


def _matters(
    usage: Usage | None,
    holders: tuple[Holder, ...] | None,
    chain: tuple[Link, ...],
    now_s: float,
) -> tuple[Matter, ...]:
    found = [
        Matter("warning", f"{link.question} No. {link.evidence}", "/visibility", "Show")
        for link in chain
        if link.verdict == "bad"
    ]
    if usage is not None and usage.quota_bytes and usage.charged_bytes > _NEAR * usage.quota_bytes:
        share = usage.charged_bytes / usage.quota_bytes
        found.append(Matter("warning", f"Your storage is {share:.0%} full.", "/storage", "Show"))
    for holder in holders or ():
        age_s = now_s - holder.credential.created_at.timestamp()
        if holder.credential.kind == "grant" and age_s < _NEW_S:
            text = f"A new app got access: {holder.name}."
            found.append(Matter("notice", text, "/access", "Show"))
    return tuple(found)


def _steps(
    own: Own | None, usage: Usage | None, name: str | None, chain: tuple[Link, ...]
) -> tuple[Step, ...]:
    """The first steps, until all are done."""
    # On a node that stays by itself nobody can be found, and that is no step to take.
    is_seen = not any(link.verdict == "bad" for link in chain[:2])
    steps = (
        Step("Lend this dashboard a look at your data", own is not None, "/connect", "Connect"),
        Step("Give yourself a name", name is not None, "/me/profile/edit", "Write it"),
        Step("Be found by your key", is_seen, "/visibility", "Look"),
        Step("Store something", bool(usage and usage.file_count), "/files", "Upload"),
    )
    return () if all(step.is_done for step in steps) else steps
