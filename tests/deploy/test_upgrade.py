"""Changing over to another release, and back: by hand, or by itself when the new one is no good."""

import json
import random
import signal
import subprocess
import time

import pytest

from tests.deploy.conftest import DOMAIN, Node, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import ANSIBLE, Inventory, ansible, inventory
from tests.deploy.releases import (
    adds_table,
    broken_outside,
    constant_load,
    drops_invites,
    never_ready,
    refuses_settings,
    release,
    running_version,
)


def invited(host: Host) -> str:
    """Make an invite, to see later whether the rows are the same."""
    return str(json.loads(host.text("pubky-appliance invite create --json"))["code"])


def has_invite(host: Host, code: str) -> bool:
    """Whether an invite is there."""
    return code in host.text("pubky-appliance invite list --json")


def main_pid(host: Host) -> str:
    """The process that serves."""
    return host.text("systemctl show --property=MainPID --value pubky").strip()


def test_an_upgrade_fails_no_request_and_a_rollback_returns(
    hosts: Network, installed_copy: Node
) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    before, invite = running_version(host), invited(host)
    failures: list[str] = []
    with constant_load([(host, DOMAIN)], failures):
        said = plays.run("upgrade.yml", release(hosts, "7.0.0", adds_table)).out
    assert failures == []
    assert running_version(host) == "7.0.0"
    assert has_invite(host, invite)
    row = next(line for line in said.split("SUMMARY")[1].splitlines() if host.name in line)
    assert row.split()[0] == host.name
    assert row.split()[1].startswith(before)
    assert row.split()[2].startswith("7.0.0-")
    assert row.endswith("healthy")
    fact = json.loads(host.text("cat /etc/ansible/facts.d/pubky.fact"))
    assert fact["version"] == "7.0.0"

    # Its rows are newer than the release before: neither an upgrade nor a rollback falls into that.
    serving = main_pid(host)
    older = " ".join(plays.run("upgrade.yml", expect_failure=True).out.split())
    assert "is older than the rows: it does not know 9000_more." in older
    back = " ".join(plays.run("rollback.yml", expect_failure=True).out.split())
    assert "add -e pubky_rollback_data=true" in back
    assert main_pid(host) == serving

    later = invited(host)
    plays.run("rollback.yml", "-e pubky_rollback_data=true")
    assert running_version(host) == before
    assert has_invite(host, invite)
    assert not has_invite(host, later)
    plays.run("verify.yml")


def test_settings_that_the_new_release_refuses_are_told_before_the_node_stops(
    hosts: Network, installed_copy: Node
) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    serving = main_pid(host)
    strict = release(hosts, "7.5.0", refuses_settings)
    said = " ".join(plays.run("upgrade.yml", strict, expect_failure=True).out.split())
    assert "does not accept this host's settings, so nothing was changed" in said
    assert main_pid(host) == serving


@pytest.mark.parametrize(
    ("version", "change", "reason"),
    [("8.0.0", never_ready, "503"), ("8.5.0", broken_outside, "HTTPS: the node's answer has")],
)
def test_a_release_that_is_no_good_is_left_by_itself(
    hosts: Network, installed_copy: Node, version: str, change: object, reason: str
) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    before, invite = running_version(host), invited(host)
    assert callable(change)
    broken = release(hosts, version, change, drops_invites)
    said = plays.run("upgrade.yml", broken, "-e pubky_app_health_s=5", expect_failure=True).out
    words = " ".join(said.split())
    assert reason in words
    assert "so this host runs" in words
    assert "went back by itself" in said.split("SUMMARY")[1]
    assert running_version(host) == before
    # The broken release's migration dropped their table.
    assert has_invite(host, invite)
    plays.run("verify.yml")


def cut_off(plays: Inventory, playbook: str, task: str, *options: str) -> None:
    """Run a playbook and kill it, and all that it started here, once a task has begun."""
    with subprocess.Popen(
        [str(ansible("ansible-playbook")), playbook, f"--inventory={plays.path}", *options],
        cwd=ANSIBLE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        told = []
        for line in running.stdout:
            told.append(line)
            if line.startswith(("TASK", "RUNNING HANDLER")) and task in line:
                break
        else:
            raise AssertionError("".join(told)[-4000:])
        # Somewhere in the task, or in one of the next: the seed is told by the test's name.
        time.sleep(random.Random(task).uniform(0, 1.5))
        subprocess.run(["kill", f"-{signal.SIGKILL.value}", "--", f"-{running.pid}"], check=True)


@pytest.mark.parametrize("task", ["Run the new release", "Look at the node after"])
def test_an_upgrade_that_was_cut_off_is_finished_by_running_it_again(
    hosts: Network, installed_copy: Node, task: str
) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    invite, newer = invited(host), release(hosts, "7.0.0", adds_table)
    before = host.text("readlink /opt/pubky/current").strip()
    cut_off(plays, "upgrade.yml", task, newer)
    plays.run("upgrade.yml", newer)
    assert running_version(host) == "7.0.0"
    assert has_invite(host, invite)
    assert host.text("readlink /opt/pubky/previous").strip() == before
    assert host.run("test -e /opt/pubky/trial").code != 0
    plays.run("verify.yml")


def test_an_installation_that_was_cut_off_is_finished_by_running_it_again(hosts: Network) -> None:
    host = hosts.boot("cut")
    plays = inventory(hosts, (host, node_variables(host)))
    # Packages half installed; then files in order whose handlers never ran.
    cut_off(plays, "site.yml", "Install the packages")
    cut_off(plays, "site.yml", "Write the settings of nginx")
    plays.run("site.yml")
    plays.run("verify.yml")
    assert host.run("test -e /etc/pubky/unfinished").code != 0
    hosts.discard(host)
