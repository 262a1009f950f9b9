"""NixOS and the playbooks give the node the same unit and the same web server.

A rule that is added to one of them fails here until the other has it too.
"""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import jinja2
import pytest

from tests.nix.evaluation import ROOT, Nix, node
from tests.nix.nginx_text import Block, nginx_block
from tests.support.needs import cannot_run_here

ROLES = ROOT / "ansible" / "roles"
NAMES = {
    "pubky_client": "node.test",
    "pubky_dashboard": "dash.node.test",
    "pubky_http_relay": "relay.node.test",
    "pubky_pkarr_relay": "pkarr.node.test",
}
SOCKETS = dict(
    re.findall(
        r"^  (pubky_\w+): (\S+)$", (ROLES / "pubky_nginx/vars/main.yml").read_text(), re.MULTILINE
    )
)
EVERYTHING = node(
    'domain = "node.test";'
    'httpRelay.domain = "relay.node.test"; pkarrRelay.domain = "pkarr.node.test";'
    'nodeKey.encryptedFile = "/etc/pubky/credentials/node-key.cred";'
    'memoryHigh = "300M"; memoryMax = "400M";'
)
# What only one of them has a use for: releases side by side, and where the program lies.
OWN = {"Service": {"ExecStart", "ExecStartPre"}}

Sections = dict[str, dict[str, list[str]]]


class Missing(jinja2.ChainableUndefined):
    """A variable that these tests leave at nothing, as the role's defaults do with most."""


def rendered(template: str, **variables: Any) -> str:
    """A template of a role, as Ansible renders it."""
    environment = jinja2.Environment(  # noqa: S701 - these are settings, not pages
        loader=jinja2.FileSystemLoader(ROLES), trim_blocks=True, undefined=Missing
    )
    environment.tests["version"] = _is_version
    environment.filters["bool"] = bool
    return environment.get_template(template).render(**variables)


def _is_version(found: str, wanted: str, operator: str) -> bool:
    assert operator == ">="
    return tuple(map(int, found.split("."))) >= tuple(map(int, wanted.split(".")))


def ansible_unit(name: str, **variables: Any) -> Sections:
    """A unit that the role pubky_app writes."""
    sections: Sections = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in rendered(f"pubky_app/templates/{name}.j2", **variables).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            sections[section][key].append(value)
    return sections


def nix_values(value: Any) -> list[str]:
    """A value as NixOS writes it: one line for each member of a list."""
    if isinstance(value, list):
        return [text for member in value for text in nix_values(member)]
    return [{True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)]


def nix_section(values: dict[str, Any]) -> dict[str, list[str]]:
    """A section of a unit, without what NixOS leaves out because it is empty."""
    return {key: nix_values(value) for key, value in values.items() if value not in ([], None)}


def nix_unit(unit: dict[str, Any], kind: str) -> Sections:
    """A unit of the evaluated system in the words of systemd."""
    about = nix_section(unit.get("unitConfig", {})) | {"Description": [unit["description"]]}
    for key in ("wants", "after", "requires"):
        if unit.get(key):
            about[key.title()] = [" ".join(unit[key])]
    main = nix_section(unit[f"{kind.lower()}Config"])
    if unit.get("listenStreams"):
        main["ListenStream"] = unit["listenStreams"]
    return {"Unit": about, kind: main, "Install": {"WantedBy": [" ".join(unit["wantedBy"])]}}


def comparable(sections: Sections) -> Sections:
    """Without what only one side has, and in a fixed order where order says nothing."""
    return {
        name: {
            key: values if key == "SystemCallFilter" else sorted(values)
            for key, values in keys.items()
            if key not in OWN.get(name, set())
        }
        for name, keys in sections.items()
    }


