"""`user`: the people of this node."""

from collections.abc import Awaitable, Callable
from typing import Any

import click

from appliance.cli.output import (
    ACTOR,
    Result,
    as_json,
    pass_folder,
    print_json,
    print_table,
    with_metadata,
)
from appliance.clock import system_clock
from appliance.data_folder import DataFolder
from appliance.errors import PubkyError
from appliance.homeserver.moderation import Moderation
from appliance.homeserver.quotas import Quotas, UserQuota, parse_changes
from appliance.homeserver.revocations import Revocations
from appliance.metadata import audit, users
from appliance.metadata.sqlite import SqliteMetadata
from appliance.metadata.users import User, UserWithSessions
from appliance.pubky.keys import PublicKey
from appliance.pubky.timestamp import rfc3339


@click.group(epilog="Example: pubky-appliance user list")
def user() -> None:
    """List people who signed up here; stop, suspend or delete them."""


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
                _state(row.user),
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


@user.command(epilog="Example: pubky-appliance user suspend 8pinxx…")
@click.argument("key")
@pass_folder
def suspend(folder: DataFolder, key: str) -> None:
    """Refuse a user's sign-ins, and everybody's reads of their files; ends their sessions."""
    text = _key(key)
    act(folder, "user suspend", text, lambda node: node.suspend(text))
    click.echo(f"{text} is suspended. Undo it with 'pubky-appliance user unsuspend'.")


@user.command(epilog="Example: pubky-appliance user unsuspend 8pinxx…")
@click.argument("key")
@pass_folder
def unsuspend(folder: DataFolder, key: str) -> None:
    """Let a suspended user sign in again, and their files be read."""
    text = _key(key)
    act(folder, "user unsuspend", text, lambda node: node.unsuspend(text))
    click.echo(f"{text} may sign in again.")


@user.command(epilog="Example: pubky-appliance user delete 8pinxx… --yes")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_folder
def delete(folder: DataFolder, key: str, *, yes: bool, as_json: bool) -> None:
    """Delete a user's account and every file of theirs, with an event for each file.

    Cannot be undone. Interrupted, it leaves the user suspended; run it again to finish.
    """
    text = _key(key)
    if not yes:
        click.confirm(f"Delete {text} and all their files?", abort=True)
    deleted = act(folder, "user delete", text, lambda node: node.delete_account(text))
    if as_json:
        print_json({"pubkey": text, "deleted": deleted})
    else:
        click.echo(f"{text} is deleted, with {deleted} files.")


@user.command(epilog="Example: pubky-appliance user quota 8pinxx… --storage-mb 500")
@click.argument("key")
@click.option("--storage-mb", metavar="MIB", help="A number of MiB, 'unlimited' or 'default'.")
@click.option("--rate-read", metavar="RATE", help="Such as 10mb/s, or 'unlimited', 'default'.")
@click.option("--rate-write", metavar="RATE", help="As --rate-read, for uploads.")
@as_json
@pass_folder
def quota(
    folder: DataFolder,
    key: str,
    storage_mb: str | None,
    rate_read: str | None,
    rate_write: str | None,
    *,
    as_json: bool,
) -> None:
    """Show or change what a user may store and how fast.

    'default' goes back to what the node's settings say for everybody.
    """
    text = _key(key)
    wishes: dict[str, Any] = {"rate_read": rate_read, "rate_write": rate_write}
    wishes["storage_quota_mb"] = (
        int(storage_mb) if storage_mb is not None and storage_mb.isdecimal() else storage_mb
    )
    changes = parse_changes(
        {
            name: None if wish == "default" else wish
            for name, wish in wishes.items()
            if wish is not None
        }
    )
    config = folder.config()

    async def work(metadata: SqliteMetadata) -> UserQuota:
        quotas = Quotas(metadata, config.storage.default_quota_mb, config.default_quotas)
        if changes:
            await quotas.change(text, changes)
            note = (system_clock(), ACTOR, "user quota", text, "done")
            await metadata.write(audit.append, *note)
        return await quotas.of_user(text)

    facts = _of_known_user(folder, text, work).to_json()
    if as_json:
        print_json(facts)
        return
    for name, value in facts["effective"].items():
        own = "" if name in facts["overrides"] else "  (the node's default)"
        click.echo(f"{name:<20} {value}{own}")


def act(
    folder: DataFolder, action: str, subject: str, work: Callable[[Moderation], Awaitable[Result]]
) -> Result:
    """Do something about a user, and note it in the audit log."""

    async def done(metadata: SqliteMetadata) -> Result:
        result = await work(Moderation(metadata, system_clock, Revocations()))
        await metadata.write(audit.append, system_clock(), ACTOR, action, subject, "done")
        return result

    return _of_known_user(folder, subject, done)


def _of_known_user(
    folder: DataFolder, key: str, work: Callable[[SqliteMetadata], Awaitable[Result]]
) -> Result:
    try:
        return with_metadata(folder, work)
    except PubkyError as error:
        if error.code == "not_found":
            raise click.ClickException(f"{key} did not sign up here") from error
        raise


def _set_disabled(folder: DataFolder, key: str, *, disabled: bool) -> None:
    text = _key(key)
    known = with_metadata(
        folder, lambda metadata: metadata.write(users.set_disabled, text, disabled=disabled)
    )
    if not known:
        raise click.ClickException(f"{text} did not sign up here")
    click.echo(f"{text} can {'no longer' if disabled else 'now'} write.")


def _state(found: User) -> str:
    if found.suspended:
        return "suspended"
    return "disabled" if found.disabled else "active"


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
        "suspended": found.suspended,
        "used_bytes": found.used_bytes,
        "entries": found.entry_count,
        "last_write_at": rfc3339(found.last_write_us) if found.last_write_us else None,
        "sessions": row.sessions,
    }
