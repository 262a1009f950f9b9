"""Every section of auth.json that speaks of these modules, and the reasons for the others."""

import struct
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.errors import PubkyError
from appliance.pubky import postcard, z32
from appliance.pubky.auth_token import AuthToken, sign_auth_token
from appliance.pubky.capabilities import Capability, is_root, list_text, normalize, parse_list
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.sessions import (
    SessionRecord,
    is_session_secret,
    removal_cookie,
    session_cookie,
    session_secret,
)
from appliance.pubky.signup_tokens import parse_signup_token, signup_token
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("auth")
NEW_YEAR_2026_US = 1_767_225_600_000_000
ALICE = Keypair.from_seed(bytes(32))

NOT_HERE = {
    "meta": "describes the file",
    "mnemonic": "tests/contracts/test_wallet_vectors.py",
    "resolve_0_6_0": "tests/contracts/test_wallet_vectors.py",
    "resolve_0_11": "tests/contracts/test_wallet_vectors.py",
    "channel_id": "tests/contracts/test_wallet_vectors.py",
    "relay_urls": "tests/contracts/test_wallet_vectors.py",
    "relay_kind": "tests/contracts/test_wallet_vectors.py",
    "encryption": "tests/contracts/test_wallet_vectors.py",
    "decryption_errors": "tests/contracts/test_wallet_vectors.py",
    "recovery_file": "tests/contracts/test_wallet_vectors.py",
    "recovery_file_invalid": "tests/contracts/test_wallet_vectors.py",
    "cookie_is_secure_upstream": "the scheme decides instead of the host name",
    "authorization": "tests/appliance/homeserver/test_authorize.py",
    "deep_link_0_6_0": "test_deep_links.py",
    "deep_link_0_11": "test_deep_links.py",
    "deep_link_dashboard": "test_deep_links.py",
    "deep_link_duplicate_params": "test_deep_links.py",
    "jws": "test_grants.py",
    "jws_grant_negative": "test_grants.py",
    "jws_grant_positive_variants": "test_grants.py",
    "jws_pop_negative": "test_grants.py",
    "random_id": "test_grants.py",
    "bearer": "test_grants.py",
    "stored_grant_credential": "test_grants.py",
    "grant_session_response": "tests/appliance/web/test_grants.py",
    "grant_list_response": "tests/appliance/web/test_grants.py",
    "http_exchanges_0_6_0_node": "tests/contracts/test_recorded_exchanges.py",
    "http_client_reaction_0_6_0": "tests/contracts/test_recorded_exchanges.py",
}

covered: set[str] = set()


def cases(section: str, *name_keys: str) -> list[Any]:
    """The entries of `section` as parameters, named by the first of `name_keys` they have."""
    covered.add(section)
    return [
        pytest.param(entry, id=next(repr(entry[key])[:60] for key in name_keys if key in entry))
        for entry in entries(VECTORS, section)
    ]


def test_every_section_is_tested_here_or_has_a_reason_not_to_be() -> None:
    assert covered.isdisjoint(NOT_HERE)
    assert covered | NOT_HERE.keys() == VECTORS.keys()


# --- Encodings and keys ---------------------------------------------------------------------


@pytest.mark.parametrize("entry", cases("zbase32", "hex"))
def test_z32_text_of_bytes(entry: Entry) -> None:
    data = bytes.fromhex(entry["hex"])
    assert z32.encode(data) == entry["z32"]
    assert z32.decode(entry["z32"]) == data


@pytest.mark.parametrize("entry", cases("zbase32_decode", "in"))
def test_other_spellings_of_a_key_become_the_canonical_one(entry: Entry) -> None:
    assert PublicKey.parse(entry["in"]).z32 == entry["canonical"]


@pytest.mark.parametrize("entry", cases("varint", "value"))
def test_varint_bytes_of_a_number(entry: Entry) -> None:
    data = bytes.fromhex(entry["hex"])
    assert postcard.varint(entry["value"]) == data
    assert postcard.Reader(data).varint() == entry["value"]


@pytest.mark.parametrize("entry", cases("keypairs", "seed"))
def test_keypair_of_a_seed(entry: Entry) -> None:
    keypair = Keypair.from_seed(bytes.fromhex(entry["seed"]))
    assert keypair.public_key.raw.hex() == entry["public_key"]
    assert str(keypair.public_key) == entry["z32"]
    assert keypair.secret_text() == entry["secret_file_hex_text"]


# Points outside the prime-order group, which the reference lets through.
NOT_PRIME_ORDER = {"y" * 52, "b" * 52}


@pytest.mark.parametrize("entry", cases("public_key_parse", "in"))
def test_strict_parser_takes_only_the_52_characters_of_a_key(entry: Entry) -> None:
    text = entry["in"]
    if entry["ok"] and len(text) == 52 and text not in NOT_PRIME_ORDER:
        assert PublicKey.parse(text).z32 == entry["ok"]
    else:
        with pytest.raises(PubkyError):
            PublicKey.parse(text)


