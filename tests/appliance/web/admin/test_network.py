"""The operator sees the node's place in the network, and may publish at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from appliance.config import Config
from appliance.pkarr.publisher import says
from appliance.pubky.signed_packets import SignedPacket
from tests.support.appliance import Appliance, Person, config_on_free_ports, running_appliance
from tests.support.dht import dht_network
from tests.support.eventually import eventually
from tests.support.exposition import Scrape
from tests.support.operator import OperatorClient, operator_of

NODES = 6


def config_in_network(*bootstrap: str) -> Config:
    """A node that publishes an address that nobody has (RFC 5737) into a DHT of the test."""
    config = config_on_free_ports()
    pkdns = replace(
        config.pkdns,
        public_ip="203.0.113.5",
        dht_bootstrap_nodes=bootstrap,
        dht_relay_nodes=(),
        dht_request_timeout_ms=300,
    )
    return replace(config, pkdns=pkdns)


@pytest.fixture
async def published(tmp_path: Path) -> AsyncIterator[Appliance]:
    """A node whose packet is in a DHT."""
    async with dht_network(NODES) as nodes:
        host, port = nodes[0].addresses[0]
        config = config_in_network(f"{host}:{port}")
        async with running_appliance(tmp_path, config) as appliance:
            await eventually(lambda: appliance.node.network.publishing.outcomes["published"] > 0)
            yield appliance


@pytest.fixture
async def operator(published: Appliance) -> AsyncIterator[OperatorClient]:
    async with operator_of(published) as client:
        yield client


async def test_the_own_record_is_shown_beside_the_configuration(
    operator: OperatorClient, published: Appliance
) -> None:
    said = await operator.get("/network", limit=5)
    assert (said["state"], said["publishes"]) == ("published", True)
    assert said["public_key"] == published.homeserver
    assert said["held_by_nodes"] >= NODES - 1
    assert said["last_success"]["vantage"] == "dht"
    record = said["record"]
    assert record["is_as_configured"] is True
    assert record["wanted"]["ipv4"] == "203.0.113.5"
    assert {"name": "@", "type": "A", "ttl_s": 3600, "content": "203.0.113.5"} in record["packet"][
        "records"
    ]
    assert [attempt["outcome"] for attempt in said["history"]] == ["published"]
    assert said["pubky_tls"]["state"] == "serving"
    (family,) = [stats for stats in said["dht"] if stats["family"] == 4]
    assert family["nodes_known"] > 0


async def test_publishing_now_adds_to_the_history(operator: OperatorClient) -> None:
    answer = (await operator.post("/network/publish")).json()
    assert answer["published"] is True
    assert answer["stored_nodes"] >= NODES - 1
    said = await operator.get("/network")
    assert len(said["history"]) == 2
    acts = (await operator.get("/audit"))["items"]
    assert acts[0]["action"] == "network.publish"


async def test_a_key_is_shown_with_its_history(
    operator: OperatorClient, published: Appliance
) -> None:
    own = await operator.get(f"/network/keys/{published.homeserver}")
    assert own["state"] == "published"
    assert own["packet"]["records"]
    assert len(own["history"]) == 1
    nobody = await operator.get(
        "/network/keys/8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
    )
    assert (nobody["state"], nobody["packet"], nobody["history"]) == ("unknown", None, [])
    assert (await operator.http.get("/network/keys/nonsense")).status_code == 400


async def test_the_metrics_tell_the_same(published: Appliance, operator: OperatorClient) -> None:
    said = await operator.get("/network")
    async with httpx.AsyncClient(timeout=20) as http:
        scrape = await Scrape.of(http, published.metrics_url)
    assert scrape.value("pubky_appliance_publishing_enabled") == 1
    assert scrape.value("pubky_appliance_published_nodes") == said["held_by_nodes"]
    assert scrape.value("pubky_appliance_published_timestamp_seconds") > 1_700_000_000
    assert scrape.value("pubky_appliance_publish_attempts_total", outcome="published") == 1
    assert scrape.value("pubky_appliance_dht_known_nodes", family="4") > 0
    assert scrape.value("pubky_appliance_dht_traffic_bytes_total", family="4", direction="in") > 0


async def test_a_node_that_stays_at_home_says_so(appliance: Appliance, alice: Person) -> None:
    async with operator_of(appliance) as operator:
        said = await operator.get("/network")
        assert (said["state"], said["publishes"], said["dht"]) == ("private", False, [])
        assert (said["history"], said["held_by_nodes"]) == ([], None)
        refused = await operator.post("/network/publish")
        assert (refused.status_code, "stays off" in refused.text) == (409, True)
        assert (await operator.get(f"/network/keys/{alice.z32}"))["state"] == "unknown"


async def test_a_token_that_only_reads_may_not_publish(appliance: Appliance) -> None:
    async with operator_of(appliance) as owner:
        made = await owner.post("/tokens", {"name": "looker", "scopes": ["node:read"]})
    async with operator_of(appliance, made.json()["token"]) as looker:
        assert (await looker.http.get("/network")).status_code == 200
        assert (await looker.post("/network/publish")).status_code == 403


async def test_a_node_that_reaches_nobody_is_unreachable_not_published(tmp_path: Path) -> None:
    config = config_in_network("127.0.0.1:9")
    async with running_appliance(tmp_path, config) as appliance:
        await eventually(lambda: appliance.node.network.publishing.outcomes["failed"] > 0)
        async with operator_of(appliance) as operator:
            said = await operator.get("/network")
        assert (said["state"], said["held_by_nodes"]) == ("unreachable", None)
        assert said["last_attempt"]["detail"] == "no DHT node answered"


async def test_the_official_info_names_the_address_of_native_clients(
    operator: OperatorClient, published: Appliance
) -> None:
    address = published.node.pubky_tls_address
    assert address is not None
    info = await operator.get("/info")
    assert info["pkarr_pubky_address"] == f"203.0.113.5:{address.port}"


async def test_a_node_that_publishes_nothing_says_its_packet_to_who_asks(
    appliance: Appliance,
) -> None:
    headers = {"Authorization": f"Bearer {appliance.admin_token}"}
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=headers) as http:
        answer = await http.get("/network/packet")
    own_key = appliance.node.keypair.public_key
    packet = SignedPacket.from_relay_payload(own_key, answer.content)
    assert says(packet, appliance.node.network_services.own_address())
