# A backup every night by restic, in the order that keeps rows and bytes together: the rows as of one
# moment first, then the bytes, each file of which is written once and deleted weeks after its row.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkEnableOption mkIf mkOption types;
  node = config.services.pubky-appliance;
  cfg = node.backup;

  stage = "${node.dataDir}/.backup";
  # "files:blobs": relative to the data folder.
  blobsName = lib.removePrefix "files:" node.settings.storage.blobs;
  blobs = if lib.hasPrefix "/" blobsName then blobsName else "${node.dataDir}/${blobsName}";
  keyIsPassed = node.nodeKey.file != null || node.nodeKey.encryptedFile != null;

  asNode = ''
    as_node() {
      ${pkgs.util-linux}/bin/setpriv --reuid=pubky --regid=pubky --clear-groups --inh-caps=-all -- \
        ${lib.getExe node.package} --data-dir=${lib.escapeShellArg node.dataDir} "$@"
    }
  '';

  kept = default: what: mkOption {
    type = types.ints.unsigned;
    inherit default;
    description = "How many backups are kept of the newest ${what} that have one.";
  };
  inStore = file: file != null && lib.hasPrefix builtins.storeDir file;
in
{
  options.services.pubky-appliance.backup = {
    enable = mkEnableOption "a backup of the node every night, by restic";
    repository = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "sftp:backup@nas.example.org:/pubky";
      description = "Where backups go, as restic names it; one with a password belongs in repositoryFile.";
    };
    repositoryFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "A file outside the Nix store that holds the repository's name instead.";
    };
    passwordFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "/run/secrets/backup-password";
      description = ''
        A file outside the Nix store with the password that everything is encrypted with. Keep a copy
        away from this machine: without it nothing can be restored.
      '';
    };
    at = mkOption {
      type = types.str;
      default = "*-*-* 02:30:00";
      description = "When, as systemd writes it (systemd.time(7)); it waits up to an hour more.";
    };
    keep = {
      daily = kept 7 "days";
      weekly = kept 5 "weeks";
      monthly = kept 12 "months";
    };
  };

  config = mkIf (node.enable && cfg.enable) {
    assertions = [
      {
        assertion = (cfg.repository == null) != (cfg.repositoryFile == null);
        message = "services.pubky-appliance.backup: set repository or repositoryFile, one of them.";
      }
      {
        assertion = cfg.passwordFile != null;
        message = ''
          services.pubky-appliance.backup.passwordFile: backups are encrypted, and need a password.
          Make one (openssl rand -base64 32), keep a copy elsewhere, and name its file here.'';
      }
      {
        assertion = !inStore cfg.passwordFile && !inStore cfg.repositoryFile;
        message = ''
          services.pubky-appliance.backup: the file lies in the Nix store, where everybody can read it.
          Name it as text, "/run/secrets/backup-password".'';
      }
      {
        assertion = cfg.repository == null || builtins.match ".*://[^/]*:[^/]*@.*" cfg.repository == null;
        message = ''
          services.pubky-appliance.backup.repository: this name holds a password, and everybody can read it
          in the Nix store. Put the name into a file and set repositoryFile.'';
      }
      {
        assertion = lib.hasPrefix "files:" node.settings.storage.blobs;
        message = ''
          services.pubky-appliance.backup: the bytes are not in a folder of this machine
          (settings.storage.blobs), so restic cannot read them. Back them up where they are.'';
      }
    ];

    services.restic.backups.pubky = {
      initialize = true;
      inherit (cfg) repository repositoryFile passwordFile;
      paths = [ stage blobs ];
      pruneOpts = [
        "--keep-daily ${toString cfg.keep.daily}"
        "--keep-weekly ${toString cfg.keep.weekly}"
        "--keep-monthly ${toString cfg.keep.monthly}"
      ];
      timerConfig = {
        OnCalendar = cfg.at;
        RandomizedDelaySec = "1h";
        Persistent = true;
      };
      backupPrepareCommand = ''
        ${asNode}
        rm -rf ${lib.escapeShellArg stage}
        as_node backup snapshot ${lib.escapeShellArg stage}${lib.optionalString keyIsPassed " --without-key"}
      '';
      # Runs in any case. A good ending counts only when no byte of the rows went missing meanwhile.
      backupCleanupCommand = ''
        ${asNode}
        if [ "$SERVICE_RESULT" = success ] \
          && as_node backup missing ${lib.escapeShellArg stage} --blobs=${lib.escapeShellArg blobs}; then
          as_node backup record backup --ok
        else
          as_node backup record backup --failed --detail="see journalctl -u restic-backups-pubky"
        fi
        rm -rf ${lib.escapeShellArg stage}
      '';
    };

    # The first start makes the folder that is copied here.
    systemd.services.restic-backups-pubky.after = [ "pubky.service" ];
  };
}
