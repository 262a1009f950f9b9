"""`user`: the people of this node."""

from typing import Any

import click

from appliance.cli.output import as_json, pass_folder, print_json, print_table, with_metadata
from appliance.clock import system_clock
from appliance.data_folder import DataFolder
from appliance.errors import PubkyError
from appliance.metadata import users
from appliance.metadata.users import UserWithSessions
from appliance.pubky.keys import PublicKey
from appliance.pubky.timestamp import rfc3339


@click.group(epilog="Example: pubky-appliance user list")
def user() -> None:
    """List people who signed up here; stop or allow their writing."""


@user.command("list", epilog="Example: pubky-appliance user list --json")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@as_json
@pass_folder
def list_users(folder: DataFolder, limit: int, *, as_json: bool) -> None:
    """List users, newest first, with what they store."""
    rows = with_metadata(
        folder, lambda metadata: metadata.read(users.page, None, limit, system_clock())
    )
    if as_json:
        print_json([_facts(row) for row in rows])
        return
    if not rows:
        click.echo("Nobody signed up yet. Invite someone: 'pubky-appliance invite create'.")
        return
    print_table(
        ["USER", "SINCE", "FILES", "BYTES", "STATE"],
        [
            [
                row.user.public_key,
                rfc3339(row.user.created_us)[:10],
                str(row.user.entry_count),
                str(row.user.used_bytes),
                "disabled" if row.user.disabled else "active",
            ]
            for row in rows
        ],
    )


@user.command(epilog="Example: pubky-appliance user show 8pinxx…")
@click.argument("key")
@as_json
@pass_folder
def show(folder: DataFolder, key: str, *, as_json: bool) -> None:
    """Show one user. KEY is their public key, 52 characters."""
    text = _key(key)
    row = with_metadata(
        folder,
        lambda metadata: metadata.read(users.find_with_sessions, text, system_clock()),
    )
    if row is None:
        raise click.ClickException(f"{text} did not sign up here")
    facts = _facts(row)
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        click.echo(f"{name:<14} {value}")


@user.command(epilog="Example: pubky-appliance user disable 8pinxx…")
@click.argument("key")
@pass_folder
def disable(folder: DataFolder, key: str) -> None:
    """Stop a user's writing. Reading, deleting and signing in go on."""
    _set_disabled(folder, key, disabled=True)


@user.command(epilog="Example: pubky-appliance user enable 8pinxx…")
@click.argument("key")
@pass_folder
def enable(folder: DataFolder, key: str) -> None:
    """Allow a user's writing again."""
    _set_disabled(folder, key, disabled=False)


def _set_disabled(folder: DataFolder, key: str, *, disabled: bool) -> None:
    text = _key(key)
    known = with_metadata(
        folder, lambda metadata: metadata.write(users.set_disabled, text, disabled=disabled)
    )
    if not known:
        raise click.ClickException(f"{text} did not sign up here")
    click.echo(f"{text} can {'no longer' if disabled else 'now'} write.")


def _key(text: str) -> str:
    try:
        return PublicKey.parse(text.removeprefix("pubky")).z32
    except PubkyError:
        raise click.ClickException(
            f"'{text}' is no public key: 52 lower-case letters and digits are needed"
        ) from None


def _facts(row: UserWithSessions) -> dict[str, Any]:
    found = row.user
    return {
        "pubkey": found.public_key,
        "created_at": rfc3339(found.created_us),
        "disabled": found.disabled,
        "used_bytes": found.used_bytes,
        "entries": found.entry_count,
        "last_write_at": rfc3339(found.last_write_us) if found.last_write_us else None,
        "sessions": row.sessions,
    }
