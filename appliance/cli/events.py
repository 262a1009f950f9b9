"""`events`: the log of changes, as the operator sees it."""

import asyncio
import json
from collections.abc import Sequence

import click

from appliance.cli.output import pass_folder, with_metadata
from appliance.data_folder import DataFolder
from appliance.errors import PubkyError
from appliance.homeserver.subscriptions import resolve_cursor, resolve_users
from appliance.metadata import events as log
from appliance.metadata.events import EventRow
from appliance.metadata.sqlite import SqliteMetadata
from appliance.metadata.store import Tx
from appliance.pubky.content_hash import ContentHash
from appliance.pubky.events import feed_line
from appliance.pubky.keys import PublicKey
from appliance.pubky.path_filters import PathFilter
from appliance.pubky.paths import StoragePath
from appliance.pubky.timestamp import rfc3339

LOOK_EVERY_S = 0.5


@click.group(epilog="Example: pubky-appliance events tail --since 0")
def events() -> None:
    """Follow what is written and deleted on this node."""


@events.command(epilog="Example: pubky-appliance events tail --path /pub/ --json")
@click.option("--user", "keys", multiple=True, help="Only this user's; may be given repeatedly.")
@click.option(
    "--path", "paths", multiple=True, help="Only this file, or this folder/; repeatedly for more."
)
@click.option("--since", help="Begin after the event with this number; 0 is the very beginning.")
@click.option("--follow/--no-follow", default=True, help="Go on with what is to come (default).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on each line.")
@pass_folder
def tail(
    folder: DataFolder,
    keys: Sequence[str],
    paths: Sequence[str],
    since: str | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Print events as they happen, private ones too, until interrupted.

    Works while the node runs and while it does not. Without --since it begins with the next event.
    """
    users = [(_key(key), None) for key in keys]
    wanted = PathFilter.of([_path(path) for path in paths] or [StoragePath("/")])

    async def work(metadata: SqliteMetadata) -> None:
        position, cursors = await metadata.read(_begin, users, since)
        while True:
            page = await metadata.read(log.page, cursors, wanted, position, reverse=False)
            position = page.position
            for row in page.rows:
                click.echo(_json_line(row) if as_json else _line(row))
            if page.is_last:
                if not follow:
                    return
                await asyncio.sleep(LOOK_EVERY_S)

    try:
        with_metadata(folder, work)
    except BrokenPipeError:
        # Whoever read this has had enough, as `head` has.
        raise click.exceptions.Exit(0) from None


def _begin(
    tx: Tx, users: list[tuple[PublicKey, None]], since: str | None
) -> tuple[int, dict[int, int] | None]:
    position = log.last_id(tx) if since is None else resolve_cursor(tx, since)
    if not users:
        return position, None
    return position, dict.fromkeys(resolve_users(tx, users, by_operator=True), 0)


def _line(row: EventRow) -> str:
    return f"{row.id}  {rfc3339(row.created_us)}  {feed_line(row.kind, row.user, row.path)}"


def _json_line(row: EventRow) -> str:
    content_hash = ContentHash(row.content_hash).base64 if row.content_hash else None
    return json.dumps(
        {
            "id": row.id,
            "kind": row.kind,
            "user": row.user,
            "path": row.path,
            "content_hash": content_hash,
            "at": rfc3339(row.created_us),
        },
        ensure_ascii=False,
    )


def _key(text: str) -> PublicKey:
    try:
        return PublicKey.parse(text.removeprefix("pubky"))
    except PubkyError:
        raise click.ClickException(
            f"'{text}' is no public key: 52 lower-case letters and digits are needed"
        ) from None


def _path(text: str) -> StoragePath:
    try:
        return StoragePath.normalize(text if text.startswith("/") else f"/{text}")
    except PubkyError as error:
        raise click.ClickException(f"'{text}' is no path: {error.message}") from None
