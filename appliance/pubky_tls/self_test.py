"""Whether this node could be reached: both halves of the handshake, in memory.

An open port with a broken TLS server is worse for native clients than a closed one (discovery 9.4),
so a node tries itself before it publishes its direct address.
"""

import os

from appliance.errors import PubkyError
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky_tls.client_handshake import REFUSED_KEY
from appliance.pubky_tls.connection import Connection

# More than one record.
SAMPLE_BYTES = 40_000


def handshake_self_test(keypair: Keypair) -> None:
    """Raises PubkyError (`internal`) with the reason unless a client that expects `keypair` gets
    through with data both ways, and one that expects another key does not."""
    key = keypair.public_key
    client, server = _introduced(keypair, {key}, f"_pubky.{key.z32}")
    failure = client.failure or server.failure
    if failure is not None or not (client.is_established and server.is_established):
        raise _failed(f"no handshake: {failure.message if failure else 'it does not end'}")
    for sender, receiver, way in ((client, server, "up"), (server, client, "down")):
        sample = os.urandom(SAMPLE_BYTES)
        sender.send(sample)
        if receiver.receive(sender.take_outgoing()) != sample:
            raise _failed(f"data sent {way} does not arrive")
    client, _ = _introduced(keypair, set(), key.z32)
    if client.failure is None or client.failure.reason != REFUSED_KEY:
        raise _failed("a key that was not expected is accepted")


def _introduced(
    keypair: Keypair, accepted: set[PublicKey], server_name: str
) -> tuple[Connection, Connection]:
    client = Connection.of_client(accepted.__contains__, server_name)
    server = Connection.of_server(keypair)
    while outgoing := client.take_outgoing():
        server.receive(outgoing)
        client.receive(server.take_outgoing())
    return client, server


def _failed(reason: str) -> PubkyError:
    return PubkyError("internal", f"PubkyTLS does not work here: {reason}")
