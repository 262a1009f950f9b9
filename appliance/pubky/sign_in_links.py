"""Sign-in links: what one of our own pages asks of a wallet, and the capability that binds it.

An AuthToken names no audience. A capability that holds our host name and a nonce makes it one
(authentication document 17.3): the wallet signs the text, and the path gives nobody anything.
"""

import re
from urllib.parse import quote, urlencode, urlsplit

from appliance.errors import invalid
from appliance.pubky.jws import base64url_encode
from appliance.pubky.keys import PublicKey

LOGIN_FOLDER = "pubky-appliance.login"
NONCE_BYTES = 16

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile("[a-z0-9.-]{1,253}")
# What JavaScript's encodeURIComponent leaves alone beside letters and digits.
_COMPONENT_SAFE = "-_.!~*'()"
# Ring decodes the scanned text up to three times; these would break the link then.
_BREAKS_LINKS = re.compile("[%&#+?]")


def login_host(origin: str) -> str:
    """The name of a site as a capability can hold it: `dash.example.org`, `dash.example.org_8443`.

    Colons cannot occur in a scope, so a port follows an underscore and IPv6 is written with
    hyphens. Raises `invalid` for anything but `scheme://host[:port]`.
    """
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        raise invalid("Invalid origin") from None
    if parts.scheme not in _DEFAULT_PORTS or parts.path.strip("/") or parts.query or parts.username:
        raise invalid("Invalid origin")
    host = (parts.hostname or "").replace(":", "-")
    if not _HOST.fullmatch(host):
        raise invalid("Invalid origin: a host name in ASCII is needed")
    return host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}_{port}"


def login_capability(host: str, nonce: bytes) -> str:
    """What binds an answer to this host and this attempt, and allows nothing that is not public."""
    return f"/pub/{LOGIN_FOLDER}/{host}/{nonce.hex()}:r"


def sign_in_link(
    capabilities: str,
    relay: str,
    secret: bytes,
    *,
    source: str,
    app: tuple[str, PublicKey] | None = None,
) -> str:
    """The link to show; with an `app` (its id and key) it asks for a grant in place of a token.

    Raises `invalid` for a relay or source that some wallets would not read as meant.
    """
    if _BREAKS_LINKS.search(relay) or _BREAKS_LINKS.search(source):
        raise invalid("A relay's address and a name hold none of % & # + ?")
    parameters = {"caps": capabilities, "relay": relay, "secret": base64url_encode(secret)}
    if app is not None:
        client_id, client_key = app
        parameters |= {"cid": client_id, "cpk": client_key.z32}
    intent = "signin" if app is None else "signin_grant"
    shown = quote(source, safe=_COMPONENT_SAFE)
    return f"pubkyauth://{intent}?{urlencode(parameters)}&x-source={shown}"
