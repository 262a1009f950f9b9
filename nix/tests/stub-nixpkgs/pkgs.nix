# What our files take of nixpkgs' packages: each a derivation that only notes what it was made of.
{ lib, system }:
let
  made = name: attributes:
    derivation {
      inherit name system;
      builder = "/bin/sh";
      args = [ "-c" "echo stub > $out" ];
    } // { pname = name; } // attributes;
  written = name: text:
    derivation {
      inherit name system text;
      builder = "/bin/sh";
      args = [ "-c" ''printf %s "$text" > $out'' ];
      passAsFile = [ ];
    };
  pythonPackage = name: made name { dependencies = [ ]; version = "0"; };
  python = names: {
    withPackages = choose: made "python3-env" { chosen = choose pythonSet; };
    override = { packageOverrides }:
      let
        final = pythonSet // packageOverrides final pythonSet;
      in
      python names // { pkgs = final; };
    pkgs = pythonSet;
  };
  pythonSet = lib.genAttrs
    [
      "aiosqlite" "argon2-cffi" "blake3" "click" "dnspython" "httpx" "hypercorn" "hypothesis" "jinja2"
      "markdown-it-py" "mypy" "nh3" "prometheus-client" "pynacl" "pytest" "pytest-asyncio" "pytest-timeout"
      "pytest-xdist" "quart" "segno" "setuptools"
    ]
    pythonPackage // {
    buildPythonPackage = attributes: made attributes.pname attributes;
    buildPythonApplication = attributes:
      made attributes.pname (attributes // attributes.passthru or { });
    toPythonModule = package: package;
    fetchPypi = { pname, version, format, python, dist, hash }: made "${pname}-${version}.whl" { inherit hash; };
  };
  # As nixpkgs does it: every argument that is not given comes from the package set.
  callPackage = file: given:
    let
      make = import file;
      call = arguments:
        make (builtins.intersectAttrs (builtins.functionArgs make) pkgs // arguments)
        // { override = more: call (arguments // more); };
    in
    call given;
  pkgs = lib.genAttrs [ "bash" "coreutils" "curl" "gnumake" "jq" "nodejs" "restic" "ruff" "systemd" "util-linux" "qrencode" ] (name: made name { }) // {
    inherit lib system callPackage;
    python3 = python [ ];
    python3Packages = pythonSet;
    stdenv = {
      hostPlatform = { inherit system; };
      buildPlatform.canExecute = host: host.system == system;
    };
    writeText = written;
    writeShellScript = written;
    writeShellScriptBin = name: text: written name text // { pname = name; };
    runCommand = name: attributes: command: derivation ({
      inherit name system;
      builder = "/bin/sh";
      args = [ "-c" "echo checked > $out" ];
      described = command;
    } // attributes);
    mkShell = attributes: made "shell" attributes;
    formats.toml = { }: {
      type = with lib.types;
        let value = oneOf [ bool int float str path (attrsOf value) (listOf value) ] // { description = "TOML value"; };
        in attrsOf value;
      generate = name: value: written name (builtins.toJSON value);
    };
    testers.runNixOSTest = file:
      let
        test = (if builtins.isFunction file then file else import file) { inherit pkgs lib; };
        nodes = builtins.mapAttrs
          (_: node: import ./nixos.nix { inherit lib pkgs; modules = [ test.defaults or { } node ]; })
          test.nodes;
      in
      builtins.deepSeq (builtins.mapAttrs (_: node: node.checked) nodes)
        (written "vm-test-${test.name}" (if builtins.isFunction test.testScript then test.testScript { inherit nodes; } else test.testScript)
          // { inherit (test) testScript; inherit nodes; });
  };
in
pkgs
