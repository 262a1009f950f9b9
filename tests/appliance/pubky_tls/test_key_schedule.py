"""The key schedule against the handshake that RFC 8448 prints in its section 3."""

from hashlib import sha256
from typing import Any

import pytest
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base

from appliance.pubky_tls import key_schedule
from appliance.pubky_tls.key_schedule import (
    application_traffic,
    finished_mac,
    handshake_secret,
    handshake_traffic,
    main_secret,
    next_traffic_secret,
    traffic_iv,
    traffic_key,
)
from appliance.pubky_tls.messages import finished_to_bytes
from tests.support.vectors import load_vectors

TRACE = load_vectors("rfc8448")
MESSAGES = list(TRACE["messages"])


def published(name: str) -> bytes:
    return bytes.fromhex(TRACE[name])


def transcript_hash(until: str) -> bytes:
    names = MESSAGES[: MESSAGES.index(until) + 1]
    return sha256(b"".join(bytes.fromhex(TRACE["messages"][name]) for name in names)).digest()


@pytest.mark.parametrize(("ours", "theirs"), [("client", "server"), ("server", "client")])
def test_both_sides_agree_on_the_published_secret(ours: str, theirs: str) -> None:
    private = published(f"{ours}_private_key")
    assert crypto_scalarmult_base(private) == published(f"{ours}_public_key")
    shared = crypto_scalarmult(private, published(f"{theirs}_public_key"))
    assert shared == published("shared_secret")


def test_the_three_secrets_follow_from_the_shared_one() -> None:
    handshake = handshake_secret(published("shared_secret"))
    assert published("early_secret") == key_schedule.EARLY_SECRET
    assert handshake == published("handshake_secret")
    assert main_secret(handshake) == published("main_secret")


def test_handshake_traffic_secrets_are_as_published() -> None:
    traffic = handshake_traffic(published("handshake_secret"), transcript_hash("server_hello"))
    assert traffic.client == published("client_handshake_traffic_secret")
    assert traffic.server == published("server_handshake_traffic_secret")


def test_application_traffic_secrets_are_as_published() -> None:
    traffic = application_traffic(published("main_secret"), transcript_hash("server_finished"))
    assert traffic.client == published("client_application_traffic_secret")
    assert traffic.server == published("server_application_traffic_secret")


@pytest.mark.parametrize("phase", ["server_handshake", "client_handshake", "client_application"])
def test_keys_and_nonces_are_as_published(phase: str) -> None:
    secret = published(f"{phase}_traffic_secret")
    assert traffic_key(secret, 16) == published(f"{phase}_write_key")
    assert traffic_iv(secret) == published(f"{phase}_write_iv")


@pytest.mark.parametrize(
    ("sender", "before"), [("server", "certificate_verify"), ("client", "server_finished")]
)
def test_finished_messages_are_as_published(sender: str, before: str) -> None:
    secret = published(f"{sender}_handshake_traffic_secret")
    message = finished_to_bytes(finished_mac(secret, transcript_hash(before)))
    assert message.hex() == TRACE["messages"][f"{sender}_finished"]


def test_an_updated_secret_gives_other_keys() -> None:
    # No published figure: a round of KeyUpdate with OpenSSL is in test_interop.py.
    secret = published("client_application_traffic_secret")
    seen: list[Any] = [secret]
    for _ in range(3):
        seen.append(next_traffic_secret(seen[-1]))
    assert len({traffic_key(each) for each in seen}) == 4


def test_secrets_are_not_printed() -> None:
    traffic = handshake_traffic(published("handshake_secret"), transcript_hash("server_hello"))
    assert traffic.client.hex() not in repr(traffic)
    assert repr(traffic.client) not in repr(traffic)
