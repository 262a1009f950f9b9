"""A visit to the network by a process that is not the node: for the command line.

The visitor asks and publishes and answers nobody, on ports that the system chooses.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from appliance.assembly.network import Network, Ports, running_network
from appliance.assembly.plan import NodePlan
from appliance.config import Config, SocketAddress
from appliance.metadata.store import Metadata

ANY_IPV4 = SocketAddress("0.0.0.0", 0)  # noqa: S104 - it asks from any interface and serves none
ANY_IPV6 = SocketAddress("::", 0)


def visitor(config: Config, bootstrap: tuple[str, ...]) -> Config:
    """The settings of a visitor; `bootstrap` nodes, when there are any, replace the node's."""
    pkdns = replace(config.pkdns, dht_bootstrap_nodes=bootstrap) if bootstrap else config.pkdns
    return replace(
        config,
        pkdns=pkdns,
        dht=replace(config.dht, mode="client", listen_socket=ANY_IPV4, ipv6_listen_socket=ANY_IPV6),
        run=replace(config.run, parts=("dht",)),
    )


@asynccontextmanager
async def visiting(plan: NodePlan, metadata: Metadata) -> AsyncIterator[Network]:
    """Be in the network for the length of the block; `plan` holds the settings of a visitor."""
    drive = plan.config.drive
    ports = Ports(pubky_tls=drive.pubky_listen_socket.port, http=drive.icann_listen_socket.port)
    async with running_network(plan, metadata, ports, is_visit=True) as network:
        yield network
