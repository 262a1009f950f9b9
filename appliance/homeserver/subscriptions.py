"""Whose events a subscriber means, and from where on: keys and cursor texts become row ids."""

from collections.abc import Sequence

from appliance.errors import PubkyError, invalid
from appliance.metadata import events
from appliance.metadata.store import Tx
from appliance.pubky.events import parse_cursor
from appliance.pubky.keys import PublicKey


def resolve_cursor(tx: Tx, text: str) -> int:
    """The id that a cursor means; raises PubkyError invalid with "Invalid cursor"."""
    cursor = parse_cursor(text)
    if cursor.id is not None:
        return cursor.id
    event_id = events.id_of_time(tx, cursor.created_us or 0)
    if event_id is None:
        raise invalid("Invalid cursor")
    return event_id


def resolve_users(
    tx: Tx, users: Sequence[tuple[PublicKey, str | None]], *, by_operator: bool = False
) -> dict[int, int | None]:
    """Row ids with their cursors, checked in order; of a user named twice the last cursor counts.

    Raises PubkyError not_found, or invalid with the text of client API 13.2.
    """
    resolved: dict[int, int | None] = {}
    for key, text in users:
        user_id = events.find_user(tx, key.z32, by_operator=by_operator)
        if user_id is None:
            raise PubkyError("not_found", "Not Found")
        try:
            resolved[user_id] = None if text is None else resolve_cursor(tx, text)
        except PubkyError as error:
            raise invalid(f"{error.message}: {text}") from error
    return resolved
