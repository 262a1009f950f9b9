"""An app that signs in by grant: a key of its own, a grant from a user, a bearer for an hour."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Self

import httpx

from appliance.clock import system_clock
from appliance.errors import invalid
from appliance.pubky.capabilities import Capability, parse_list
from appliance.pubky.grants import Grant, ProofOfPossession, random_id
from appliance.pubky.jws import Jws, base64url_decode, base64url_encode
from appliance.pubky.keys import Keypair, PublicKey

TWO_YEARS_S = 63_072_000
CLIENT_ID = "example.app"
ROOT = "/:rw"
CREDENTIAL = "pubky-grant-credential-v1"


def now_s() -> int:
    """Seconds since the Unix epoch."""
    return system_clock() // 1_000_000


def fresh_id() -> str:
    """A new name for a grant or a nonce."""
    return random_id(secrets.token_bytes(16))


def grant_for(
    user: PublicKey, app: PublicKey, capabilities: str = ROOT, client_id: str = CLIENT_ID
) -> Grant:
    """What a wallet signs for an app today: good for two years."""
    issued_s = now_s()
    entries: tuple[Capability, ...] = parse_list(capabilities)
    expires_s = issued_s + TWO_YEARS_S
    return Grant(user, client_id, entries, app, fresh_id(), issued_s, expires_s)


def signup_grant_for(user: PublicKey, app: PublicKey) -> Grant:
    """What a wallet signs to make an account: good for five minutes."""
    grant = grant_for(user, app, client_id="pubky.signup")
    return replace(grant, expires_s=grant.issued_s + 300)


@dataclass(slots=True)
class GrantClient:
    """One app of one user at one homeserver; `bearer` is the newest it got."""

    http: httpx.AsyncClient
    homeserver: PublicKey
    key: Keypair
    user: Keypair
    grant: Grant
    bearer: str = ""
    answer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        http: httpx.AsyncClient,
        homeserver: str,
        user: Keypair,
        capabilities: str = ROOT,
        client_id: str = CLIENT_ID,
    ) -> Self:
        """An app with a new key and a grant by this user, not exchanged yet."""
        key = Keypair.from_seed(secrets.token_bytes(32))
        grant = grant_for(user.public_key, key.public_key, capabilities, client_id)
        return cls(http, PublicKey.parse(homeserver), key, user, grant)

    @classmethod
    def restored(cls, http: httpx.AsyncClient, user: Keypair, credential: str) -> Self:
        """The app that wrote this credential; raises PubkyError invalid."""
        name, homeserver, secret, text = credential.split(":")
        if name != CREDENTIAL:
            raise invalid("not a stored credential")
        grant = Grant.verify(Jws.parse(text), 0)
        key = Keypair.from_seed(base64url_decode(secret))
        return cls(http, PublicKey.parse(homeserver), key, user, grant)

    @property
    def credential(self) -> str:
        """What the app keeps on disk to come back later."""
        secret = base64url_encode(self.key.seed)
        return f"{CREDENTIAL}:{self.homeserver}:{secret}:{self.grant.signed(self.user)}"

    def proof(self, grant: Grant | None = None) -> str:
        """A fresh proof of possession."""
        grant = grant or self.grant
        proof = ProofOfPossession(self.homeserver, grant.jti, fresh_id(), now_s())
        return proof.signed(self.key)

    def body(self, grant: Grant | None = None) -> dict[str, str]:
        """What is posted to sign up or in."""
        grant = grant or self.grant
        return {"grant": grant.signed(self.user), "pop": self.proof(grant)}

    async def sign_up(self, *, token: str | None = None) -> httpx.Response:
        """Make the user's account with a grant of its own."""
        grant = signup_grant_for(self.user.public_key, self.key.public_key)
        params = {} if token is None else {"signup_token": token}
        return await self.http.post("/auth/grant/signup", params=params, json=self.body(grant))

    async def exchange(self) -> httpx.Response:
        """Get a bearer, the first one or the next, and keep it."""
        response = await self.http.post("/auth/grant/session", json=self.body())
        if response.status_code == 200:
            self.answer = response.json()
            self.bearer = self.answer["token"]
        return response

    @property
    def headers(self) -> dict[str, str]:
        """What a signed-in app sends."""
        return {"authorization": f"Bearer {self.bearer}"} if self.bearer else {}

    def url(self, path: str, owner: PublicKey | None = None) -> str:
        """Where a file of the user, or of another owner, is addressed."""
        return f"/storage/{owner or self.user.public_key}{path}"

    async def request(
        self, method: str, path: str, content: bytes = b"", *, owner: PublicKey | None = None
    ) -> httpx.Response:
        """A request to storage."""
        return await self.http.request(
            method, self.url(path, owner), content=content, headers=self.headers
        )

    async def put(self, path: str, content: bytes = b"") -> httpx.Response:
        """PUT a file of the user."""
        return await self.request("PUT", path, content)

    async def get(self, path: str) -> httpx.Response:
        """GET something of the user."""
        return await self.request("GET", path)

    async def session(self) -> httpx.Response:
        """What the bearer stands for."""
        return await self.http.get("/auth/grant/session", headers=self.headers)

    async def sign_out(self) -> httpx.Response:
        """End the app's own grant."""
        return await self.http.delete("/auth/grant/session", headers=self.headers)

    async def list_grants(self) -> httpx.Response:
        """Every grant of the user that still works."""
        return await self.http.get("/auth/grant/sessions", headers=self.headers)

    async def revoke(self, grant_id: str) -> httpx.Response:
        """End a grant of the user."""
        return await self.http.delete(f"/auth/grant/session/{grant_id}", headers=self.headers)
