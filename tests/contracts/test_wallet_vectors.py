"""Our tests' wallet does what the official clients were recorded doing (auth.json)."""

from typing import Any

import pytest

from tests.support.vectors import Entry, entries, load_vectors
from tests.support.wallet import (
    WalletError,
    channel_id,
    channel_url,
    keypair_of_recovery_file,
    keypair_of_words,
    recovery_key,
    relay_kind,
    resource_url,
    seal,
    unseal,
)

VECTORS = load_vectors("auth")


def cases(section: str) -> list[Any]:
    """The entries of a section, numbered."""
    return list(entries(VECTORS, section))


@pytest.mark.parametrize("entry", cases("mnemonic"))
def test_words_make_the_same_key(entry: Entry) -> None:
    keypair = keypair_of_words(entry["mnemonic"], entry["bip39_passphrase"])
    assert (keypair.seed.hex(), keypair.public_key.z32) == (entry["secret"], entry["z32"])


@pytest.mark.parametrize("entry", cases("channel_id"))
def test_a_secret_names_the_same_channel(entry: Entry) -> None:
    assert channel_id(bytes.fromhex(entry["secret"])) == entry["channel_id"]


@pytest.mark.parametrize("entry", cases("relay_urls"))
def test_a_channel_has_the_same_address(entry: Entry) -> None:
    assert channel_url(entry["base"], entry["channel_id"]) == entry["url"]


@pytest.mark.parametrize("entry", cases("relay_kind"))
def test_a_relay_is_of_the_same_kind(entry: Entry) -> None:
    assert relay_kind(entry["relay"]) == entry["kind"]


@pytest.mark.parametrize("entry", cases("encryption"))
def test_messages_are_sealed_alike(entry: Entry) -> None:
    key, plain, wire = (bytes.fromhex(entry[name]) for name in ("key", "plaintext", "wire"))
    assert unseal(wire, key) == plain
    assert seal(plain, key, bytes.fromhex(entry.get("nonce", ""))) == wire


@pytest.mark.parametrize("entry", cases("decryption_errors"))
def test_what_cannot_be_opened_is_refused(entry: Entry) -> None:
    with pytest.raises(WalletError, match=r"TooSmall|authentication failure"):
        unseal(bytes.fromhex(entry["wire"]), bytes.fromhex(entry["key"]))


@pytest.mark.parametrize("entry", cases("recovery_file"))
def test_recovery_files_give_the_key_back(entry: Entry) -> None:
    keypair = keypair_of_recovery_file(bytes.fromhex(entry["file"]), entry["passphrase"])
    assert keypair.seed.hex() == entry["seed"]
    if "key" in entry:
        assert recovery_key(entry["passphrase"]).hex() == entry["key"]


@pytest.mark.parametrize("entry", cases("recovery_file_invalid"))
def test_damaged_recovery_files_are_refused(entry: Entry) -> None:
    with pytest.raises(WalletError):
        keypair_of_recovery_file(bytes.fromhex(entry["file"]), entry["passphrase"])


@pytest.mark.parametrize("entry", cases("resolve_0_6_0"))
def test_resources_have_the_same_addresses_by_host(entry: Entry) -> None:
    if "ok" in entry:
        assert resource_url(entry["in"]) == entry["ok"]
    else:
        with pytest.raises(WalletError):
            resource_url(entry["in"])


@pytest.mark.parametrize("entry", cases("resolve_0_11"))
def test_resources_have_the_same_addresses_by_path(entry: Entry) -> None:
    assert resource_url(entry["in"], path_addressed=True) == entry["ok"]
