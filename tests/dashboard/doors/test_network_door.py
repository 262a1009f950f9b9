"""The contract of the admin door's questions about the network, against the real node."""

import pytest

from dashboard.doors.answers import DoorError, Members
from dashboard.doors.network import read_network
from tests.dashboard.people import Owner
from tests.support.appliance import Appliance, Person


async def test_the_admin_door_knows_the_network(owner: Owner) -> None:
    network = await owner.admin.network()
    assert (network.state, network.pubky_tls) == ("private", "serving")
    assert (network.last_attempt, network.last_success, network.dht) == (None, None, ())
    assert (network.ipv4, network.domain) == ("127.0.0.1", "localhost")


async def test_the_admin_door_knows_the_state_of_a_key(
    owner: Owner, alice: Person, appliance: Appliance
) -> None:
    packet = await owner.admin.key_state(alice.z32)
    assert (packet.public_key, packet.state, packet.history) == (alice.z32, "unknown", ())
    await appliance.node.network.publisher.publish()
    own = await owner.admin.key_state(appliance.homeserver)
    (attempt,) = own.history
    assert (own.state, attempt.outcome, attempt.vantage) == ("failed", "failed", "dht")
    assert attempt.detail == "this node is not in the DHT"


def test_an_answer_without_a_record_is_a_door_error() -> None:
    with pytest.raises(DoorError):
        read_network(Members("The admin API", {"state": "published"}))
