"""The flake as a whole, with the stub in the place of nixpkgs, and the program's package."""

import base64
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from appliance.pubky.auth_token import AuthToken
from appliance.version import VERSION
from tests.nix.evaluation import NIX, ROOT, STUB, EvaluationError, Nix

FILES = sorted(NIX.rglob("*.nix"))
SYSTEMS = ("x86_64-linux", "aarch64-linux")
VM_TESTS = sorted(path.stem for path in NIX.glob("tests/*.nix") if path.stem != "common")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the flake is made of, as a repository of its own: `?dir=nix` needs one."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(NIX, folder / "nix")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    (folder / "dashboard").mkdir()
    (folder / "appliance").mkdir()
    shutil.copy(ROOT / "appliance" / "version.py", folder / "appliance")
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "Source")):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def every_system(nix: Nix) -> tuple[str, ...]:
    """Newer ones look at this machine's system alone unless they are told to look at all."""
    version = re.findall(r"[0-9]+", nix.run("nix", "--version"))
    return ("--all-systems",) if tuple(map(int, version[:2])) >= (2, 15) else ()


def flake(nix: Nix, source: Path, *verb: str) -> str:
    """A command of `nix flake`, without a network."""
    return nix.run(
        *("nix", "--extra-experimental-features", "nix-command flakes"),
        *("--option", "sandbox", "false", "--option", "build-users-group", ""),
        *("flake", *verb, f"git+file://{source}?dir=nix", *every_system(nix)),
        *("--override-input", "nixpkgs", f"path:{source}/{STUB.relative_to(ROOT)}"),
        *("--no-write-lock-file", "--offline"),
    )


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(NIX)))
def test_every_file_can_be_read(nix: Nix, file: Path) -> None:
    nix.run("nix-instantiate", "--parse", str(file))


def test_the_flake_offers_what_its_readme_says(nix: Nix, source: Path) -> None:
    shown = flake(nix, source, "show")
    for output in ("nixosModules", "overlays", "nixosConfigurations", "templates", "devShells"):
        assert output in shown
    for check in ("package", "settings", *(f"vm-{name}" for name in VM_TESTS)):
        assert shown.count(f"{check}: ") == len(SYSTEMS), check


def test_all_checks_evaluate_for_each_system_the_image_and_the_machine_to_look_at_too(
    nix: Nix, source: Path
) -> None:
    flake(nix, source, "check")


def test_a_check_notices_a_module_that_contradicts_itself(
    nix: Nix, source: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "source"
    shutil.copytree(source, broken)
    machine = broken / "nix" / "vm.nix"
    machine.write_text(machine.read_text().replace("openFirewall", "openFirewal"))
    with pytest.raises(EvaluationError, match="openFirewal' does not exist"):
        flake(nix, broken, "check")


def package(nix: Nix, wanted: str, arguments: str = "") -> Any:
    """Something of the program's package, which is `made` in `wanted`."""
    return nix.evaluate(
        f"let {nix.surroundings} made = pkgs.callPackage {NIX}/package.nix {{ {arguments} }}; "
        f"in {wanted}"
    )


def runtime_requirements() -> str:
    """The list of pyproject.toml, a requirement on each line."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    return str(listed)


def test_the_package_has_the_programs_version_and_its_dependencies(nix: Nix) -> None:
    assert package(nix, "made.version") == VERSION
    assert package(nix, "map (each: each.pname) made.dependencies") == re.findall(
        r'^ +"([a-z0-9-]+)', runtime_requirements(), re.MULTILINE
    )


def test_the_package_pins_what_the_lock_file_pins(nix: Nix) -> None:
    pins = nix.evaluate(f"import {NIX}/pins.nix")
    # Each that pyproject.toml bounds from above, since nixpkgs may be on either side.
    bounded = re.findall(r'^ +"([a-z0-9-]+)>=[^,"]+,<', runtime_requirements(), re.MULTILINE)
    assert set(pins) == set(bounded)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name, pin in pins.items():
        (hashes,) = re.findall(
            rf"^{name}=={re.escape(pin['version'])} \\\n((?:    --hash.*\n)+)", lock, re.MULTILINE
        )
        assert base64.b64decode(pin["hash"].removeprefix("sha256-")).hex() in hashes


def test_the_page_that_makes_keys_opens_with_the_script_that_it_needs(nix: Nix) -> None:
    assert package(nix, "made.postPatch") == ""
    assert "pubky.js" in package(nix, "made.postPatch", 'signUpScript = "/made/by/make-sdk.js";')


@pytest.mark.parametrize("name", VM_TESTS)
def test_the_scripts_of_the_virtual_machines_are_sound_python(nix: Nix, name: str) -> None:
    script = nix.evaluate(
        f"let {nix.surroundings} in (pkgs.testers.runNixOSTest {NIX}/tests/{name}.nix).testScript"
    )
    compile(script, name, "exec")


def test_the_token_of_the_virtual_machines_newcomer_is_one_that_nodes_accept(
    nix: Nix, tmp_path: Path
) -> None:
    script = nix.evaluate(
        f"let {nix.surroundings} in (import {NIX}/tests/common.nix "
        "{ inherit pkgs lib; }).makeToken"
    )
    token = tmp_path / "token"
    done = subprocess.run(
        [sys.executable, "-c", script, "7", token],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    verified = AuthToken.verify(token.read_bytes(), time.time_ns() // 1000)
    assert str(verified.public_key) == done.stdout.strip()
