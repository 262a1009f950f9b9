"""The rules of grants on a database of their own, at a time of their own."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.homeserver.grants import Grants, GrantSession, NewBearer
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import Sessions
from appliance.homeserver.signup import Signup, SignupMode
from appliance.metadata import users
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.pubky.capabilities import parse_list
from appliance.pubky.grants import Grant, ProofOfPossession, random_id
from appliance.pubky.jws import Jws
from appliance.pubky.keys import Keypair
from tests.support.appliance import keypair_of
from tests.support.settable_clock import SettableClock

HOMESERVER = keypair_of("homeserver").public_key
ALICE = keypair_of("alice")
BOB = keypair_of("bob")
APP = keypair_of("app")
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class House:
    """The rules on a database of their own, at a time of their own."""

    metadata: SqliteMetadata
    clock: SettableClock
    revocations: Revocations
    signup: Signup
    grants: Grants

    @property
    def now_s(self) -> int:
        return self.clock.now_us // 1_000_000

    def grant(self, user: Keypair = ALICE, app: Keypair = APP, capabilities: str = "/:rw") -> Grant:
        """A new grant, good for a day."""
        return Grant(
            user.public_key,
            "example.app",
            parse_list(capabilities),
            app.public_key,
            random_id(secrets.token_bytes(16)),
            self.now_s,
            self.now_s + 24 * HOUR_S,
        )

    def proof(self, grant: Grant, nonce: str | None = None) -> ProofOfPossession:
        nonce = nonce or random_id(secrets.token_bytes(16))
        return ProofOfPossession(HOMESERVER, grant.jti, nonce, self.now_s)

    async def exchange(
        self,
        grant: Grant,
        *,
        user: Keypair = ALICE,
        app: Keypair = APP,
        proof: ProofOfPossession | None = None,
    ) -> NewBearer:
        proof = proof or self.proof(grant)
        return await self.grants.exchange(
            Jws.parse(grant.signed(user)), Jws.parse(proof.signed(app))
        )

    async def found(self, bearer: NewBearer) -> GrantSession | None:
        return await self.grants.find(bearer.token)


@asynccontextmanager
async def grant_house(folder: Path, mode: SignupMode = "open") -> AsyncIterator[House]:
    """A house in which Alice and Bob have accounts."""
    metadata = await open_sqlite(folder / "test.sqlite", durable=False)
    try:
        clock = SettableClock()
        revocations = Revocations()
        signup = Signup(metadata, Sessions(metadata, clock, revocations), clock, mode)
        grants = Grants(metadata, clock, HOMESERVER, signup, revocations)
        for person in (ALICE, BOB):
            await metadata.write(users.create, person.public_key.z32, clock.now_us)
        yield House(metadata, clock, revocations, signup, grants)
    finally:
        await metadata.close()
