"""`token`: named tokens for the operator's API, each with the rights it needs."""

import click

from appliance.cli.output import (
    ACTOR,
    as_json,
    pass_folder,
    print_json,
    print_table,
    with_metadata,
)
from appliance.clock import system_clock
from appliance.data_folder import DataFolder
from appliance.homeserver.admin_access import SCOPES, AdminAccess
from appliance.homeserver.operators import Operators
from appliance.metadata.admin_tokens import AdminToken
from appliance.metadata.sqlite import SqliteMetadata
from appliance.pubky.timestamp import rfc3339

SECONDS_PER_DAY = 86_400


@click.group(epilog="Example: pubky-appliance token create gate --scope invites:write")
def token() -> None:
    """Make, list and revoke tokens for programs that use the operator's API."""


@token.command(epilog="Example: pubky-appliance token create gate --scope invites:write --days 90")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it may do; may be given several times.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; else never.")
@as_json
@pass_folder
def create(
    folder: DataFolder, name: str, scopes: tuple[str, ...], days: int | None, *, as_json: bool
) -> None:
    """Make a token. It is shown once; only its hash is kept."""

    async def work(metadata: SqliteMetadata) -> tuple[AdminToken, str]:
        operators = _operators(folder, metadata)
        made = await operators.create_token(
            name, list(scopes), days * SECONDS_PER_DAY if days else None
        )
        await operators.note(ACTOR, "token create", name, "done")
        return made

    row, text = with_metadata(folder, work)
    if as_json:
        print_json(_facts(row) | {"token": text})
        return
    click.echo(f"Token   {text}   (shown only now)")
    click.echo(f"Scopes  {row.scopes}")
    click.echo("Send it as 'Authorization: Bearer …' or as 'X-Admin-Password: …'.")


@token.command("list", epilog="Example: pubky-appliance token list --json")
@as_json
@pass_folder
def list_tokens(folder: DataFolder, *, as_json: bool) -> None:
    """List tokens, newest first: what each may do and when it was last used."""
    rows = with_metadata(folder, lambda metadata: _operators(folder, metadata).tokens())
    if as_json:
        print_json([_facts(row) for row in rows])
        return
    if not rows:
        click.echo("No tokens. Make one with 'pubky-appliance token create'.")
        return
    print_table(
        ["ID", "NAME", "STATE", "LAST USED", "SCOPES"],
        [
            [
                str(row.id),
                row.name,
                _state(row),
                rfc3339(row.last_used_us)[:16] if row.last_used_us else "never",
                row.scopes,
            ]
            for row in rows
        ],
    )


@token.command(epilog="Example: pubky-appliance token revoke 3")
@click.argument("token_id", type=int)
@pass_folder
def revoke(folder: DataFolder, token_id: int) -> None:
    """End a token at once. TOKEN_ID is the ID that 'token list' shows."""

    async def work(metadata: SqliteMetadata) -> None:
        operators = _operators(folder, metadata)
        await operators.revoke_token(token_id)
        await operators.note(ACTOR, "token revoke", str(token_id), "done")

    with_metadata(folder, work)
    click.echo(f"Token {token_id} is worthless now.")


def _operators(folder: DataFolder, metadata: SqliteMetadata) -> Operators:
    return Operators(metadata, AdminAccess(folder.hashed_admin_password()), system_clock)


def _state(row: AdminToken) -> str:
    if row.revoked_us is not None:
        return "revoked"
    if row.expires_us is not None and row.expires_us <= system_clock():
        return "expired"
    return "active"


def _facts(row: AdminToken) -> dict[str, str | int | list[str] | None]:
    def time(us: int | None) -> str | None:
        return None if us is None else rfc3339(us)

    return {
        "id": row.id,
        "name": row.name,
        "state": _state(row),
        "scopes": row.scopes.split(),
        "created_at": time(row.created_us),
        "expires_at": time(row.expires_us),
        "last_used_at": time(row.last_used_us),
    }
