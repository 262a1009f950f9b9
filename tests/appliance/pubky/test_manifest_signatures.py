"""A node's word for an export counts for that export and for nothing else."""

import pytest

from appliance.errors import PubkyError
from appliance.pubky.auth_token import AuthToken
from appliance.pubky.manifest_signatures import ManifestStatement
from appliance.pubky.signed_packets import SignedPacket
from tests.support.appliance import keypair_of

NODE, ALICE, BOB = keypair_of("node"), keypair_of("alice").public_key, keypair_of("bob").public_key
SAID = ManifestStatement(ALICE, bytes(32), 1_700_000_000_000_000)


def test_a_node_signs_what_it_says() -> None:
    assert SAID.is_signed_by(NODE.public_key, SAID.sign(NODE))


@pytest.mark.parametrize(
    "other",
    [
        ManifestStatement(BOB, SAID.manifest_hash, SAID.at_us),
        ManifestStatement(ALICE, bytes(31) + b"\1", SAID.at_us),
        ManifestStatement(ALICE, SAID.manifest_hash, SAID.at_us + 1),
    ],
)
def test_every_part_of_it_is_signed(other: ManifestStatement) -> None:
    assert not other.is_signed_by(NODE.public_key, SAID.sign(NODE))


def test_nobody_else_signs_for_it() -> None:
    assert not SAID.is_signed_by(NODE.public_key, SAID.sign(keypair_of("mallory")))
    assert not SAID.is_signed_by(NODE.public_key, b"")


def test_it_is_neither_a_token_nor_a_packet() -> None:
    signature = SAID.sign(NODE)
    with pytest.raises(PubkyError):
        AuthToken.verify(signature + SAID.signable, SAID.at_us)
    with pytest.raises(PubkyError):
        SignedPacket.from_relay_payload(NODE.public_key, signature + SAID.signable)
    assert SAID.signable.startswith(b"pubky-appliance export manifest v1\n")


@pytest.mark.parametrize(("digest", "at_us"), [(bytes(31), 0), (bytes(33), 0), (bytes(32), -1)])
def test_what_has_no_fixed_length_is_not_signed(digest: bytes, at_us: int) -> None:
    with pytest.raises(PubkyError):
        ManifestStatement(ALICE, digest, at_us)
