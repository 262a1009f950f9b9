"""A node that tries its own handshake before it says where it is."""

import pytest

from appliance.errors import PubkyError
from appliance.pubky.keys import Keypair
from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.self_test import handshake_self_test
from tests.support.tls_dialogues import KEYPAIR, OTHER_KEYPAIR


@pytest.mark.parametrize("keypair", [KEYPAIR, OTHER_KEYPAIR])
def test_a_sound_node_passes(keypair: Keypair) -> None:
    handshake_self_test(keypair)


def test_a_keypair_whose_halves_do_not_belong_together_fails() -> None:
    torn = Keypair(KEYPAIR.seed)
    object.__setattr__(torn, "public_key", OTHER_KEYPAIR.public_key)
    with pytest.raises(PubkyError, match="the server does not hold the key") as caught:
        handshake_self_test(torn)
    assert caught.value.code == "internal"


def test_a_client_that_takes_any_key_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Connection.of_client

    def credulous(accepts: object, server_name: str) -> Connection:
        del accepts
        return original(lambda _: True, server_name)

    monkeypatch.setattr(Connection, "of_client", credulous)
    with pytest.raises(PubkyError, match="not expected is accepted"):
        handshake_self_test(KEYPAIR)


def test_data_that_is_changed_on_the_way_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Connection.receive

    def forgetful(connection: Connection, data: bytes) -> bytes:
        return original(connection, data)[:-1]

    monkeypatch.setattr(Connection, "receive", forgetful)
    with pytest.raises(PubkyError, match="sent up does not arrive"):
        handshake_self_test(KEYPAIR)