@pytest.mark.parametrize("entry", cases("public_key_parse", "in"))
def test_host_parser_takes_the_transport_forms_only(entry: Entry) -> None:
    text = entry["in"]
    key = entry["ok"]
    if text.endswith(":6287"):
        # A port is allowed here, while the reference mistakes the key for a scheme.
        key = text.removesuffix(":6287")
    is_other_form = "//" in text or text.startswith("pubky") or text in NOT_PRIME_ORDER
    if key and not is_other_form:
        assert PublicKey.parse_host(text).z32 == key
    else:
        with pytest.raises(PubkyError):
            PublicKey.parse_host(text)


def parsed_hosts(entry: Entry) -> Iterator[str]:
    query = entry["query"] or ""
    values = [value for name, _, value in (p.partition("=") for p in query.split("&")) if value]
    for candidate in (entry["pubky_host"], entry["host"], *values):
        try:
            yield PublicKey.parse_host(candidate or "").z32
        except PubkyError:
            continue


@pytest.mark.parametrize("entry", cases("pubky_host_header", "pubky_host"))
def test_first_host_that_parses_is_the_tenant(entry: Entry) -> None:
    assert next(parsed_hosts(entry), None) == entry["tenant"]


# --- Capabilities ---------------------------------------------------------------------------

REASONS = {
    "InvalidFormat": "capability must have format `<scope>:<actions>`",
    "MissingActions": "capability must contain at least one action",
    "NotAbsolute": "invalid capability scope: path must be absolute",
    "EmptySegment": "invalid capability scope: path contains an empty segment",
    "CurrentDirectorySegment": "invalid capability scope: path contains a `.` segment",
    "ParentDirectorySegment": "invalid capability scope: path contains a `..` segment",
    "Backslash": "invalid capability scope: path must not contain a backslash",
    "ControlCharacter": "invalid capability scope: path contains a control character",
    "TrailingWhitespace": "invalid capability scope: path must not end in whitespace",
    "SegmentTooLong": "invalid capability scope: path segment is 256 bytes; maximum is 255",
    "PathTooLong": "invalid capability scope: path is 979 bytes; maximum is 972",
}


def reason_text(error: str) -> str:
    name, _, action = error.removesuffix(")").partition("(")
    return f"invalid capability action `{action}`" if action else REASONS[name]


@pytest.mark.parametrize("entry", cases("capability_parse", "in"))
def test_capability_list(entry: Entry) -> None:
    expected = entry["v0_11"]
    if "error" in expected:
        with pytest.raises(PubkyError) as refusal:
            parse_list(entry["in"])
        assert refusal.value.message == (
            f"invalid capability at position {expected['position']} (`{expected['entry']}`): "
            + reason_text(expected["error"])
        )
    else:
        capabilities = parse_list(entry["in"])
        assert list_text(capabilities) == expected["ok"]
        assert list_text(normalize(capabilities)) == expected["normalized"]
        assert is_root(capabilities) == expected["root"]


@pytest.mark.parametrize("entry", cases("capability_normalize", "in"))
def test_normal_form_of_a_capability_list(entry: Entry) -> None:
    assert list_text(normalize(parse_list(entry["in"]))) == entry["out"]


@pytest.mark.parametrize("entry", cases("capability_match", "scope"))
def test_scope_covers_path(entry: Entry) -> None:
    capability = Capability(entry["scope"], read=True, write=True)
    assert capability.covers(entry["path"], write=False) == entry["covers"]
    assert capability.covers(entry["path"], write=True) == entry["covers"]


@pytest.mark.parametrize("entry", cases("root_check", "caps"))
def test_root_is_one_entry_with_both_actions(entry: Entry) -> None:
    assert is_root(parse_list(entry["caps"])) == entry["is_root"]


# --- Auth tokens ----------------------------------------------------------------------------


@pytest.mark.parametrize("entry", cases("auth_token", "name"))
def test_auth_token_bytes(entry: Entry) -> None:
    raw = bytes.fromhex(entry["hex"])
    if entry["ours"] == "accept":
        decoded = entry["decoded"]
        token = AuthToken.verify(raw, decoded["timestamp_us"])
        assert token.timestamp_us == decoded["timestamp_us"]
        assert token.public_key.z32 == decoded["z32"]
        assert token.capabilities == parse_list(decoded["capabilities"])
        assert token.replay_id.hex() == decoded["replay_id"]
    else:
        with pytest.raises(PubkyError):
            AuthToken.verify(raw, NEW_YEAR_2026_US)


SEEDS = {
    Keypair.from_seed(bytes.fromhex(entry["seed"])).public_key.z32: bytes.fromhex(entry["seed"])
    for entry in entries(VECTORS, "keypairs")
}


@pytest.mark.parametrize(
    "entry",
    [entry for entry in entries(VECTORS, "auth_token") if entry["ours"] == "accept"],
    ids=lambda entry: entry["name"],
)
def test_signing_gives_the_same_auth_token(entry: Entry) -> None:
    decoded = entry["decoded"]
    keypair = Keypair.from_seed(SEEDS[decoded["z32"]])
    signed = sign_auth_token(keypair, decoded["capabilities"], decoded["timestamp_us"])
    assert signed.hex() == entry["hex"]


