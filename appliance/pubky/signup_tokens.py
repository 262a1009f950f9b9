"""The shape of a signup token, and the link that carries one (authentication document 8)."""

from urllib.parse import urlencode

from appliance.errors import PubkyError, invalid
from appliance.pubky import crockford
from appliance.pubky.keys import PublicKey

TOKEN_BYTES = 7
TOKEN_CHARACTERS = 14


def parse_signup_token(text: str) -> str:
    """Checks the format and returns the text to look up.

    Lower case and look-alike letters are mapped to what was issued; hyphens stay where they are.
    Raises `invalid` with the text that clients know.
    """
    malformed = invalid("Invalid signup token format: Invalid signup code id")
    if len(text) != TOKEN_CHARACTERS:
        raise malformed
    try:
        crockford.decode(text.replace("-", ""))
    except PubkyError:
        raise malformed from None
    return crockford.canonical(text)


def signup_token(random: bytes) -> str:
    """The token of 7 random bytes: `XXXX-XXXX-XXXX`."""
    if len(random) != TOKEN_BYTES:
        raise ValueError(f"a signup token is made of {TOKEN_BYTES} bytes")
    text = crockford.encode(random)
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def direct_signup_link(homeserver: PublicKey, token: str | None) -> str:
    """The deep link with which a wallet makes an account here (authentication document 11)."""
    parameters = {"hs": homeserver.z32}
    if token is not None:
        parameters["st"] = token
    return f"pubkyauth://direct_signup?{urlencode(parameters)}"
