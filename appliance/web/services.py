"""What the handlers are given; built once by `assembly`, closed over by every route."""

from dataclasses import dataclass

from appliance.clock import Clock
from appliance.homeserver.disk_guard import DiskGuard
from appliance.homeserver.event_feed import EventFeed
from appliance.homeserver.grants import Grants
from appliance.homeserver.node_figures import NodeFigures
from appliance.homeserver.own_data import OwnData
from appliance.homeserver.own_past import OwnPast
from appliance.homeserver.quotas import Quotas
from appliance.homeserver.rate_limits import RateLimits
from appliance.homeserver.readiness import Readiness
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import Sessions
from appliance.homeserver.signup import Signup
from appliance.homeserver.storage import Storage
from appliance.metadata.store import Metadata
from appliance.metrics import Counters
from appliance.pubky.keys import PublicKey
from appliance.web.bandwidth import Bandwidth


@dataclass(frozen=True, slots=True)
class Services:
    """The rules behind the routes; `trusted_proxies` are addresses whose headers are believed."""

    public_key: PublicKey
    metadata: Metadata
    storage: Storage
    sessions: Sessions
    grants: Grants
    signup: Signup
    feed: EventFeed
    revocations: Revocations
    own_data: OwnData
    own_past: OwnPast
    quotas: Quotas
    rate_limits: RateLimits
    bandwidth: Bandwidth
    disk: DiskGuard
    counters: Counters
    figures: NodeFigures
    readiness: Readiness
    clock: Clock
    trusted_proxies: tuple[str, ...]
