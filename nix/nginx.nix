# nginx in front of the node, by the rules of ansible/roles/pubky_nginx: tests/nix compares both.
# The operator's API and the metrics have no name here on purpose.
{ config, lib, ... }:
let
  inherit (lib) mkDefault mkIf mkOption types;
  node = config.services.pubky-appliance;
  cfg = node.nginx;

  number = default: description: mkOption { type = types.ints.unsigned; inherit default description; };

  # Requests of one address each second: to sign-up and sign-in, and to everything else.
  limited = zone: rate: "limit_req zone=${zone} burst=${toString (rate * 5)} nodelay;";
  limitedAll = limited "pubky_all" cfg.rate;

  site = { upstream, log ? "pubky", isClientApi ? false, isStreamed ? false }: {
    forceSSL = mkDefault true;
    enableACME = mkDefault true;
    # Unlike 301 it keeps the method of the request.
    redirectCode = mkDefault 308;
    extraConfig = ''
      server_tokens off;
      # The node signs and looks up exactly the path that the client sent.
      merge_slashes off;
      access_log /var/log/nginx/pubky-access.log ${log};
      # At lower levels nginx writes whole requests, with their secrets.
      error_log /var/log/nginx/pubky-error.log crit;

      # Mozilla's intermediate recommendation.
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
      ssl_prefer_server_ciphers off;
      ssl_session_cache shared:pubky:4m;
      ssl_session_timeout 1d;
      ssl_session_tickets off;
      ${lib.optionalString cfg.hsts ''add_header Strict-Transport-Security "max-age=63072000" always;''}

      client_max_body_size ${toString cfg.maxUploadMb}m;
      client_body_timeout 300s;
      limit_conn pubky_connections ${toString cfg.connections};
      limit_conn_status 429;
      limit_req_status 429;

      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      # Nothing here is upgraded: a client could talk past these rules through another protocol.
      proxy_set_header Upgrade "";
      proxy_set_header Connection "";
      # Uploads reach the node as they come, so a refusal is early and nothing is written twice.
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_read_timeout 300s;
      proxy_send_timeout 300s;
      # A node that restarts keeps its sockets; what waits there is answered in a moment.
      proxy_connect_timeout 30s;
      ${lib.optionalString isStreamed "proxy_buffering off;"}
    '';
    # Without a path behind the upstream, nginx passes the address on byte for byte.
    locations = lib.mapAttrs
      (_: rules: {
        proxyPass = "http://${upstream}";
        # They would pass on a chain of addresses that the client wrote itself.
        recommendedProxySettings = false;
        extraConfig = rules;
      })
      ({
        "/" = limitedAll;
      } // lib.optionalAttrs isClientApi {
        "~ ^/(signup|session|auth/|signup_tokens/)" = limited "pubky_sign_in" cfg.signInRate;
        "~ ^/events" = ''
          ${limitedAll}
          proxy_buffering off;
          proxy_read_timeout ${toString cfg.streamTimeoutS}s;
        '';
      });
  };

  backend = address: connections: {
    servers.${address}.max_fails = 0;
    extraConfig = "keepalive ${toString connections};";
  };

  named = name: host: mkIf (name != null) { ${toString name} = host; };
in
{
  options.services.pubky-appliance.nginx = {
    enable = mkOption {
      type = types.bool;
      default = node.domain != null;
      defaultText = lib.literalExpression "domain != null";
      description = "Whether nginx stands before the node, with a public certificate.";
    };
    signInRate = number 5 "Requests of one address each second to sign-up and sign-in.";
    rate = number 100 "Requests of one address each second to everything else.";
    connections = number 200 "Open connections of one address.";
    maxUploadMb = number 0 "Largest upload in MiB; 0 leaves the limit to the node's quotas.";
    streamTimeoutS = number 3600 "Seconds that an event stream may stay silent.";
    hsts = mkOption {
      type = types.bool;
      default = true;
      description = "Tell browsers to come by HTTPS only; off for trials, since they remember.";
    };
    refuseOtherNames = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether names that are not served here get neither an answer nor a certificate. Off where
        another virtual host is the default one.
      '';
    };
  };

  config = mkIf (node.enable && cfg.enable) {
    assertions = [
      {
        assertion = node.domain != null;
        message = ''
          services.pubky-appliance.nginx: there is no name to answer to.
          Set services.pubky-appliance.domain, or nginx.enable = false.'';
      }
    ];

    services.nginx = {
      enable = true;

      commonHttpConfig = ''
        # Addresses carry secrets: queries hold invites, and so do two kinds of paths.
        map $uri $pubky_logged_path {
          ~^/signup_tokens/  /signup_tokens/***;
          ~^/link/           /link/***;
          ~^/inbox/          /inbox/***;
          default            $uri;
        }
        map $uri $pubky_first_segment {
          ~^(?<first>/[^/]*)  $first;
        }
        log_format pubky escape=json '{"time":"$time_iso8601","address":"$remote_addr",'
          '"host":"$host","method":"$request_method","path":"$pubky_logged_path","status":$status,'
          '"bytes":$body_bytes_sent,"seconds":$request_time}';
        log_format pubky_pages escape=json '{"time":"$time_iso8601","address":"$remote_addr",'
          '"host":"$host","method":"$request_method","path":"$pubky_first_segment","status":$status,'
          '"bytes":$body_bytes_sent,"seconds":$request_time}';

        limit_req_zone $binary_remote_addr zone=pubky_sign_in:4m rate=${toString cfg.signInRate}r/s;
        limit_req_zone $binary_remote_addr zone=pubky_all:8m rate=${toString cfg.rate}r/s;
        limit_conn_zone $binary_remote_addr zone=pubky_connections:4m;
      '';

      upstreams = {
        pubky_client = backend node.settings.drive.icann_listen_socket 32;
        pubky_dashboard = backend node.settings.dashboard.listen_socket 8;
        pubky_pkarr_relay = backend node.settings.relays.pkarr_listen_socket 8;
        pubky_http_relay = backend node.settings.relays.http_listen_socket 8;
      };

      virtualHosts = lib.mkMerge [
        (mkIf cfg.refuseOtherNames {
          "_" = {
            default = true;
            rejectSSL = true;
            locations."/".return = "444";
            extraConfig = "access_log off;";
          };
        })
        (named node.domain (site { upstream = "pubky_client"; isClientApi = true; }))
        (named node.dashboard.domain (site { upstream = "pubky_dashboard"; log = "pubky_pages"; isStreamed = true; }))
        (named node.httpRelay.domain (site { upstream = "pubky_http_relay"; isStreamed = true; }))
        (named node.pkarrRelay.domain (site { upstream = "pubky_pkarr_relay"; }))
      ];
    };

    systemd.services.nginx.serviceConfig.LimitNOFILE = mkDefault 65536;
  };
}
