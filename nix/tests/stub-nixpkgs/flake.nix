# Stands in for nixpkgs where that cannot be had; see ../../README.md.
{
  outputs = { self }:
    let
      # NIXPKGS_LIB names nixpkgs' own lib, where somebody has it: `nix flake check --impure`.
      given = builtins.getEnv "NIXPKGS_LIB";
      lib = (if given == "" then import ./lib.nix else import given) // {
        nixosSystem = { system, modules }: import ./nixos.nix {
          inherit lib modules;
          pkgs = self.legacyPackages.${system};
        };
      };
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: import ./pkgs.nix { inherit lib system; });
    };
}
