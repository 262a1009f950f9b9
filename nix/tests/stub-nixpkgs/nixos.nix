# A system of our module and the options of NixOS that it sets. `checked` is the part of its
# configuration that can be printed, and is refused as NixOS would: by an assertion that fails.
{ lib, pkgs, modules }:
let
  inherit (lib) mkOption types;
  free = mkOption { type = types.attrsOf types.anything; default = { }; };
  surroundings.options = {
    assertions = mkOption { type = types.listOf types.anything; default = [ ]; };
    warnings = mkOption { type = types.listOf types.str; default = [ ]; };
    systemd = {
      services = free;
      sockets = free;
      tmpfiles.rules = mkOption { type = types.listOf types.str; default = [ ]; };
    };
    users = { users = free; groups = free; };
    environment.systemPackages = mkOption { type = types.listOf types.package; default = [ ]; };
    environment.etc = free;
    networking = {
      firewall = {
        allowedTCPPorts = mkOption { type = types.listOf types.port; default = [ ]; };
        allowedUDPPorts = mkOption { type = types.listOf types.port; default = [ ]; };
      };
      hostName = mkOption { type = types.str; default = "nixos"; };
      hosts = free;
    };
    security.acme = free;
    services = {
      nginx = {
        enable = mkOption { type = types.bool; default = false; };
        commonHttpConfig = mkOption { type = types.lines; default = ""; };
        upstreams = free;
        virtualHosts = free;
      };
      restic.backups = free;
      openssh = free;
      getty = free;
    };
    system = free;
    virtualisation = free;
    sdImage = free;
  };
  system = lib.evalModules {
    modules = [ surroundings ] ++ modules;
    specialArgs = { inherit pkgs; };
  };
  failed = builtins.filter (assertion: !assertion.assertion) system.config.assertions;
  checked =
    if failed != [ ] then
      throw ("Failed assertions:\n" + builtins.concatStringsSep "\n" (map (assertion: "- ${assertion.message}") failed))
    else
      builtins.removeAttrs system.config [ "_module" "assertions" ];
  # `nix flake check` only asks what kind of thing it is, so all of it is looked at before.
  text = builtins.toJSON checked;
  built = lib.genAttrs [ "vm" "sdImage" "toplevel" ] (name: builtins.seq text (pkgs.writeText name text));
in
system // {
  inherit pkgs checked;
  config = system.config // { system = system.config.system // { build = built; }; };
}
