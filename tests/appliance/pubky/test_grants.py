"""Grants and proofs: every vector, the order of the checks, and strangers' claims."""

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.capabilities import parse_list
from appliance.pubky.grants import (
    GRANT_TYPE,
    PROOF_TYPE,
    Grant,
    ProofOfPossession,
    bearer_of,
    bearer_token,
    parse_random_id,
    random_id,
)
from appliance.pubky.jws import Jws, base64url_encode, sign_jws
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.sessions import secret_hash
from tests.support.grant_client import GrantClient
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("auth")
CLOCK_S = 1_767_225_610
ALICE = Keypair.from_seed(bytes(32))
APP = Keypair.from_seed(bytes(range(32)))
HOMESERVER = Keypair.from_seed(b"\x07" * 32).public_key
SIGNED = {entry["name"]: entry for entry in entries(VECTORS, "jws")}
STATUS = {"invalid": 400, "unauthenticated": 401}

GRANT = Grant(
    ALICE.public_key,
    "franky.pubky.app",
    parse_list("/pub/franky/:rw"),
    APP.public_key,
    "AAECAwQFBgcICQoLDA0ODw",
    1_767_225_600,
    1_830_297_600,
)
PROOF = ProofOfPossession(HOMESERVER, GRANT.jti, "EBESExQVFhcYGRobHB0eHw", 1_767_225_600)


def verified(text: str, now_s: int = CLOCK_S) -> Grant:
    return Grant.verify(Jws.parse(text), now_s)


def proven(text: str, now_s: int = CLOCK_S) -> ProofOfPossession:
    return ProofOfPossession.verify(Jws.parse(text), GRANT, HOMESERVER, now_s)


def named(section: str) -> list[Any]:
    return [pytest.param(entry, id=entry["name"]) for entry in entries(VECTORS, section)]


# --- Vectors --------------------------------------------------------------------------------


def test_grant_of_the_vectors() -> None:
    assert verified(SIGNED["grant"]["compact"]) == GRANT
    assert GRANT.signed(ALICE) == SIGNED["grant"]["compact"]


def test_signup_grant_of_the_vectors() -> None:
    grant = verified(SIGNED["signup grant"]["compact"])
    assert grant.client_id == "pubky.signup"
    assert grant.signed(ALICE) == SIGNED["signup grant"]["compact"]


def test_proof_of_the_vectors() -> None:
    assert proven(SIGNED["pop"]["compact"]) == PROOF
    assert PROOF.signed(APP) == SIGNED["pop"]["compact"]


@pytest.mark.parametrize("entry", named("jws_grant_negative"))
def test_grant_that_is_refused(entry: Entry) -> None:
    if entry["status"] == 422:
        with pytest.raises(PubkyError):
            Jws.parse(entry["grant"])
        return
    with pytest.raises(PubkyError) as refusal:
        verified(entry["grant"], entry["clock"])
    assert (STATUS[refusal.value.code], refusal.value.message) == (entry["status"], entry["body"])


@pytest.mark.parametrize("entry", named("jws_grant_positive_variants"))
def test_grant_that_is_accepted(entry: Entry) -> None:
    grant = verified(entry["grant"])
    assert replace(grant, issued_s=GRANT.issued_s) == GRANT


@pytest.mark.parametrize("entry", named("jws_pop_negative"))
def test_proof_that_is_refused(entry: Entry) -> None:
    audience = Keypair.from_seed(bytes.fromhex(entry["homeserver_seed"])).public_key
    grant = verified(entry["grant"], entry["clock"])
    with pytest.raises(PubkyError) as refusal:
        ProofOfPossession.verify(Jws.parse(entry["pop"]), grant, audience, entry["clock"])
    assert (STATUS[refusal.value.code], refusal.value.message) == (entry["status"], entry["body"])


@pytest.mark.parametrize("entry", entries(VECTORS, "random_id"), ids=lambda entry: entry["in"])
def test_random_id_text(entry: Entry) -> None:
    if entry["valid"]:
        assert parse_random_id(entry["in"]) == entry["in"]
    else:
        with pytest.raises(PubkyError):
            parse_random_id(entry["in"])


@pytest.mark.parametrize("entry", entries(VECTORS, "bearer"))
def test_bearer_text(entry: Entry) -> None:
    if "raw" in entry:
        assert bearer_token(bytes.fromhex(entry["raw"])) == entry["wire"]
        assert secret_hash(entry["wire"]).hex() == entry["stored_sha256"]
        assert hashlib.sha256(entry["wire"].encode()).hexdigest() == entry["stored_sha256"]
        return
    value = entry["authorization_header"] or ""
    present = value.removeprefix("Bearer ") if entry["class"] == "present" else None
    assert bearer_of(value) == present


@pytest.mark.parametrize("entry", entries(VECTORS, "stored_grant_credential"))
async def test_stored_credential(entry: Entry) -> None:
    async with httpx.AsyncClient() as http:
        app = GrantClient.restored(http, ALICE, entry["token"])
        assert app.homeserver.z32 == entry["homeserver"]
        assert app.key.seed.hex() == entry["client_secret"]
        assert app.grant == GRANT
        assert app.credential == entry["token"]


# --- Order and edges ------------------------------------------------------------------------


def refusal_of(claims: dict[str, Any], signer: Keypair = ALICE, typ: str = GRANT_TYPE) -> str:
    with pytest.raises(PubkyError) as refusal:
        verified(sign_jws(signer, typ, claims))
    return refusal.value.message.removeprefix("Invalid grant: ")


def claims_with(**changes: Any) -> dict[str, Any]:
    claims: dict[str, Any] = SIGNED["grant"]["claims"]
    return claims | changes