def signed_body(body: bytes) -> bytes:
    return ALICE.sign(body[1:]) + body


def token_of(case: str) -> bytes:
    """The token that a case of `auth_token_verify` describes, presented at the start of 2026."""
    age_s = {"44s old": 44, "46s old": 46, "179s old": 179, "181s old": 181} | {
        "44s future": -44,
        "60s future": -60,
    }
    time_us = NEW_YEAR_2026_US - age_s.get(case, 0) * 1_000_000
    token = sign_auth_token(ALICE, "/:rw", time_us)
    bodies = {
        "version 1": b"PUBKY:AUTH\x01" + token[75:],
        "namespace altered but signed": b"QUBKY:AUTH" + token[74:],
        "namespace fully different, signed": b"OTHER:AUTH" + token[74:],
        "trailing bytes signed": token[64:] + b"\xaa\xbb",
    }
    if case in bodies:
        return signed_body(bodies[case])
    if case == "bad signature":
        return bytes([token[0] ^ 1]) + token[1:]
    if case == "pubkey of someone else":
        bob = Keypair.from_seed(b"\x01" * 32).public_key
        return signed_body(token[64:83] + bob.raw + token[115:])
    assert case == "now" or case in age_s
    return token


@pytest.mark.parametrize("entry", cases("auth_token_verify", "case"))
def test_auth_token_verification(entry: Entry) -> None:
    raw = token_of(entry["case"])
    if entry["ours"] == "accept":
        assert AuthToken.verify(raw, NEW_YEAR_2026_US).public_key == ALICE.public_key
    else:
        with pytest.raises(PubkyError):
            AuthToken.verify(raw, NEW_YEAR_2026_US)


@pytest.mark.parametrize("entry", cases("relay_payload_captured", "relay_path"))
def test_auth_token_that_a_wallet_sent(entry: Entry) -> None:
    raw = bytes.fromhex(entry["token"])
    token = AuthToken.verify(raw, entry["timestamp_us"])
    assert token.public_key.z32 == entry["z32"]
    assert list_text(token.capabilities) == entry["capabilities"]
    assert struct.unpack_from(">Q", token.replay_id) == (entry["timestamp_us"],)


@pytest.mark.parametrize("entry", cases("login_binding", "case"))
def test_bound_sign_in_shows_in_the_capabilities_of_the_token(entry: Entry) -> None:
    token = AuthToken.verify(bytes.fromhex(entry["token"]), entry["timestamp_us"])
    is_bound = list_text(token.capabilities) == entry["attempt"]["required_caps"]
    assert is_bound is not entry["result"].startswith("reject")


# --- Sessions and signup tokens -------------------------------------------------------------


@pytest.mark.parametrize("entry", cases("session_record", "name"))
def test_session_record(entry: Entry) -> None:
    data = bytes.fromhex(entry["hex"])
    if "error" in entry:
        with pytest.raises(PubkyError):
            SessionRecord.from_bytes(data)
        return
    record = SessionRecord.from_bytes(data)
    assert record.to_bytes() == data
    if "decoded" in entry:
        decoded = entry["decoded"]
        assert record.public_key.raw.hex() == decoded["public_key"]
        assert record.created_at == decoded["created_at"]
        assert record.name == decoded["name"]
        assert record.user_agent == decoded["user_agent"]
        assert list(record.capabilities) == decoded["capabilities"]


@pytest.mark.parametrize("entry", cases("session_secret", "in"))
def test_session_secret_text(entry: Entry) -> None:
    assert is_session_secret(entry["in"]) == entry["valid"]
    if "random_bytes" in entry:
        assert session_secret(bytes.fromhex(entry["random_bytes"])) == entry["in"]


COOKIES = {
    "sign-in over FQDN/https": session_cookie(
        ALICE.public_key, "6HHZ06GHB964CZMDAA0WCNV2C8", secure=True, now_us=NEW_YEAR_2026_US
    ),
    "sign-in on localhost": session_cookie(
        ALICE.public_key, "6HHZ06GHB964CZMDAA0WCNV2C8", secure=False, now_us=NEW_YEAR_2026_US
    ),
    "sign-out on localhost": removal_cookie(
        ALICE.public_key, secure=False, now_us=NEW_YEAR_2026_US
    ),
}


@pytest.mark.parametrize("entry", cases("set_cookie", "case"))
def test_set_cookie_value(entry: Entry) -> None:
    assert COOKIES[entry["case"]] == entry["header"]


@pytest.mark.parametrize("entry", cases("signup_code", "in", "code"))
def test_signup_token_format(entry: Entry) -> None:
    text = entry["code"] if "code" in entry else entry["in"]
    if "random_bytes" in entry:
        assert signup_token(bytes.fromhex(entry["random_bytes"])) == text
    if entry["valid"]:
        assert parse_signup_token(text) == text.upper()
    else:
        with pytest.raises(PubkyError) as refusal:
            parse_signup_token(text)
        assert refusal.value.message == "Invalid signup token format: Invalid signup code id"
