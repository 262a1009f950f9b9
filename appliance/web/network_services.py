"""The node's place in the network, as the operator's API and the metrics are given it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.mainline.udp import Dht
from appliance.pkarr.keeping import KeptPackets
from appliance.pkarr.publisher import OwnAddress, Publisher
from appliance.pkarr.publishing import Publishing
from appliance.pkarr.republisher import Republisher
from appliance.pkarr.resolver import Resolver
from appliance.pubky.keys import Keypair
from appliance.pubky_tls.handshakes import TlsCounters
from appliance.web.relay_limits import RelayLimits


@dataclass(frozen=True, slots=True)
class PubkyTlsState:
    """The listener of native clients. `counters` is None where it does not serve."""

    is_wanted: bool
    address: str | None
    counters: TlsCounters | None


@dataclass(frozen=True, slots=True)
class NetworkServices:
    """`dht` is None for a node that stays by itself; `is_public` also tells of such a node.

    `publishes` says that this process publishes by itself; `relays` are those it tells.
    """

    keypair: Keypair
    is_public: bool
    publishes: bool
    relays: tuple[str, ...]
    dht: Dht | None
    resolver: Resolver
    publishing: Publishing
    publisher: Publisher
    republisher: Republisher
    kept: KeptPackets
    own_address: Callable[[], OwnAddress]
    relay_limits: Mapping[str, RelayLimits]
    pubky_tls: PubkyTlsState
