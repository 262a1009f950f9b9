"""Where secrets are not: command lines, logs, files that others may read, Ansible's own words."""

import re

from tests.deploy.conftest import Node

SECRET_FILES = (
    "/etc/pubky/credentials/node-key.cred",
    "/var/lib/pubky/admin_password",
    "/etc/pubky/tls/ca.key",
    "/etc/pubky/tls/privkey.pem",
)


def secrets_of(node: Node) -> list[str]:
    """The texts that must not be found anywhere: the key, and the longest line of each file."""
    files = [max(node.host.text("cat", path).split(), key=len).strip("-") for path in SECRET_FILES]
    return [node.host.text("/usr/local/lib/pubky/node-key show --yes"), *files]


def test_no_secret_is_in_a_command_line_or_environment(node: Node) -> None:
    seen = node.host.text(
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
    )
    for secret in secrets_of(node):
        assert secret not in seen


def test_no_secret_is_in_a_log(node: Node) -> None:
    node.host.run("curl -sk 'https://127.0.0.1/signup?signup_token=AAAA-BBBB-CCCC'")
    seen = node.host.text("journalctl --no-pager; cat /var/log/nginx/* /var/log/*.log")
    assert "pubky.service" in seen
    for secret in secrets_of(node):
        assert secret not in seen
    assert "AAAA-BBBB-CCCC" not in seen
    assert node.installed.said("Invite") not in seen
    assert node.installed.said("Dashboard").rpartition("/")[2] not in seen


def test_files_with_secrets_are_their_owners_alone(node: Node) -> None:
    for path in SECRET_FILES:
        assert node.host.text("stat -c %a", path).strip() == "600"
    assert node.host.text("stat -c '%a %U' /var/lib/pubky").strip() == "700 pubky"
    for secret in secrets_of(node):
        found = node.host.run(
            "grep -rlIF --exclude-dir=proc --exclude-dir=sys -e", f"'{secret}'",
            "/etc /opt /run /tmp /usr/local /var 2>/dev/null",
        )  # fmt: skip
        # What the service manager passes to the node lies in memory, for the node alone.
        passed = "/run/credentials/pubky.service/"
        written = [path for path in found.out.split() if not path.startswith(passed)]
        readable = [path for path in written if path not in SECRET_FILES]
        assert readable == []


def test_the_key_lies_nowhere_in_the_clear(node: Node) -> None:
    key = node.host.text("/usr/local/lib/pubky/node-key show --yes")
    found = node.host.run(
        "grep -rlaF --exclude-dir=proc --exclude-dir=sys -e", key, "/ 2>/dev/null", timeout_s=120
    )
    # In memory alone, for the node.
    assert {path for path in found.out.split() if not path.startswith("/run/credentials/")} == set()


def test_ansible_tells_no_secret_however_much_it_is_asked(node: Node) -> None:
    said = node.inventory.run("site.yml", "-vvv", "--diff").out
    for secret in secrets_of(node):
        assert secret not in said
    assert "argon2id" not in said
    # The invite and the link are told once, in the last lines, because they are for the reader.
    invite = node.installed.said("Invite")
    last_words = said.rfind("The node is ready")
    assert invite not in said[:last_words]
    assert not re.search(r"/login/\w", said[:last_words])
