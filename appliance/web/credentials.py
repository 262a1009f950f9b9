"""Who is asking: a bearer, else the cookie named after the tenant (client API 6.1)."""

from appliance.homeserver.grants import GrantSession
from appliance.homeserver.sessions import ActiveSession
from appliance.pubky.grants import bearer_of
from appliance.pubky.keys import PublicKey
from appliance.pubky.sessions import parse_cookies
from appliance.web.asgi import Scope, header
from appliance.web.client_address import peer_is_trusted_proxy
from appliance.web.services import Services


async def find_session(
    services: Services, scope: Scope, tenant: PublicKey | None
) -> ActiveSession | None:
    """The session of this request, if any; bad credentials count as none.

    A bearer speaks for its own user, whoever the tenant is; a cookie only for the tenant.
    """
    by_bearer = await find_grant_session(services, scope)
    return by_bearer or await find_cookie_session(services, scope, tenant)


async def find_grant_session(services: Services, scope: Scope) -> GrantSession | None:
    """The session of the request's bearer."""
    value = header(scope, b"authorization")
    bearer = bearer_of(value.decode("latin-1")) if value is not None else None
    return await services.grants.find(bearer) if bearer is not None else None


async def find_cookie_session(
    services: Services, scope: Scope, tenant: PublicKey | None
) -> ActiveSession | None:
    """The session of the cookie named after the tenant, without regard to bearers."""
    if tenant is None:
        return None
    lines = [
        value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"cookie"
    ]
    secret = parse_cookies(lines).get(tenant.z32) if lines else None
    return await services.sessions.find(secret, tenant) if secret else None


def came_over_tls(scope: Scope, trusted_proxies: tuple[str, ...]) -> bool:
    """Whether the client's side of this request is encrypted.

    A proxy's word for it counts only when the proxy is a trusted one: cookies get `Secure` by it.
    """
    if scope["scheme"] == "https":
        return True
    if not peer_is_trusted_proxy(scope, trusted_proxies):
        return False
    forwarded = header(scope, b"x-forwarded-proto")
    return forwarded is not None and forwarded.split(b",")[0].strip().lower() == b"https"
