{
  description = "A home for your pubky, on NixOS";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forAllSystems = make:
        lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: make nixpkgs.legacyPackages.${system});

      systemOf = system: modules: lib.nixosSystem {
        inherit system;
        modules = [ self.nixosModules.default ] ++ modules;
      };
    in
    {
      nixosModules.default = { imports = [ ./module.nix ]; };

      overlays.default = final: _: {
        pubky-appliance = final.callPackage ./package.nix { };
      };

      packages = forAllSystems (pkgs: {
        default = pkgs.callPackage ./package.nix { };
      });

      apps = forAllSystems (pkgs: {
        default = {
          type = "app";
          program = lib.getExe self.packages.${pkgs.stdenv.hostPlatform.system}.default;
        };
      } // lib.optionalAttrs (pkgs.stdenv.hostPlatform.system == "x86_64-linux") {
        # A virtual machine with a node in it, on ports of this machine.
        vm = {
          type = "app";
          program = "${self.nixosConfigurations.vm.config.system.build.vm}/bin/run-pubky-vm";
        };
      });

      checks = forAllSystems (pkgs: {
        package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
        # Building it runs the program's own look at the settings that the module writes.
        settings = (systemOf pkgs.stdenv.hostPlatform.system [
          { services.pubky-appliance = { enable = true; domain = "node.example.org"; }; }
        ]).config.services.pubky-appliance.settingsFile;
        vm-start = pkgs.testers.runNixOSTest ./tests/start.nix;
        vm-two-nodes = pkgs.testers.runNixOSTest ./tests/two-nodes.nix;
        vm-backup = pkgs.testers.runNixOSTest ./tests/backup.nix;
      });

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ self.packages.${pkgs.stdenv.hostPlatform.system}.default ];
          packages = [ pkgs.gnumake pkgs.nodejs pkgs.ruff ];
        };
      });

      templates.default = {
        path = ./template;
        description = "A machine with a node, for your own flake";
      };

      nixosConfigurations = {
        # Examples: copy them, and put your own names and ssh key in.
        rpi = systemOf "aarch64-linux" [
          "${nixpkgs}/nixos/modules/installer/sd-card/sd-image-aarch64.nix"
          ./image.nix
        ];
        vm = systemOf "x86_64-linux" [
          "${nixpkgs}/nixos/modules/virtualisation/qemu-vm.nix"
          ./vm.nix
        ];
      };
    };
}
