"""What a wallet answers to a sign-in link, and whether it is an answer to this very link.

Both kinds are read, whatever was asked: older wallets sign an AuthToken for a link that wants a
grant (authentication document 11 and 17.3). Spending the answer is the caller's step.
"""

from dataclasses import dataclass, field

from appliance.errors import invalid
from appliance.pubky import postcard
from appliance.pubky.auth_token import MIN_BYTES, AuthToken
from appliance.pubky.grants import Grant
from appliance.pubky.jws import Jws, texts_claim
from appliance.pubky.keys import PublicKey
from appliance.pubky.signing_channel import unseal
from appliance.pubky.timestamp import US_PER_SECOND

GRANT_WINDOW_S = 180

_NAMESPACE = slice(64, 74)
_CAPABILITIES_AT = 115


@dataclass(frozen=True, slots=True)
class Question:
    """What a link asks; `app_key` is the key that a grant must name, if one was asked for."""

    secret: bytes = field(repr=False)
    capabilities: str
    app_id: str
    app_key: PublicKey | None = None


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A signed token; whoever holds `raw` can spend it."""

    public_key: PublicKey
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class GrantAnswer:
    """A signed grant."""

    grant: Grant

    @property
    def public_key(self) -> PublicKey:
        """Who signed it."""
        return self.grant.issuer


def read_answer(wire: bytes, question: Question, now_us: int) -> TokenAnswer | GrantAnswer:
    """The answer in a sealed body; raises PubkyError invalid or unauthenticated for all others."""
    message = unseal(wire, question.secret)
    if len(message) >= MIN_BYTES and message[_NAMESPACE] == b"PUBKY:AUTH":
        return _token(message, question, now_us)
    return _grant(message, question, now_us // US_PER_SECOND)


def _token(message: bytes, question: Question, now_us: int) -> TokenAnswer:
    token = AuthToken.verify(message, now_us)
    # Byte for byte: a token for other rights, or for more, was meant for somebody else.
    if message[_CAPABILITIES_AT:] != postcard.string(question.capabilities):
        raise invalid("the token was signed for something else")
    return TokenAnswer(token.public_key, message)


def _grant(message: bytes, question: Question, now_s: int) -> GrantAnswer:
    try:
        jws = Jws.parse(message.decode("ascii"))
    except UnicodeDecodeError:
        raise invalid("the message is neither a token nor a grant") from None
    grant = Grant.verify(jws, now_s)
    if question.app_key is None or grant.cnf != question.app_key:
        raise invalid("the grant is for another key")
    if grant.client_id != question.app_id:
        raise invalid("the grant is for another app")
    if texts_claim(jws.claim_members(), "caps") != question.capabilities.split(","):
        raise invalid("the grant was signed for something else")
    if abs(grant.issued_s - now_s) > GRANT_WINDOW_S:
        raise invalid("the grant is not fresh")
    return GrantAnswer(grant)
