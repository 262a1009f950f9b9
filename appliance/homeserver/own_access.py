"""Which sessions may ask what of an account, and whose row that is."""

from appliance.errors import PubkyError
from appliance.homeserver.sessions import ActiveSession
from appliance.metadata import users
from appliance.metadata.store import Tx
from appliance.pubky.capabilities import is_root

ROOTS = ("/pub/", "/priv/")


def reader(session: ActiveSession) -> str:
    """Whose data a session asks for; raises PubkyError forbidden if it may not read both trees."""
    if not all(
        any(capability.covers(root, write=False) for capability in session.capabilities)
        for root in ROOTS
    ):
        raise PubkyError("forbidden", "Session may not read everything")
    return session.user.z32


def holder(session: ActiveSession) -> str:
    """Whose account it is; raises PubkyError forbidden for sessions that may not do everything."""
    if not is_root(session.capabilities):
        raise PubkyError("forbidden", "Root capability required")
    return session.user.z32


def id_of(tx: Tx, owner: str) -> int:
    """The row of an account; raises PubkyError not_found."""
    user = users.find(tx, owner)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    return user.id
