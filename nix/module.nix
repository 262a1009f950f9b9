# A node as a service of NixOS: services.pubky-appliance. What may be set besides is in nginx.nix and
# backup.nix; README.md teaches by example.
{ config, lib, pkgs, ... }:
let
  inherit (lib) literalExpression mkDefault mkEnableOption mkIf mkOption optional optionals types;
  cfg = config.services.pubky-appliance;
  toml = pkgs.formats.toml { };

  # Defaults and texts of the program's own settings, made from its schema.
  known = builtins.fromJSON (builtins.readFile ./settings.json);
  setting = section: name: type:
    mkOption { inherit type; inherit (known.${section}.${name}) default description; };

  runs = part: builtins.elem part cfg.settings.run.parts;
  portOf = address: lib.toInt (builtins.head (builtins.match ".*:([0-9]+)" address));
  isLoopback = address: builtins.match "(127[.].*|[[]::1]:.*)" address != null;
  inStore = file: file != null && lib.hasPrefix builtins.storeDir file;

  written = toml.generate "pubky-config.toml" cfg.settings;
  command = lib.getExe cfg.package;

  # Each start begins with the settings of this system's generation. The first makes a key, unless
  # one is passed, and a password that nobody sees: `pubky-appliance password` makes a new one.
  prepare = pkgs.writeShellScript "pubky-prepare" ''
    set -eu
    umask 077
    ${pkgs.coreutils}/bin/install -m 0600 ${cfg.settingsFile} ${lib.escapeShellArg cfg.dataDir}/config.toml
    ${command} --data-dir=${lib.escapeShellArg cfg.dataDir} init > /dev/null
  '';

  onThisNode = pkgs.writeShellScriptBin "pubky-appliance" ''
    exec ${pkgs.util-linux}/bin/runuser --user=pubky -- ${command} --data-dir=${lib.escapeShellArg cfg.dataDir} "$@"
  '';
