"""Lending the dashboard a session of one's own data: asked for by a scan, ended with the sign-in.

Nothing of it is the operator's: the session is one of the person's, made by what they signed.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard import scanning
from dashboard.doors.answers import DoorError
from dashboard.doors.logins import Approval
from dashboard.page_context import frame, render, signed_in
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import Connection, Scan, SignIn

_POST = frozenset({"POST"})


@dataclass(frozen=True, slots=True)
class Rights:
    """One choice of the form: what a wallet is asked for, and what that means."""

    name: str
    capabilities: str
    title: str
    meaning: str


RIGHTS = (
    Rights(
        "change",
        "/pub/:rw,/priv/:rw",
        "Read and change my files",
        "Public and private files: look at them, upload, move, delete.",
    ),
    Rights(
        "read",
        "/pub/:r,/priv/:r",
        "Read my files",
        "Public and private files, without changing anything.",
    ),
    Rights(
        "everything",
        "/:rw",
        "Everything",
        "Files, and also seeing and ending what other apps may do with your data.",
    ),
)


@dataclass(frozen=True, slots=True)
class ConnectPage:
    """What is connected now, if anything is, and what could be."""

    connection: Connection | None
    connected_at: datetime | None
    meaning: str | None
    rights: tuple[Rights, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page about connecting one's own data."""

    @table.add("/connect", audience="tenant")
    async def index() -> ResponseReturnValue:
        found = await live_connection(parts, signed_in())
        content = ConnectPage(
            connection=found,
            connected_at=None if found is None else datetime.fromtimestamp(found.connected_at, UTC),
            meaning=None if found is None else _meaning(found),
            rights=RIGHTS,
        )
        return await render("connect/index.html", await frame(parts, "connect"), content)

    @table.add("/connect", audience="tenant", methods=_POST)
    async def create() -> ResponseReturnValue:
        wanted = (await request.form).get("rights", "")
        chosen = next((rights for rights in RIGHTS if rights.name == wanted), None)
        if chosen is None:
            abort(400, "These rights are not among those that can be chosen.")
        await scanning.begin(
            parts,
            scanning.browser_of_sign_in(signed_in().id),
            "connect",
            "/connect",
            capabilities=chosen.capabilities,
        )
        return redirect("/scan", 303)

    @table.add("/connect/end", audience="tenant", methods=_POST)
    async def remove() -> ResponseReturnValue:
        found = await parts.connections.find(signed_in().id)
        if found is not None:
            await parts.tenants.of(found.public_key, found.secret).end_session()
            await parts.connections.forget(found.id)
        return redirect("/connect?done=disconnected", 303)


async def live_connection(parts: Parts, sign_in: SignIn) -> Connection | None:
    """The connection of a sign-in, unless its session was ended elsewhere. Raises `DoorError`."""
    found = await parts.connections.find(sign_in.id)
    if found is None or found.public_key != sign_in.public_key:
        return None
    if await parts.tenants.of(found.public_key, found.secret).has_session():
        return found
    await parts.connections.forget(found.id)
    return None


async def finish_connect(
    parts: Parts, sign_in: SignIn, scan: Scan, approval: Approval
) -> ResponseReturnValue:
    """Spend what was signed for a session; raises `DoorError`."""
    # Only one's own data: somebody else's approval would mix two people's files in one sign-in.
    if approval.token is None or approval.public_key != sign_in.public_key:
        abort(403, "This was approved with another key than the one that is signed in here.")
    secret = await parts.tenants.sign_in(approval.public_key, approval.token)
    await parts.connections.add(sign_in.id, approval.public_key, secret, scan.capabilities)
    await end_left_over(parts)
    return redirect(f"{scan.back}?done=connected", 303)


async def end_left_over(parts: Parts) -> None:
    """End the sessions of sign-ins that are over; what cannot be ended now is tried again later."""
    for connection in await parts.connections.left_over():
        with suppress(DoorError):
            await parts.tenants.of(connection.public_key, connection.secret).end_session()
            await parts.connections.forget(connection.id)


def _meaning(connection: Connection) -> str:
    return next(
        (rights.meaning for rights in RIGHTS if rights.capabilities == connection.capabilities), ""
    )
