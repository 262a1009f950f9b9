# A backup while the node runs, and a restored copy that proves to be the node.
{ pkgs, lib, ... }:
let common = import ./common.nix { inherit pkgs lib; };
in
{
  name = "pubky-backup";

  nodes.machine = {
    imports = [ common.node ];
    services.pubky-appliance.backup = {
      enable = true;
      repository = "/var/backups/pubky";
      # In a real system sops-nix, agenix or your own hands put it there.
      passwordFile = "/etc/backup-password";
    };
    environment.etc."backup-password".text = "only-for-this-test";
    environment.systemPackages = [ pkgs.restic ];
  };

  testScript = ''
    ${common.helpers}
    start_all()
    ready(machine)
    ada = sign_up(machine, 7)
    put(machine, 7, ada, "/pub/test/hello.txt", "hello")

    with subtest("the timer's service makes one and tells the node"):
        machine.succeed("systemctl start restic-backups-pubky.service")
        told = machine.succeed("tail -n 1 /var/lib/pubky/backups.jsonl")
        assert json.loads(told)["ok"], told

    with subtest("what comes back is this node"):
        machine.succeed(
            "restic --repo /var/backups/pubky --password-file /etc/backup-password "
            "restore latest --target /tmp/back",
            "chmod -R a+rX /tmp/back && chown -R pubky /tmp/back",
            "pubky-appliance backup check /tmp/back/var/lib/pubky/.backup "
            "--blobs=/tmp/back/var/lib/pubky/blobs --all",
        )

    with subtest("a failure is told as one"):
        machine.succeed("rm -r /var/backups/pubky && touch /var/backups/pubky")
        machine.fail("systemctl start restic-backups-pubky.service")
        told = machine.succeed("tail -n 1 /var/lib/pubky/backups.jsonl")
        assert not json.loads(told)["ok"], told
  '';
}
