"""`POST /sign-manifest`: the node's word for an export, with a scope of its own, and noted."""

from typing import Any

import pytest

from appliance.homeserver.admin_access import SCOPES
from appliance.pubky.keys import PublicKey
from appliance.pubky.manifest_signatures import ManifestStatement
from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.operator import operator_of

DIGEST = "ab" * 32


async def signed(appliance: Appliance, alice: Person) -> dict[str, Any]:
    """A signature over `DIGEST` for Alice."""
    async with operator_of(appliance) as operator:
        answer = await operator.post("/sign-manifest", {"owner": alice.z32, "blake3": DIGEST})
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_the_node_signs_a_hash_in_its_own_frame(appliance: Appliance, alice: Person) -> None:
    said = await signed(appliance, alice)
    assert (said["node"], said["owner"]) == (appliance.homeserver, alice.z32)
    statement = ManifestStatement(alice.keypair.public_key, bytes.fromhex(DIGEST), said["at_us"])
    node = PublicKey.parse(said["node"])
    assert statement.is_signed_by(node, bytes.fromhex(said["signature"]))


async def test_signing_is_noted_and_asking_is_not(appliance: Appliance, alice: Person) -> None:
    said = await signed(appliance, alice)
    async with operator_of(appliance) as operator:
        answer = await operator.post("/sign-manifest/check", said)
        assert answer.json() == {"is_signed": True, "is_this_node": True}
        forged = said | {"blake3": "00" * 32}
        answer = await operator.post("/sign-manifest/check", forged)
        assert answer.json() == {"is_signed": False, "is_this_node": True}
        (row,) = (await operator.get("/audit"))["items"]
    assert (row["action"], row["subject"]) == (
        "manifest_signatures.sign",
        f"{alice.z32} {DIGEST}",
    )


async def test_a_named_token_needs_the_scope(appliance: Appliance, alice: Person) -> None:
    others = [scope for scope in SCOPES if scope != "archives:sign"]
    async with operator_of(appliance) as operator:
        texts = [
            (await operator.post("/tokens", {"name": "x", "scopes": scopes})).json()["token"]
            for scopes in (others, ["archives:sign"])
        ]
    wish = {"owner": alice.z32, "blake3": DIGEST}
    for text, status in zip(texts, (403, 201), strict=True):
        async with operator_of(appliance, text) as client:
            assert (await client.post("/sign-manifest", wish)).status_code == status


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"owner": keypair_of("nobody").public_key.z32, "blake3": DIGEST}, 404),
        ({"owner": "x", "blake3": DIGEST}, 400),
        ({"owner": keypair_of("alice").public_key.z32, "blake3": DIGEST + "00"}, 400),
        ({"owner": keypair_of("alice").public_key.z32, "blake3": "zz" * 32}, 400),
        ({"owner": keypair_of("alice").public_key.z32}, 400),
    ],
)
@pytest.mark.usefixtures("alice")
async def test_nothing_else_is_signed(
    appliance: Appliance, wish: dict[str, str], status: int
) -> None:
    async with operator_of(appliance) as operator:
        assert (await operator.post("/sign-manifest", wish)).status_code == status
