# What the tests of whole machines share: a node without the public DHT, and a person who signs up.
{ pkgs, lib, ... }:
let
  package = pkgs.callPackage ../package.nix { };
  python = package.python.withPackages (packages: [ (packages.toPythonModule package) ]);
in
rec {
  # Signs a fresh token, as a phone would, for the person whose seed is 32 times this byte.
  makeToken = ''
    import sys
    import time

    from appliance.pubky.auth_token import sign_auth_token
    from appliance.pubky.keys import Keypair

    person = Keypair.from_seed(bytes([int(sys.argv[1])]) * 32)
    with open(sys.argv[2], "wb") as file:
        file.write(sign_auth_token(person, "/:rw", time.time_ns() // 1000))
    print(person.public_key)
  '';

  signUp = pkgs.writeShellScriptBin "sign-up" ''
    # sign-up BYTE INVITE: makes an account and leaves its session in /tmp/session.BYTE
    set -eu
    key=$(${python}/bin/python3 ${pkgs.writeText "make-token.py" makeToken} "$1" /tmp/token)
    ${pkgs.curl}/bin/curl --fail --silent --show-error --output /dev/null \
      --cookie-jar "/tmp/session.$1" --data-binary @/tmp/token \
      "http://127.0.0.1:6286/signup?signup_token=$2"
    echo "$key"
  '';

  node = {
    imports = [ ../module.nix ];
    services.pubky-appliance = {
      enable = true;
      openFirewall = true;
      settings.pkdns.dht_bootstrap_nodes = lib.mkOverride 900 [ ];
    };
    environment.systemPackages = [ signUp pkgs.curl pkgs.jq ];
  };

  # The five things that the tests of the playbooks assert as well.
  helpers = ''
    import json

    CLIENT = "http://127.0.0.1:6286"

    def ready(machine):
        machine.wait_for_unit("pubky.service")
        machine.wait_for_open_port(6286)
        machine.wait_for_open_port(6287)

    def invite(machine):
        return json.loads(machine.succeed("pubky-appliance invite create --json"))["code"]

    def sign_up(machine, byte):
        return machine.succeed(f"sign-up {byte} {invite(machine)}").strip()

    def put(machine, byte, key, path, text):
        machine.succeed(
            f"printf %s {text} | curl --fail --silent --show-error --cookie /tmp/session.{byte} "
            f"--header 'pubky-host: {key}' --upload-file - {CLIENT}{path}"
        )

    def get(machine, key, path):
        return machine.succeed(
            f"curl --fail --silent --show-error --header 'pubky-host: {key}' {CLIENT}{path}"
        )
  '';
}
