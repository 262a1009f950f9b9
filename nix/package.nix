# The program. What it needs is read from pyproject.toml; three packages come in exactly the versions
# that it is tested with, because it uses more of them than they promise to keep.
{
  lib,
  python3,
  # The published client for the page that makes keys, a file that `make sdk` fetches. Without it
  # newcomers without a phone find that page shut.
  signUpScript ? null,
}:
let
  project = (builtins.fromTOML (builtins.readFile ../pyproject.toml)).project;
  version = builtins.head (builtins.match ".*VERSION = \"([^\"]+)\".*" (builtins.readFile ../appliance/version.py));
  pins = import ./pins.nix;

  nameOf = requirement: builtins.head (builtins.match "([A-Za-z0-9._-]+).*" requirement);

  python = python3.override {
    packageOverrides = final: prev: builtins.mapAttrs
      (name: pin: final.buildPythonPackage {
        pname = name;
        inherit (pin) version;
        format = "wheel";
        src = final.fetchPypi {
          pname = name;
          inherit (pin) version hash;
          format = "wheel";
          python = "py3";
          dist = "py3";
        };
        dependencies = prev.${name}.dependencies or [ ];
        pythonImportsCheck = [ name ];
      })
      pins;
  };
in
python.pkgs.buildPythonApplication {
  pname = project.name;
  inherit version;
  pyproject = true;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [ ../appliance ../dashboard ../pyproject.toml ../README.md ../LICENSE ];
  };

  postPatch = lib.optionalString (signUpScript != null) ''
    install -D -m 644 ${signUpScript} dashboard/static/build/pubky.js
  '';

  build-system = [ python.pkgs.setuptools ];
  dependencies = map (requirement: python.pkgs.${nameOf requirement}) project.dependencies;

  pythonImportsCheck = [ "appliance" "dashboard" ];

  # The project's tests need peers that nixpkgs has not; `make test` runs them. Here: does it start?
  checkPhase = ''
    runHook preCheck
    $out/bin/pubky-appliance config sample > sample.toml
    $out/bin/pubky-appliance config check sample.toml
    $out/bin/pubky-appliance --data-dir "$TMPDIR/node" init --json > /dev/null
    runHook postCheck
  '';

  passthru = { inherit python; };

  meta = {
    inherit (project) description;
    license = lib.licenses.mit;
    mainProgram = "pubky-appliance";
    platforms = [ "x86_64-linux" "aarch64-linux" ];
  };
}