def test_the_service_is_the_playbooks_service(nix: Nix) -> None:
    service = nix.machine(EVERYTHING, "machine.config.systemd.services.pubky")
    wanted = ansible_unit(
        "pubky.service",
        pubky_app_data_dir="/var/lib/pubky",
        pubky_app_key_is_sealed=True,
        pubky_app_memory_high="300M",
        pubky_app_memory_max="400M",
    )
    assert comparable(nix_unit(service, "Service")) == comparable(wanted)
    # ~@privileged takes away from @system-service only where it comes after it.
    assert wanted["Service"]["SystemCallFilter"][0] == "@system-service"


def test_the_service_without_options_is_the_playbooks_service_without_them(nix: Nix) -> None:
    service = nix.machine(node(""), "machine.config.systemd.services.pubky")
    wanted = ansible_unit("pubky.service", pubky_app_data_dir="/var/lib/pubky")
    assert comparable(nix_unit(service, "Service")) == comparable(wanted)


def test_the_program_is_started_with_the_same_words(nix: Nix) -> None:
    started = "machine.config.systemd.services.pubky.serviceConfig.ExecStart"
    (wanted,) = ansible_unit("pubky.service", pubky_app_data_dir="/var/lib/pubky")["Service"][
        "ExecStart"
    ]
    assert nix.machine(node(""), started).partition(" ")[2] == wanted.partition(" ")[2]


def test_the_sockets_are_the_playbooks_sockets(nix: Nix) -> None:
    sockets = nix.machine(EVERYTHING, "machine.config.systemd.sockets.pubky")
    wanted = ansible_unit(
        "pubky.socket",
        # As roles/pubky_app/vars lists them.
        pubky_app_sockets=[
            "127.0.0.1:6286",
            "0.0.0.0:6287",
            "127.0.0.1:6290",
            "127.0.0.1:15411",
            "127.0.0.1:15412",
        ],
    )
    assert comparable(nix_unit(sockets, "Socket")) == comparable(wanted)


@pytest.fixture(scope="module")
def nginx_of_ansible() -> Block:
    """What the role pubky_nginx writes, by its defaults."""
    servers = [
        {"name": name, "upstream": upstream, "is_client_api": upstream == "pubky_client"}
        for upstream, name in NAMES.items()
    ]
    return nginx_block(
        rendered(
            "pubky_nginx/templates/pubky.conf.j2",
            pubky_nginx_has_certificate={"stat": {"exists": True}},
            pubky_nginx_version="1.26.0",
            pubky_nginx_servers=servers,
            pubky_nginx_sockets=SOCKETS,
            pubky_nginx_ports=[443],
            pubky_nginx_ipv6={"stat": {"exists": True}},
            pubky_nginx_sign_in_rate=5,
            pubky_nginx_rate=100,
            pubky_nginx_connections=200,
            pubky_nginx_max_upload_mb=0,
            pubky_nginx_stream_timeout_s=3600,
            pubky_nginx_hsts=True,
            pubky_nginx_certificate="/certificate",
            pubky_nginx_key="/key",
        )
    )


@pytest.fixture(scope="module")
def nginx_of_nix(nix: Nix) -> dict[str, Any]:
    """What the module gives to the module of nginx."""
    said: dict[str, Any] = nix.machine(EVERYTHING, "machine.config.services.nginx")
    return said


def rules(directives: Iterable[str]) -> list[str]:
    """Directives but those that NixOS writes by itself: addresses, names and certificate."""
    written_by_nixos = ("listen ", "http2 ", "server_name ", "ssl_certificate")
    return sorted(line for line in directives if not line.startswith(written_by_nixos))


@pytest.mark.parametrize("upstream", NAMES)
def test_a_site_has_the_playbooks_rules(
    nginx_of_ansible: Block, nginx_of_nix: dict[str, Any], upstream: str
) -> None:
    name = NAMES[upstream]
    (wanted,) = [
        block
        for _, block in nginx_of_ansible.blocks
        if f"server_name {name}" in block.directives
        and any(line.startswith("ssl_certificate ") for line in block.directives)
    ]
    site = nginx_of_nix["virtualHosts"][name]
    assert rules(nginx_block(site["extraConfig"]).directives) == rules(wanted.directives)
    locations = {
        f"location {path}": sorted(
            [
                *nginx_block(location["extraConfig"]).directives,
                f"proxy_pass {location['proxyPass']}",
            ]
        )
        for path, location in site["locations"].items()
    }
    assert locations == {path: sorted(block.directives) for path, block in wanted.blocks}


