{
  description = "A machine with a Pubky node";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    # Where you have the appliance from; its own folder works as well: git+file:///srv/pubky?dir=nix
    pubky-appliance = {
      url = "git+https://git.example.org/pubky-appliance?dir=nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs = { nixpkgs, pubky-appliance, ... }: {
    nixosConfigurations.node = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [
        pubky-appliance.nixosModules.default
        ./hardware-configuration.nix
        {
          services.pubky-appliance = {
            enable = true;
            domain = "node.example.org";
            openFirewall = true;
          };
          security.acme = {
            acceptTerms = true;
            defaults.email = "you@example.org";
          };
          system.stateVersion = "25.11";
        }
      ];
    };
  };
}
