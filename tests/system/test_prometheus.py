"""A real Prometheus scrapes a real node; rules and board speak of figures that exist."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from appliance.clock import system_clock
from appliance.homeserver.backup_log import BACKUPS_FILE, append_backup
from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.exposition import Scrape
from tests.support.grant_client import GrantClient
from tests.support.node_process import make_data_dir, running_process
from tests.support.prometheus import promtool, running_prometheus

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"
RULES = MONITORING / "alerts.yml"
NETWORK_FIGURES = Path(__file__).parents[2] / "appliance" / "web" / "network_figures.py"
# Upstream's names have their unit in short; they are a contract.
OFFICIAL_SHORT_UNITS = {
    "event_stream_connection_duration_ms",
    "event_stream_db_query_duration_ms",
    "events_db_query_duration_ms",
}
METRIC_NAME = re.compile(
    r"\b(?:pubky_appliance|event_stream|events_db|storage_request|signup_count)_\w+"
)


@pytest.fixture
async def busy(appliance: Appliance, http: httpx.AsyncClient, alice: Person) -> Appliance:
    """A node on which everything that has a figure happened once."""
    await alice.put("/pub/a.txt", b"content")
    app = GrantClient.of(http, appliance.homeserver, alice.keypair)
    assert (await app.exchange()).status_code == 200
    async with httpx.AsyncClient(timeout=20) as stranger:
        url = f"{appliance.client_url}/storage/{alice.z32}/pub/a.txt"
        assert (await stranger.get(url)).status_code == 200
        assert (await stranger.get(f"{appliance.client_url}/events/")).status_code == 200
        stream = f"{appliance.client_url}/events-stream?user={alice.z32}"
        assert (await stranger.get(stream)).status_code == 200
        assert (await stranger.get(f"{appliance.metrics_url}/readyz")).status_code == 200
    backups = appliance.data_dir / BACKUPS_FILE
    append_backup(backups, system_clock(), "nightly", ok=True, byte_count=None, detail="")
    return appliance


@pytest.fixture
async def scrape(busy: Appliance, http: httpx.AsyncClient) -> Scrape:
    """Its figures."""
    return await Scrape.of(http, busy.metrics_url)


async def test_prometheus_scrapes_a_node_and_answers_with_its_figures(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    with running_process(make_data_dir(tmp_path / "node")) as node:
        client.base_url = httpx.URL(node.client_url)
        alice = Person(keypair_of("alice"), client)
        assert (await alice.sign_up()).status_code == 200
        assert (await alice.put("/pub/a.txt", b"content")).status_code == 201
        target = urlsplit(node.facts["metrics_url"]).netloc
        assert (await client.get(f"http://{target}/readyz")).status_code == 200
        with running_prometheus(tmp_path / "prometheus", target, RULES) as prometheus:
            (up,) = prometheus.wait_for("up == 1")
            assert up["metric"]["instance"] == target
            (signups,) = prometheus.wait_for("signup_count_total")
            assert signups["metric"]["otel_scope_name"] == "pubky_homeserver"
            assert signups["value"][1] == "1"
            (entries,) = prometheus.wait_for("pubky_appliance_entries")
            assert entries["value"][1] == "1"
            puts = 'pubky_appliance_http_request_duration_seconds_count{method="PUT"}'
            (put,) = prometheus.wait_for(puts)
            assert (put["metric"]["route"], put["metric"]["status"]) == ("file", "2xx")
            assert prometheus.wait_for("min(pubky_appliance_ready) == 1")
            # The quantiles of the board are computed from buckets that Prometheus understood.
            latency = (
                "histogram_quantile(0.5, sum by (le)"
                " (pubky_appliance_http_request_duration_seconds_bucket))"
            )
            (median,) = prometheus.wait_for(latency)
            assert 0 < float(median["value"][1]) < 60
            (group,) = prometheus.get("/api/v1/rules")["groups"]
            assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}
            assert prometheus.get("/api/v1/targets")["activeTargets"][0]["lastError"] == ""
        assert node.log_text() == ""


async def test_the_lint_tool_complains_of_nothing_but_upstreams_short_units(
    scrape: Scrape,
) -> None:
    checked = promtool("check", "metrics", stdin=scrape.text)
    complaints = [line.split(" ", 1) for line in (checked.stdout + checked.stderr).splitlines()]
    assert {name for name, _ in complaints} <= OFFICIAL_SHORT_UNITS
    assert {text for _, text in complaints} <= {"metric names should not contain abbreviated units"}


def test_the_alert_rules_are_valid() -> None:
    checked = promtool("check", "rules", str(RULES))
    assert checked.returncode == 0, checked.stderr


def test_the_alert_rules_do_what_their_tests_say() -> None:
    checked = promtool("test", "rules", str(MONITORING / "alerts_test.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_rule_is_tried_and_says_what_to_do() -> None:
    rules = RULES.read_text(encoding="utf-8")
    alerts = re.findall(r"- alert: (\w+)", rules)
    tried = (MONITORING / "alerts_test.yml").read_text(encoding="utf-8")
    assert len(alerts) > 10
    assert set(alerts) == set(re.findall(r"alertname: (\w+)", tried))
    for word in ("severity:", "summary:", "action:"):
        assert rules.count(word) == len(alerts)


@pytest.mark.parametrize("file", ["alerts.yml", "grafana.json", "alerts_test.yml"])
async def test_every_figure_in_rules_and_board_exists(scrape: Scrape, file: str) -> None:
    text = (MONITORING / file).read_text(encoding="utf-8")
    used = set(METRIC_NAME.findall(text))
    assert len(used) > 10
    # A node that meets nobody has no sample of what it does with others.
    of_the_network = NETWORK_FIGURES.read_text(encoding="utf-8")
    unseen = {
        name.removeprefix("pubky_appliance_").removesuffix("_total")
        for name in used - scrape.names()
    }
    assert {name for name in unseen if name not in of_the_network} == set()


async def test_the_readme_names_every_figure_of_ours(scrape: Scrape) -> None:
    text = (MONITORING / "README.md").read_text(encoding="utf-8")
    ours = {
        re.sub(r"_(bucket|count|sum)$", "", name.removeprefix("pubky_appliance_"))
        for name in scrape.names()
        if name.startswith("pubky_appliance_")
    }
    missing = {name for name in ours if f"`{name}`" not in text}
    assert {name for name in missing if not name.startswith("process_")} == set()


def test_the_board_is_whole() -> None:
    board = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        for target in panel["targets"]:
            expression = target["expr"]
            for opening, closing in ("()", "{}", "[]"):
                assert expression.count(opening) == expression.count(closing)
            assert 'instance=~"$instance"' in expression


def test_the_boards_expressions_are_valid_promql(tmp_path: Path) -> None:
    board = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    rules = [
        {
            "record": f"board:{panel['id']}_{target['refId'].lower()}",
            "expr": target["expr"].replace("$__rate_interval", "5m"),
        }
        for panel in board["panels"]
        for target in panel.get("targets", [])
    ]
    file = tmp_path / "board.yml"
    # JSON is YAML too.
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}), encoding="utf-8")
    checked = promtool("check", "rules", str(file))
    assert checked.returncode == 0, checked.stderr
