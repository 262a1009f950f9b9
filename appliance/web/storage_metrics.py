"""How a storage request was addressed, counted for both ways of answering (client API 18.6)."""

from appliance.homeserver.sessions import ActiveSession
from appliance.metrics import Counters
from appliance.web.asgi import Scope, header
from appliance.web.tenant import Address, parse_tenant


def count_storage_request(
    counters: Counters, scope: Scope, address: Address, session: ActiveSession | None
) -> None:
    """One more request, if it has an owner; labels never hold keys, paths or secrets."""
    if address.tenant is None:
        return
    value = header(scope, b"pubky-host")
    if value is None:
        host = "absent"
    else:
        host = "matching" if parse_tenant(value) == address.tenant else "other"
    query: bytes = scope["query_string"]
    has_query = any(pair.partition(b"=")[0] == b"pubky-host" for pair in query.split(b"&"))
    counters.count_storage_request(
        "path" if address.path_addressed else "legacy",
        host,
        "true" if has_query else "false",
        "none" if session is None else session.auth_method,
    )
