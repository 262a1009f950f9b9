"""Deep links: how an app asks a wallet for a sign-in or an account (authentication document 11).

Of a repeated parameter the first counts, because signers sign the first.
"""

import base64
import re
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from appliance.errors import PubkyError, invalid
from appliance.pubky.capabilities import Capability, parse_list
from appliance.pubky.keys import PublicKey

Intent = Literal[
    "signin", "signup", "direct_signup", "signin_grant", "signup_grant", "secret_export"
]

MAX_CLIENT_ID_BYTES = 253

_INTENTS: tuple[str, ...] = get_args(Intent)
_REQUIRED: dict[Intent, tuple[str, ...]] = {
    "signin": ("caps", "relay", "secret"),
    "signup": ("caps", "relay", "secret", "hs"),
    "direct_signup": ("hs",),
    "signin_grant": ("caps", "relay", "secret", "cid", "cpk"),
    "signup_grant": ("caps", "relay", "secret", "cid", "cpk", "hs"),
    "secret_export": ("secret",),
}
_WITH_SIGNUP_TOKEN = {"signup", "direct_signup", "signup_grant"}
_LINK = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<intent>[^/?#]*)/?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.DOTALL,
)
_MALFORMED_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_SECRET = re.compile("[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class XCallback:
    """Who asks, and where to go afterwards: for display and navigation, without authority."""

    source: str | None = None
    success: str | None = None
    error: str | None = None
    cancel: str | None = None

    @classmethod
    def parse(cls, query: str) -> Self:
        """Reads the `x-` parameters of a raw query; never raises.

        Each is percent-decoded once and `+` stays; a value with a broken escape stays as it is.
        """
        values: dict[str, str] = {}
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            values.setdefault(name, _decode_once(value))
        return cls(
            values.get("x-source"),
            values.get("x-success", values.get("callback")),
            values.get("x-error"),
            values.get("x-cancel"),
        )


@dataclass(frozen=True, slots=True)
class DeepLink:
    """A link that was understood; what its intent does not use is None, or empty."""

    intent: Intent
    capabilities: tuple[Capability, ...] = ()
    relay: str | None = None
    secret: bytes | None = None
    homeserver: PublicKey | None = None
    signup_token: str | None = None
    client_id: str | None = None
    client_key: PublicKey | None = None
    x_callback: XCallback = XCallback()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a `pubkyauth://` link, or one of the older `pubkyring://`.

        An empty intent means `signin`. Raises `invalid` naming the scheme, intent or parameter.
        """
        match = _LINK.fullmatch(text)
        if match is None or match["scheme"].lower() not in {"pubkyauth", "pubkyring"}:
            raise invalid("Invalid scheme. Expected pubkyauth or pubkyring")
        name = match["intent"] or "signin"
        if name not in _INTENTS:
            raise invalid(f"Invalid intent `{name}`")
        intent = cast("Intent", name)
        query = match["query"] or ""
        given: dict[str, str] = {}
        for parameter, value in parse_qsl(query, keep_blank_values=True):
            given.setdefault(parameter, value)
        used = _REQUIRED[intent]
        for parameter in used:
            if parameter not in given:
                raise invalid(f"Missing query parameter {parameter}")
        return cls(
            intent,
            _capabilities(given["caps"]) if "caps" in used else (),
            _relay(given["relay"]) if "relay" in used else None,
            _secret(given["secret"]) if "secret" in used else None,
            _key("hs", given["hs"]) if "hs" in used else None,
            given.get("st") if intent in _WITH_SIGNUP_TOKEN else None,
            _client_id(given["cid"]) if "cid" in used else None,
            _key("cpk", given["cpk"]) if "cpk" in used else None,
            XCallback.parse(query),
        )


def _refused(parameter: str, reason: str) -> PubkyError:
    return invalid(f"Invalid query parameter {parameter}: {reason}")


def _capabilities(text: str) -> tuple[Capability, ...]:
    try:
        return parse_list(text)
    except PubkyError as error:
        raise _refused("caps", error.message) from None


def _relay(text: str) -> str:
    try:
        url = urlsplit(text)
    except ValueError:  # an unclosed bracket in the host
        raise _refused("relay", "not a URL") from None
    if url.scheme not in {"http", "https"} or not url.netloc:
        raise _refused("relay", "not an absolute http or https URL")
    return text


def _secret(text: str) -> bytes:
    if _SECRET.fullmatch(text):
        secret = base64.urlsafe_b64decode(text + "=")
        # 43 characters carry two bits more than 32 bytes; other decoders insist on zeros there.
        if base64.urlsafe_b64encode(secret).decode("ascii") == text + "=":
            return secret
    raise _refused("secret", "not 32 bytes of unpadded base64url")


def _key(parameter: str, text: str) -> PublicKey:
    try:
        return PublicKey.parse(text)
    except PubkyError as error:
        raise _refused(parameter, error.message) from None


def _client_id(text: str) -> str:
    # `parse_qsl` lets half a surrogate pair through if the link held one.
    if not 1 <= len(text.encode("utf-8", "surrogatepass")) <= MAX_CLIENT_ID_BYTES:
        raise _refused("cid", f"must have 1 to {MAX_CLIENT_ID_BYTES} bytes")
    return text


def _decode_once(value: str) -> str:
    if _MALFORMED_ESCAPE.search(value):
        return value
    try:
        return unquote_to_bytes(value.encode("utf-8", "surrogatepass")).decode()
    except UnicodeDecodeError:
        return value
