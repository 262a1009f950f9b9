"""The settings by which others find this node, and those of its place in the DHT."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from appliance.config import checks
from appliance.config.fields import setting, socket
from appliance.config.values import SocketAddress

WATCHED = "auto"
NO_ADDRESS = "none"
# The bootstrap nodes and relays that official clients use (discovery 3.1).
BOOTSTRAP_NODES = (
    "router.bittorrent.com:6881",
    "dht.transmissionbt.com:6881",
    "dht.libtorrent.org:25401",
    "relay.pkarr.org:6881",
)
RELAYS = ("https://pkarr.pubky.app", "https://pkarr.pubky.org")
SHORTEST_REPUBLISH_S = 1800


@dataclass(frozen=True, slots=True)
class Pkdns:
    """What this node says of itself to the world, and how it says it.

    With a loopback `public_ip` and no bootstrap nodes of your own, the node stays off the public
    DHT and publishes nothing: only this machine could use what it says.
    """

    public_ip: str = setting(
        "127.0.0.1",
        'The address that others reach. "auto" finds it out and follows its changes;\n'
        '"none" publishes the domain alone, for a node behind a tunnel.',
        checks.published_address,
    )
    public_ipv6: str = setting(
        "", 'A second address, IPv6: as above, or "" for none.', checks.published_ipv6
    )
    public_pubky_tls_port: int | None = setting(
        None,
        "The port of PubkyTLS as others reach it, when a router translates it.",
        checks.port,
        example="6287",
    )
    public_icann_http_port: int | None = setting(
        None,
        "The port of the client API as others reach it; published for the domain localhost only.",
        checks.port,
        example="6286",
    )
    icann_domain: str = setting(
        "localhost",
        'The domain name that others reach by HTTPS; "" for none. Browsers need one.',
        checks.optional_host_name,
    )
    user_keys_republisher_interval: int = setting(
        14_400,
        "Seconds between two rounds of republishing the users' packets; 0 turns it off, and less\n"
        f"than {SHORTEST_REPUBLISH_S} counts as {SHORTEST_REPUBLISH_S}.",
        checks.at_least(0),
    )
    dht_bootstrap_nodes: tuple[str, ...] | None = setting(
        None,
        "Where the DHT is entered, as host:port. With nodes of your own the default relays are\n"
        "not used.",
        checks.host_ports,
        example='["router.bittorrent.com:6881"]',
    )
    dht_relay_nodes: tuple[str, ...] | None = setting(
        None,
        "Pkarr relays that are asked and told as well; [] for none. Without it the two that\n"
        "official clients use.",
        checks.web_addresses,
        example='["https://pkarr.pubky.app"]',
    )
    dht_request_timeout_ms: int = setting(
        2000, "How long one node of the DHT may take to answer.", checks.at_least(100)
    )
    address_echo_url: str = setting(
        "",
        'A page that answers with the address it was asked from, in plain text; used by "auto".',
        checks.optional_web_address,
    )
    port_mapping: Literal["off", "nat-pmp"] = setting(
        "off", 'Ask the router for its address and to let 6287 and the DHT through: "nat-pmp".'
    )

    def __post_init__(self) -> None:
        if self.public_ip == NO_ADDRESS and not self.icann_domain:
            raise ValueError('icann_domain must be set when public_ip is "none"')

    @property
    def bootstrap_nodes(self) -> tuple[str, ...]:
        """Where the DHT is entered, as host:port."""
        if self.dht_bootstrap_nodes is None:
            return BOOTSTRAP_NODES
        return self.dht_bootstrap_nodes

    @property
    def relay_nodes(self) -> tuple[str, ...]:
        """The pkarr relays beside the DHT."""
        if self.dht_relay_nodes is not None:
            return self.dht_relay_nodes
        return RELAYS if self.dht_bootstrap_nodes is None else ()

    @property
    def is_public(self) -> bool:
        """Whether this node takes part in a DHT and publishes; see above."""
        if self.dht_bootstrap_nodes is not None:
            return True
        if self.public_ip in (WATCHED, NO_ADDRESS):
            return True
        return not ip_address(self.public_ip).is_loopback


@dataclass(frozen=True, slots=True)
class Dht:
    """This node's place in the BitTorrent Mainline DHT."""

    listen_socket: SocketAddress = socket(
        "0.0.0.0:6881", "UDP. A taken port is replaced by one that the system chooses."
    )
    ipv6_listen_socket: SocketAddress = socket(
        "[::]:6881", "The same for IPv6; left out where the machine has none."
    )
    mode: Literal["auto", "server", "client"] = setting(
        "auto", "server answers others; auto does so once it is seen to be reachable."
    )
    queries_per_second: int = setting(
        20, "Queries of one address that are answered each second.", checks.at_least(1)
    )
    upload_kib_per_second: int = setting(
        64, "What answers to strangers may take of the uplink, in KiB.", checks.at_least(1)
    )


@dataclass(frozen=True, slots=True)
class Relays:
    """Services for clients that cannot reach the DHT or each other; behind a TLS proxy."""

    pkarr_listen_socket: SocketAddress = socket("127.0.0.1:15411", "The pkarr relay.")
    http_listen_socket: SocketAddress = socket(
        "127.0.0.1:15412", "The HTTP relay, through which apps and phones sign in."
    )
    requests_per_second: int = setting(
        2,
        "Requests of one address that a relay answers each second, with ten times as many at\n"
        "once; 0 means no limit.",
        checks.at_least(0),
    )
    cached_packets: int = setting(
        10_000, "Packets that the pkarr relay keeps in memory, 2 KiB each.", checks.at_least(100)
    )
