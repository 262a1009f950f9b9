# A Raspberry Pi (3 or newer) with a node, as an image for its SD card. Nobody can sign in before your
# own ssh key stands here: there is no password.
{
  networking.hostName = "pubky";

  services.openssh = {
    enable = true;
    settings = {
      PasswordAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };
  users.users.root.openssh.authorizedKeys.keys = [ ];

  services.pubky-appliance = {
    enable = true;
    domain = "node.example.org";
    openFirewall = true;
    memoryHigh = "300M";
  };

  security.acme = {
    acceptTerms = true;
    defaults.email = "you@example.org";
  };

  sdImage.compressImage = true;
  system.stateVersion = "25.11";
}
