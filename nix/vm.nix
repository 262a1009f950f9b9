# A virtual machine to look around in: the node's ports on this machine's loopback, no DHT.
{
  networking.hostName = "pubky";
  services.getty.autologinUser = "root";

  services.pubky-appliance = {
    enable = true;
    openFirewall = true;
    settings = {
      # The virtual machine's forwarded ports come in by its network card.
      drive.icann_listen_socket = "0.0.0.0:6286";
      dashboard.listen_socket = "0.0.0.0:6290";
      pkdns.public_ip = "127.0.0.1";
    };
  };
  networking.firewall.allowedTCPPorts = [ 6286 6290 ];

  virtualisation = {
    memorySize = 1024;
    forwardPorts = map
      (port: {
        from = "host";
        host = { address = "127.0.0.1"; inherit port; };
        guest = { inherit port; };
      })
      [ 6286 6287 6290 ];
  };
  system.stateVersion = "25.11";
}