in
{
  imports = [ ./nginx.nix ./backup.nix ];

  options.services.pubky-appliance = {
    enable = mkEnableOption "a Pubky homeserver with its dashboard";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = literalExpression "pkgs.pubky-appliance";
      description = "The program to run.";
    };

    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/pubky";
      description = "The folder of the node's key, settings and data, of the account pubky.";
    };

    domain = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "node.example.org";
      description = "The name by which browsers and apps reach the node; null for none.";
    };

    dashboard.domain = mkOption {
      type = types.nullOr types.str;
      default = if cfg.domain == null then null else "dash.${cfg.domain}";
      defaultText = literalExpression ''"dash.''${domain}"'';
      description = "The name of the owner's pages; null keeps them on this machine.";
    };

    httpRelay.domain = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The name of the HTTP relay, for apps and phones elsewhere; null for none.";
    };

    pkarrRelay.domain = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The name of the pkarr relay, for web apps elsewhere; null for none.";
    };

    openFirewall = mkEnableOption ''
      opening the firewall for PubkyTLS and the DHT and, with nginx, for HTTP and HTTPS'';

    memoryHigh = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "300M";
      description = "Memory above which the system slows the node down; null for no limit.";
    };

    memoryMax = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "400M";
      description = "Memory above which the system ends the node and starts it anew; null for no limit.";
    };

    nodeKey = {
      file = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "/run/secrets/node-key";
        description = ''
          A file outside the Nix store with the node's key, readable by root, such as sops-nix and
          agenix make. Without it the key is made by the first start, as a file of the data folder.
        '';
      };
      encryptedFile = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "/etc/pubky/credentials/node-key.cred";
        description = "The same, encrypted for this machine: systemd-creds encrypt --name=node-key.";
      };
    };

    settings = mkOption {
      default = { };
      example = literalExpression "{ storage.default_quota_mb = 10240; }";
      description = ''
        The node's settings by section and name; `pubky-appliance config sample` shows them all. They
        are world-readable, and none of them is a secret.
      '';
      type = types.submodule {
        freeformType = toml.type;
        # Only those that this module reads have a type; the program checks all at build time.
        options = {
          drive = {
            icann_listen_socket = setting "drive" "icann_listen_socket" types.str;
            pubky_listen_socket = setting "drive" "pubky_listen_socket" types.str;
          };
          storage.blobs = setting "storage" "blobs" types.str;
          admin.listen_socket = setting "admin" "listen_socket" types.str;
          metrics.listen_socket = setting "metrics" "listen_socket" types.str;
          pkdns = {
            public_ip = setting "pkdns" "public_ip" types.str;
            icann_domain = setting "pkdns" "icann_domain" types.str;
          };
          dht.listen_socket = setting "dht" "listen_socket" types.str;
          relays = {
            pkarr_listen_socket = setting "relays" "pkarr_listen_socket" types.str;
            http_listen_socket = setting "relays" "http_listen_socket" types.str;
          };
          run.parts = setting "run" "parts" (types.listOf types.str);
          dashboard = {
            listen_socket = setting "dashboard" "listen_socket" types.str;
            origin = setting "dashboard" "origin" types.str;
          };
        };
      };
    };

    checkSettings = mkOption {
      type = types.bool;
      default = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;
      defaultText = literalExpression "whether this machine can run the program that it builds";
      description = "Whether the program looks at its settings while the system is built.";
    };

    settingsFile = mkOption {
      type = types.package;
      internal = true;
      description = "The settings as a file, checked.";
      default =
        if !cfg.checkSettings then written
        else
          pkgs.runCommand "pubky-config-checked.toml" { } ''
            ${command} config check ${written} || {
              echo "Correct services.pubky-appliance.settings; what is wrong stands above." >&2
              exit 1
            }
            cp ${written} $out
          '';
    };
  };

  config = mkIf cfg.enable {
    services.pubky-appliance.settings = {
      drive.pubky_listen_socket = mkDefault "0.0.0.0:6287";
      pkdns = {
        public_ip = mkDefault "auto";
        icann_domain = mkDefault (if cfg.domain == null then "" else cfg.domain);
      };
      dashboard.origin = mkIf (cfg.dashboard.domain != null) (mkDefault "https://${cfg.dashboard.domain}");
    };

    assertions = [
      {
        assertion = cfg.nodeKey.file == null || cfg.nodeKey.encryptedFile == null;
        message = "services.pubky-appliance.nodeKey: set file or encryptedFile, not both; a node has one key.";
      }
      {
        assertion = !inStore cfg.nodeKey.file && !inStore cfg.nodeKey.encryptedFile;
        message = ''
          services.pubky-appliance.nodeKey: the file lies in the Nix store, where everybody can read it.
          Name it as text, "/run/secrets/node-key", and let sops-nix, agenix or your own hands put it there.'';
      }
      {
        assertion = builtins.match "(/home|/root|/run/user)(/.*)?" (toString cfg.dataDir) == null;
        message = ''
          services.pubky-appliance.dataDir: the node cannot see home folders.
          Choose another place, such as /var/lib/pubky or /srv/pubky.'';
      }
      {
        assertion = cfg.domain == null || cfg.domain != cfg.dashboard.domain;
        message = ''
          services.pubky-appliance.dashboard.domain: the pages need a name of their own, since apps
          run under the node's. Try "dash.${toString cfg.domain}".'';
      }
    ];

    warnings =
      optional (cfg.domain == null) ''
        services.pubky-appliance.domain is not set: native clients find this node, browsers do not.
        Set it to a name that points to this machine.''
      ++ map
        (section: ''
          services.pubky-appliance.settings.${section}.listen_socket: others can reach ${cfg.settings.${section}.listen_socket}.
          Keep it on 127.0.0.1 and come by ssh.'')
        (builtins.filter (section: !isLoopback cfg.settings.${section}.listen_socket) [ "admin" "metrics" ]);

    users.users.pubky = {
      isSystemUser = true;
      group = "pubky";
      home = cfg.dataDir;
      description = "Pubky appliance";
    };
    users.groups.pubky = { };

    environment.systemPackages = [ onThisNode ];

    systemd.tmpfiles.rules = [ "d ${cfg.dataDir} 0700 pubky pubky -" ];

    systemd.sockets.pubky = {
      description = "Sockets of the Pubky appliance";
      wantedBy = [ "sockets.target" ];
      listenStreams =
        optional (runs "web") cfg.settings.drive.icann_listen_socket
        ++ optional (runs "pubky_tls") cfg.settings.drive.pubky_listen_socket
        ++ optional (runs "dashboard") cfg.settings.dashboard.listen_socket
        ++ optional (runs "pkarr_relay") cfg.settings.relays.pkarr_listen_socket
        ++ optional (runs "http_relay") cfg.settings.relays.http_listen_socket;
      socketConfig = {
        BindIPv6Only = "ipv6-only";
        Backlog = 512;
        NoDelay = true;
        Service = "pubky.service";
      };
    };

    systemd.services.pubky = {
      description = "Pubky appliance";
      wants = [ "network-online.target" ];
      after = [ "network-online.target" "pubky.socket" ];
      requires = [ "pubky.socket" ];
      wantedBy = [ "multi-user.target" ];
      unitConfig = {
        StartLimitIntervalSec = 300;
        StartLimitBurst = 10;
      };
      serviceConfig = {
        Type = "notify";
        ExecStartPre = prepare;
        ExecStart = "${command} --data-dir=${cfg.dataDir} run --quiet";
        User = "pubky";
        Group = "pubky";
        Sockets = "pubky.socket";
        Restart = "on-failure";
        RestartSec = 2;
        TimeoutStartSec = 120;
        TimeoutStopSec = 20;
        WatchdogSec = 30;
        LoadCredential = optional (cfg.nodeKey.file != null) "node-key:${cfg.nodeKey.file}";
        LoadCredentialEncrypted =
          optional (cfg.nodeKey.encryptedFile != null) "node-key:${cfg.nodeKey.encryptedFile}";
        LimitNOFILE = 65536;
        TasksMax = 256;
        # A dump of its memory would hold the node's key.
        LimitCORE = 0;
        MemoryMax = mkIf (cfg.memoryMax != null) cfg.memoryMax;
        MemoryHigh = mkIf (cfg.memoryHigh != null) cfg.memoryHigh;
        # What the node may touch: its data folder, and the network.
        ReadWritePaths = [ cfg.dataDir ];
      } // import ./hardening.nix;
    };

    networking.firewall = mkIf cfg.openFirewall {
      allowedTCPPorts =
        optional (runs "pubky_tls") (portOf cfg.settings.drive.pubky_listen_socket)
        ++ optionals cfg.nginx.enable [ 80 443 ];
      allowedUDPPorts = optional (runs "dht") (portOf cfg.settings.dht.listen_socket);
    };
  };
}
