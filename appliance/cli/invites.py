"""`invite`: who may join this node."""

import click

from appliance.cli.output import (
    as_json,
    pass_folder,
    print_json,
    print_table,
    terminal_qr,
    with_metadata,
)
from appliance.clock import system_clock
from appliance.data_folder import DataFolder
from appliance.errors import PubkyError
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import Sessions
from appliance.homeserver.signup import Signup
from appliance.metadata import signup_tokens
from appliance.metadata.signup_tokens import SignupToken
from appliance.metadata.sqlite import SqliteMetadata
from appliance.pubky.keys import PublicKey
from appliance.pubky.signup_tokens import direct_signup_link
from appliance.pubky.timestamp import rfc3339

SECONDS_PER_DAY = 86_400


@click.group(epilog="Example: pubky-appliance invite create --note 'for Ada'")
def invite() -> None:
    """Make, show, list and revoke invites. Each lets one person sign up."""


@invite.command(epilog="Example: pubky-appliance invite create --note 'for Ada' --days 14")
@click.option("--note", help="For your own memory; the invited person does not see it.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; else never.")
@as_json
@pass_folder
def create(folder: DataFolder, note: str | None, days: int | None, *, as_json: bool) -> None:
    """Make one invite and show it as text, link and QR code."""
    key = folder.public_key()

    async def work(metadata: SqliteMetadata) -> SignupToken:
        expires_in_s = days * SECONDS_PER_DAY if days else None
        return await _signup(metadata).create_invite(note, expires_in_s)

    made = with_metadata(folder, work)
    if as_json:
        print_json(_facts(made, key))
        return
    _show(made, key)


@invite.command("list", epilog="Example: pubky-appliance invite list --state unused")
@click.option(
    "--state",
    type=click.Choice(["all", "unused", "used", "revoked", "expired"]),
    default="all",
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@as_json
@pass_folder
def list_invites(folder: DataFolder, state: str, limit: int, *, as_json: bool) -> None:
    """List invites, newest first: what each is good for, and who used it."""
    key = folder.public_key()
    rows = with_metadata(
        folder,
        lambda metadata: metadata.read(
            signup_tokens.page_newest_first,
            None if state == "all" else state,  # type: ignore[arg-type] # click checked it
            None,
            limit,
            system_clock(),
        ),
    )
    if as_json:
        print_json([_facts(row, key) for row in rows])
        return
    if not rows:
        click.echo("No invites. Make one with 'pubky-appliance invite create'.")
        return
    print_table(
        ["ID", "INVITE", "STATE", "MADE", "USED BY", "NOTE"],
        [
            [
                str(row.id),
                row.token,
                row.state(system_clock()),
                rfc3339(row.created_us)[:10],
                row.used_by or "-",
                row.note or "",
            ]
            for row in rows
        ],
    )


@invite.command(epilog="Example: pubky-appliance invite show 3")
@click.argument("invite_id", type=int)
@as_json
@pass_folder
def show(folder: DataFolder, invite_id: int, *, as_json: bool) -> None:
    """Show an invite again, with its QR code. INVITE_ID is the ID that 'invite list' shows."""
    key = folder.public_key()
    found = with_metadata(
        folder, lambda metadata: metadata.read(signup_tokens.find_by_id, invite_id)
    )
    if found is None:
        raise PubkyError("not_found", f"No invite has the ID {invite_id}")
    if as_json:
        print_json(_facts(found, key))
        return
    if found.state(system_clock()) != "unused":
        click.echo(f"This invite is {found.state(system_clock())}: nobody can join with it.\n")
    _show(found, key)


@invite.command(epilog="Example: pubky-appliance invite revoke 3")
@click.argument("invite_id", type=int)
@as_json
@pass_folder
def revoke(folder: DataFolder, invite_id: int, *, as_json: bool) -> None:
    """Make an unused invite worthless. INVITE_ID is the ID that 'invite list' shows."""
    key = folder.public_key()
    revoked = with_metadata(folder, lambda metadata: _signup(metadata).revoke_invite(invite_id))
    if as_json:
        print_json(_facts(revoked, key))
    else:
        click.echo(f"Invite {revoked.token} can no longer be used.")


def _signup(metadata: SqliteMetadata) -> Signup:
    return Signup(
        metadata, Sessions(metadata, system_clock, Revocations()), system_clock, "token_required"
    )


def _show(row: SignupToken, key: PublicKey) -> None:
    link = direct_signup_link(key, row.token)
    click.echo(f"Invite  {row.token}")
    click.echo(f"Link    {link}\n")
    click.echo(terminal_qr(link))


def _facts(row: SignupToken, key: PublicKey) -> dict[str, str | int | None]:
    return {
        "id": row.id,
        "code": row.token,
        "link": direct_signup_link(key, row.token),
        "state": row.state(system_clock()),
        "note": row.note,
        "used_by": row.used_by,
        "created_at": rfc3339(row.created_us),
        "used_at": None if row.used_us is None else rfc3339(row.used_us),
        "expires_at": None if row.expires_us is None else rfc3339(row.expires_us),
    }
