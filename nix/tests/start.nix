# A node that starts, is confined, takes a newcomer and keeps what they wrote.
{ pkgs, lib, ... }:
let common = import ./common.nix { inherit pkgs lib; };
in
{
  name = "pubky-start";

  nodes.machine = { imports = [ common.node ]; };

  testScript = ''
    ${common.helpers}
    start_all()

    with subtest("the unit runs and its ports are open"):
        ready(machine)
        machine.succeed("curl --fail --silent http://127.0.0.1:6289/readyz")

    with subtest("the service is confined"):
        machine.succeed("systemd-analyze security pubky.service --threshold=13 --no-pager")

    with subtest("an invited person signs up and writes"):
        machine.fail("sign-up 8 AAAA-BBBB-CCCC")
        ada = sign_up(machine, 7)
        put(machine, 7, ada, "/pub/test/hello.txt", "hello")
        assert get(machine, ada, "/pub/test/hello.txt") == "hello"

    with subtest("what was written survives a restart, and clients wait meanwhile"):
        machine.succeed("systemctl restart pubky.service")
        assert get(machine, ada, "/pub/test/hello.txt") == "hello"

    with subtest("nobody else reads the key, and the journal does not hold it"):
        machine.fail("runuser -u nobody -- cat /var/lib/pubky/secret")
        assert machine.succeed("stat -c %a:%U /var/lib/pubky").strip() == "700:pubky"
        secret = machine.succeed("cat /var/lib/pubky/secret").strip()
        assert secret not in machine.succeed("journalctl --no-pager --output=cat")

    with subtest("the operator's port and the figures stay on this machine"):
        machine.succeed("ss -Htln 'sport = 6288' | grep -q 127.0.0.1:6288")
        machine.fail("ss -Htln | grep -E '(0.0.0.0|\\*|\\[::\\]):628[89]'")

    with subtest("the system's log of a stopped node is clean"):
        machine.succeed("systemctl stop pubky.service")
        assert machine.succeed("systemctl show -P Result pubky.service").strip() == "success"
  '';
}
