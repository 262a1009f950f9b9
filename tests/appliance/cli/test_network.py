"""`resolve`, `publish`, `dht` and `status`, against a testnet in this process's background."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from appliance import testnet as private_network
from tests.support.appliance import keypair_of
from tests.support.command_line import CommandLine
from tests.support.pkarr import packet_of_user

STAYS_HOME = "this node stays off the public network"


@pytest.fixture
def testnet() -> Iterator[private_network.Testnet]:
    """A testnet on free ports, on an event loop of its own."""
    ready: Future[private_network.Testnet] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with private_network.running_testnet(private_network.TestnetPorts(*([0] * 8))) as net:
            ready.set_result(net)
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    yield ready.result(20)
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


@pytest.fixture
def entrance(testnet: private_network.Testnet) -> tuple[str, str]:
    """How a command is told where to enter the testnet's DHT."""
    return "--bootstrap", testnet.dht_bootstrap


def test_a_key_is_resolved_to_its_packet_and_endpoints(
    cli: CommandLine, testnet: private_network.Testnet, entrance: tuple[str, str]
) -> None:
    key = testnet.node.keypair.public_key.z32
    text = cli("resolve", key, *entrance).text
    assert f"Key         {key}" in text
    assert "(PubkyTLS, key" in text
    assert "Connect to  http://localhost:" in text
    assert "HTTPS" in text
    facts = cli("resolve", f"pubky://{key}/pub/x", *entrance, "--json").json
    assert (facts["found"], facts["source"], len(facts["records"])) == (True, "dht", 3)


def test_a_key_that_nobody_has_is_told_so_with_exit_code_1(
    cli: CommandLine, entrance: tuple[str, str]
) -> None:
    ended = cli("resolve", keypair_of("nobody").public_key.z32, *entrance)
    assert ended.code == 1
    assert ended.out.startswith("Nobody has a packet of")


def test_what_is_no_key_is_refused(cli: CommandLine, entrance: tuple[str, str]) -> None:
    assert cli("resolve", "nonsense", *entrance).code == 2


def test_a_node_that_stays_at_home_asks_nobody(cli: CommandLine) -> None:
    key = keypair_of("nobody").public_key.z32
    assert cli("resolve", key).refusal.startswith(STAYS_HOME)
    assert cli("dht", "get", key).refusal.startswith(STAYS_HOME)


def test_publishing_tells_how_many_nodes_took_it(
    cli: CommandLine, entrance: tuple[str, str]
) -> None:
    assert cli("publish").refusal.startswith(STAYS_HOME)
    assert cli("publish", *entrance).text == "dht: published on 3 nodes\n"
    (part,) = cli("publish", *entrance, "--json").json
    assert (part["outcome"], part["stored_nodes"]) == ("published", 3)


def test_status_tells_of_the_publication_and_its_age(
    cli: CommandLine, entrance: tuple[str, str]
) -> None:
    before = cli("status").text
    assert "not running" in before
    assert "no: pkdns.public_ip names only this machine" in before
    cli("publish", *entrance)
    facts = cli("status", "--json").json
    assert facts["last_success"]["stored_nodes"] == 3
    assert facts["last_success"]["age_s"] < 60
    assert facts["dht"] == []
    assert "ago, on 3 nodes" in cli("status").text


def test_publishing_without_a_network_says_why(cli: CommandLine) -> None:
    ended = cli("publish", "--bootstrap", "127.0.0.1:9", "--json")
    assert ended.code == 1
    assert '"detail": "no DHT node answered"' in ended.out


def test_a_ping_tells_the_time_it_took(cli: CommandLine, testnet: private_network.Testnet) -> None:
    assert " answered in " in cli("dht", "ping", testnet.dht_bootstrap).text
    assert cli("dht", "ping", testnet.dht_bootstrap, "--json").json["answered"] is True


def test_what_is_no_address_is_refused(cli: CommandLine) -> None:
    assert cli("dht", "ping", "localhost").refusal.startswith("'localhost' is not an address")


def test_an_item_is_stored_and_found_by_hand(
    cli: CommandLine, entrance: tuple[str, str], tmp_path: Path
) -> None:
    alice = keypair_of("alice")
    packet = packet_of_user(alice, keypair_of("home").public_key, 5)
    file = tmp_path / "packet.bin"
    file.write_bytes(packet.to_bytes())
    put = cli("dht", "put", str(file), *entrance, "--json").json
    assert (put["stored_nodes"], put["conflict"]) == (3, None)
    got = cli("dht", "get", alice.public_key.z32, *entrance, "--json").json
    assert (got["seq"], got["value"]) == (5, packet.dns_message.hex())
    assert "homeserver" in cli("resolve", alice.public_key.z32, *entrance, "--json").out


def test_a_file_that_holds_no_packet_is_refused(
    cli: CommandLine, entrance: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "packet.bin"
    file.write_bytes(bytes(200))
    assert str(file) in cli("dht", "put", str(file), *entrance).refusal


def test_before_the_first_run_there_are_no_figures(cli: CommandLine) -> None:
    assert cli("dht", "stats").text.startswith("No figures yet")
    assert cli("dht", "stats", "--json").json == []
