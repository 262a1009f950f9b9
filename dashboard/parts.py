"""What every page family is built from, handed to each `routes` function once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dashboard.assets import Asset
from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from dashboard.doors.indexer import IndexerDoor
from dashboard.doors.logins import LoginDoor
from dashboard.doors.packets import PacketDoor
from dashboard.doors.relay import RelayDoor
from dashboard.doors.tenant import TenantDoors
from dashboard.guard import Origin
from dashboard.jobs.jobs import Jobs
from dashboard.jobs.places import Places
from dashboard.life.names import Names
from dashboard.sign_in import Connections, NodeFacts, Owners, Scans, SignIns
from dashboard.visitors import Turns


@dataclass(frozen=True, slots=True)
class Scanning:
    """How people sign in with a phone. `relay` is a stranger's, or None where we are the relay.

    `relay_url` is the address that links name; `link_kind` is what they ask for.
    """

    relay_url: str
    relay: RelayDoor | None
    link_kind: str
    scans: Scans


@dataclass(slots=True)
class Parts:
    """The doors, the clock and the sign-in store of one dashboard.

    Not frozen for one reason: the store opens when the server starts, after the routes exist.
    """

    origin: Origin
    admin: AdminDoor
    logins: LoginDoor
    client: ClientDoor
    packets: PacketDoor | None
    tenants: TenantDoors
    client_url: str
    files: Mapping[str, Asset]
    scanning: Scanning
    operators: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    deliveries: Turns
    names: Names
    now_s: Callable[[], float]
    import_limit_bytes: int
    places: Places
    indexer: IndexerDoor | None
    opened_sign_ins: SignIns | None = None
    opened_jobs: Jobs | None = None

    @property
    def sign_ins(self) -> SignIns:
        """The open sign-in store."""
        if self.opened_sign_ins is None:
            raise RuntimeError("the dashboard has not been started")
        return self.opened_sign_ins

    @property
    def jobs(self) -> Jobs:
        """What runs longer than a page, and what is left of it."""
        if self.opened_jobs is None:
            raise RuntimeError("the dashboard has not been started")
        return self.opened_jobs

    @property
    def owners(self) -> Owners:
        """Whose keys run this node."""
        return Owners(self.sign_ins.store, self.operators, self.now_s)

    @property
    def node_facts(self) -> NodeFacts:
        """What the pages know of the node."""
        return NodeFacts(self.sign_ins.store)

    @property
    def connections(self) -> Connections:
        """The sessions that people lent to their sign-ins."""
        return Connections(self.sign_ins.store, self.now_s)

    async def close(self) -> None:
        """Close the store and every door."""
        await self.admin.close()
        await self.logins.close()
        await self.client.close()
        await self.tenants.close()
        if self.packets is not None:
            await self.packets.close()
        if self.indexer is not None:
            await self.indexer.close()
        if self.scanning.relay is not None:
            await self.scanning.relay.close()
        if self.opened_sign_ins is not None:
            await self.opened_sign_ins.close()
            self.opened_sign_ins = None
