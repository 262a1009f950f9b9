# Two nodes that find each other by key, over a DHT of the two of them; one keeps its key encrypted.
{ pkgs, lib, ... }:
let
  common = import ./common.nix { inherit pkgs lib; };
  # The test network numbers its machines by their names' order.
  entering = other: address: {
    imports = [ common.node ];
    services.pubky-appliance.settings = {
      dht.mode = "server";
      pkdns = {
        dht_bootstrap_nodes = [ "${other}:6881" ];
        public_ip = address;
      };
    };
  };
in
{
  name = "pubky-two-nodes";

  nodes = {
    first = entering "second" "192.168.1.1";
    second = {
      imports = [ (entering "first" "192.168.1.2") ];
      services.pubky-appliance.nodeKey.encryptedFile = "/etc/pubky/node-key.cred";
      # In a real system it is made once, by hand.
      systemd.services.pubky-test-key = {
        requiredBy = [ "pubky.service" ];
        before = [ "pubky.service" ];
        serviceConfig.Type = "oneshot";
        script = ''
          mkdir -p -m 0700 /etc/pubky
          test -e /etc/pubky/node-key.cred ||
            printf %064d 42 | systemd-creds encrypt --with-key=host --name=node-key - /etc/pubky/node-key.cred
        '';
      };
    };
  };

  testScript = ''
    ${common.helpers}
    start_all()

    def key_of(machine):
        return json.loads(machine.succeed("pubky-appliance init --json"))["public_key"]

    for machine in (first, second):
        ready(machine)

    with subtest("each resolves the other by its key"):
        first.wait_until_succeeds(f"pubky-appliance resolve {key_of(second)}", timeout=120)
        second.wait_until_succeeds(f"pubky-appliance resolve {key_of(first)}", timeout=120)

    with subtest("each reaches the other's PubkyTLS"):
        first.succeed("curl --silent telnet://second:6287 --max-time 2 < /dev/null || [ $? = 28 ]")
        second.succeed("curl --silent telnet://first:6287 --max-time 2 < /dev/null || [ $? = 28 ]")

    with subtest("an encrypted key leaves no file behind"):
        second.fail("test -e /var/lib/pubky/secret")
        second.succeed("test -e /var/lib/pubky/public_key")

    with subtest("neither reaches the other's operator"):
        first.fail("curl --silent --max-time 3 http://second:6288/")
  '';
}
