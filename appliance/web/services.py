"""What the handlers are given; built once by `assembly`, closed over by every route."""

from dataclasses import dataclass

from appliance.clock import Clock
from appliance.homeserver.grants import Grants
from appliance.homeserver.sessions import Sessions
from appliance.homeserver.signup import Signup
from appliance.homeserver.storage import Storage
from appliance.metadata.store import Metadata
from appliance.metrics import Counters
from appliance.pubky.keys import PublicKey


@dataclass(frozen=True, slots=True)
class Services:
    """The rules behind the routes; `trusted_proxies` are addresses whose headers are believed."""

    public_key: PublicKey
    metadata: Metadata
    storage: Storage
    sessions: Sessions
    grants: Grants
    signup: Signup
    counters: Counters
    clock: Clock
    trusted_proxies: tuple[str, ...]