def test_grants_are_judged_by_form_signature_type_and_age_in_this_order() -> None:
    old = {"exp": 0}
    assert refusal_of(claims_with(jti="", **old), APP, "x") == "invalid grant format"
    assert refusal_of(claims_with(**old), APP, "x") == "invalid grant signature"
    assert refusal_of(claims_with(**old), ALICE, "x") == (
        "invalid grant header type, expected pubky-grant"
    )
    assert refusal_of(claims_with(**old)) == "grant has expired"


def test_proofs_are_judged_by_signature_type_audience_grant_and_time_in_this_order() -> None:
    claims = {"aud": ALICE.public_key.z32, "gid": "other", "nonce": "n", "iat": 0}
    steps: list[tuple[dict[str, Any], Keypair, str, str]] = [
        ({}, ALICE, GRANT_TYPE, "invalid PoP signature"),
        ({}, APP, GRANT_TYPE, "invalid PoP header type, expected pubky-pop"),
        ({}, APP, PROOF_TYPE, "PoP audience mismatch"),
        ({"aud": HOMESERVER.z32}, APP, PROOF_TYPE, "PoP grant ID mismatch"),
        ({"gid": GRANT.jti}, APP, PROOF_TYPE, "PoP timestamp out of range"),
    ]
    for change, signer, typ, expected in steps:
        claims |= change
        with pytest.raises(PubkyError) as refusal:
            proven(sign_jws(signer, typ, claims))
        assert refusal.value.message == f"Invalid PoP proof: {expected}"
        assert refusal.value.code == "unauthenticated"


@pytest.mark.parametrize("offset_s", [-180, 0, 180])
def test_three_minutes_of_difference_still_prove_possession(offset_s: int) -> None:
    assert proven(PROOF.signed(APP), PROOF.issued_s + offset_s) == PROOF


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nul\0"},
        {"client_id": "\ud800"},
        {"client_id": "ä" * 127},
        {"client_id": 7},
        {"caps": ["/pub/a/:r,/pub/b/:r"]},
        {"caps": [["/pub/:r"]]},
        {"caps": None},
        {"iss": "pubky" + ALICE.public_key.z32},
        {"cnf": "y" * 52},
        {"iat": True},
        {"iat": -1},
        {"exp": 1e12},
        {"exp": 2**63},
        {"exp": "1830297600"},
        {"jti": "AAECAwQFBgcICQoLDA0ODw\n"},
    ],
)
def test_malformed_claims_are_one_refusal(change: dict[str, Any]) -> None:
    # Written by hand, because half a surrogate pair is text only as an escape.
    parts = [{"alg": "EdDSA", "typ": GRANT_TYPE}, claims_with(**change)]
    message = ".".join(base64url_encode(json.dumps(part).encode()) for part in parts)
    signed = f"{message}.{base64url_encode(ALICE.sign(message.encode()))}"
    with pytest.raises(PubkyError) as refusal:
        verified(signed)
    assert refusal.value.message == "Invalid grant: invalid grant format"


def test_repeated_claim_is_refused() -> None:
    claims = json.dumps(claims_with())[:-1] + ',"exp":9999999999}'
    parts = [b'{"alg":"EdDSA","typ":"pubky-grant"}', claims.encode()]
    message = ".".join(map(base64url_encode, parts))
    with pytest.raises(PubkyError) as refusal:
        verified(f"{message}.{base64url_encode(ALICE.sign(message.encode()))}")
    assert refusal.value.message == "Invalid grant: invalid grant format"


def test_longest_client_id_and_no_capabilities_are_fine() -> None:
    grant = replace(GRANT, client_id="a" * 253, capabilities=())
    assert verified(grant.signed(ALICE)) == grant


def test_other_spelling_of_the_issuer_is_the_same_user() -> None:
    # `o` and `t` differ in bits that decoders drop.
    assert ALICE.public_key.z32.endswith("o")
    alias = ALICE.public_key.z32[:-1] + "t"
    assert PublicKey.parse(alias) == ALICE.public_key
    assert verified(sign_jws(ALICE, GRANT_TYPE, claims_with(iss=alias))) == GRANT


times = st.integers(CLOCK_S + 1, 2**63 - 1)
ids = st.text("AZaz09-_", min_size=1, max_size=22)


@given(st.text("aä. 🙂", min_size=1, max_size=60), ids, st.integers(0, 2**63 - 1), times)
def test_signed_grants_come_back_whole(client_id: str, jti: str, issued: int, expires: int) -> None:
    grant = replace(GRANT, client_id=client_id, jti=jti, issued_s=issued, expires_s=expires)
    assert verified(grant.signed(ALICE)) == grant


@given(st.binary(min_size=16, max_size=16))
def test_made_ids_are_ids(random: bytes) -> None:
    assert parse_random_id(random_id(random)) == random_id(random)


@given(st.binary(min_size=32, max_size=32))
def test_made_bearers_are_bearers(random: bytes) -> None:
    assert bearer_of(f"Bearer {bearer_token(random)}") == bearer_token(random)


odd_values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
)
changes = st.dictionaries(st.sampled_from([*SIGNED["grant"]["claims"], "aud", "gid"]), odd_values)


@given(changes)
def test_any_signed_claims_are_a_grant_or_refused(change: dict[str, Any]) -> None:
    with suppress(PubkyError):
        verified(sign_jws(ALICE, GRANT_TYPE, claims_with(**change)))


@given(changes)
def test_any_signed_claims_are_a_proof_or_refused(change: dict[str, Any]) -> None:
    claims: dict[str, Any] = SIGNED["pop"]["claims"]
    with suppress(PubkyError):
        proven(sign_jws(APP, PROOF_TYPE, claims | change))


@given(st.text())
def test_any_authorization_value_is_a_bearer_or_none(value: str) -> None:
    assert bearer_of(value) is None or len(value) == 50