def test_limits_logs_and_secrets_in_addresses_are_the_playbooks(
    nginx_of_ansible: Block, nginx_of_nix: dict[str, Any]
) -> None:
    common = nginx_block(nginx_of_nix["commonHttpConfig"])
    assert sorted(common.directives) == sorted(nginx_of_ansible.directives)
    assert sorted(common.blocks) == sorted(
        (name, block) for name, block in nginx_of_ansible.blocks if name.startswith("map ")
    )


def test_requests_go_to_the_playbooks_ports_and_to_no_others(
    nginx_of_ansible: Block, nginx_of_nix: dict[str, Any]
) -> None:
    written = {
        f"upstream {name}": sorted(
            chain(
                (
                    f"server {address} max_fails={each['max_fails']}"
                    for address, each in made["servers"].items()
                ),
                nginx_block(made["extraConfig"]).directives,
            )
        )
        for name, made in nginx_of_nix["upstreams"].items()
    }
    assert written == {
        name: sorted(block.directives)
        for name, block in nginx_of_ansible.blocks
        if name.startswith("upstream ")
    }
    assert not [line for line in str(written).split() if ":6288" in line or ":6289" in line]


def test_names_that_are_not_served_get_no_answer_and_no_certificate(
    nginx_of_nix: dict[str, Any],
) -> None:
    other = nginx_of_nix["virtualHosts"]["_"]
    assert other["default"] is True
    assert other["rejectSSL"] is True
    assert other["locations"] == {"/": {"return": "444"}}
    assert set(nginx_of_nix["virtualHosts"]) == {"_", *NAMES.values()}


def test_https_is_forced_with_a_public_certificate_unless_said_otherwise(nix: Nix) -> None:
    own = (
        "{ imports = [ (" + EVERYTHING + ") ]; "
        'services.nginx.virtualHosts."node.test" = { enableACME = false; sslCertificate = "/c"; };}'
    )
    hosts = nix.machine(own, "machine.config.services.nginx.virtualHosts")
    assert hosts["dash.node.test"]["enableACME"] is True
    assert hosts["node.test"]["enableACME"] is False
    assert hosts["node.test"]["forceSSL"] is True
    # Like the playbooks: the method of the request survives.
    assert hosts["node.test"]["redirectCode"] == 308


def test_nginx_accepts_what_is_written_for_it(nginx_of_nix: dict[str, Any], tmp_path: Path) -> None:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        cannot_run_here("nginx is missing; install it with 'make test-peers'")
    upstreams = "".join(
        f"upstream {name} {{ {made['extraConfig']} "
        + "".join(f"server {address};" for address in made["servers"])
        + "}\n"
        for name, made in nginx_of_nix["upstreams"].items()
    )
    servers = "".join(
        f"server {{ listen 127.0.0.1:8080; server_name {name}; {host['extraConfig']}\n"
        + "".join(
            f"location {path} {{ proxy_pass {rules['proxyPass']}; {rules['extraConfig']}\n}}\n"
            for path, rules in host["locations"].items()
            if "proxyPass" in rules
        )
        + "}\n"
        for name, host in nginx_of_nix["virtualHosts"].items()
    )
    settings = tmp_path / "nginx.conf"
    text = f"events {{}}\nhttp {{\n{nginx_of_nix['commonHttpConfig']}\n{upstreams}{servers}}}\n"
    settings.write_text(text.replace("/var/log/nginx", str(tmp_path)), encoding="utf-8")
    done = subprocess.run(
        [nginx, "-t", "-e", tmp_path / "log", "-g", f"pid {tmp_path}/pid;", "-c", settings],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
