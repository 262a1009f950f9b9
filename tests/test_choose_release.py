"""Which release `make upgrade VERSION=` brings: this source's, or one that git has tagged."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.version import VERSION

SCRIPT = Path(__file__).parent.parent / "ansible/choose-release"
PYPROJECT = """\
[build-system]
requires = ["{backend}"]
build-backend = "{backend}.build_meta"
[project]
name = "pubky-appliance"
version = "3.2.1"
[tool.setuptools]
packages = ["appliance"]
"""


def git(project: Path, *words: str) -> None:
    """Run git in a tree of the test's own, whoever the user is."""
    name = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *name, *words], cwd=project, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A source tree whose version 3.2.1 is tagged and that has moved on since."""
    (tmp_path / "ansible").mkdir()
    shutil.copy(SCRIPT, tmp_path / "ansible")
    (tmp_path / "appliance").mkdir()
    (tmp_path / "appliance/__init__.py").touch()
    (tmp_path / "appliance/version.py").write_text('VERSION = "3.2.1"\n')
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.format(backend="setuptools"))
    (tmp_path / "requirements.lock").write_text("# of 3.2.1\n")
    (tmp_path / "Makefile").touch()
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=a release")
    git(tmp_path, "tag", "v3.2.1")
    (tmp_path / "appliance/version.py").write_text(f'VERSION = "{VERSION}"\n')
    (tmp_path / "requirements.lock").write_text("# newer\n")
    return tmp_path


def choose(project: Path, *version: str) -> subprocess.CompletedProcess[str]:
    """Run it; what it writes is out.json."""
    return subprocess.run(
        [sys.executable, project / "ansible/choose-release", project / "out.json", *version],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", [(), (VERSION,)])
def test_without_a_version_it_is_what_make_has_built(
    project: Path, version: tuple[str, ...]
) -> None:
    assert "There is no wheel of this source yet" in choose(project, *version).stderr
    (project / "dist").mkdir()
    wheel = project / f"dist/pubky_appliance-{VERSION}-py3-none-any.whl"
    wheel.touch()
    assert f"Release {VERSION}" in choose(project, *version).stdout
    assert json.loads((project / "out.json").read_text()) == {"pubky_app_wheel": str(wheel)}


def test_another_version_is_built_from_its_tag_with_its_own_lock_file(project: Path) -> None:
    said = choose(project, "3.2.1")
    assert "Release 3.2.1" in said.stdout, said.stderr
    chosen = json.loads((project / "out.json").read_text())
    assert Path(chosen["pubky_app_wheel"]).exists()
    assert Path(chosen["pubky_app_requirements"]).read_text() == "# of 3.2.1\n"
    made = Path(chosen["pubky_app_wheel"]).stat().st_mtime_ns
    choose(project, "3.2.1")
    assert Path(chosen["pubky_app_wheel"]).stat().st_mtime_ns == made


def test_a_version_without_a_tag_is_refused_with_what_there_is(project: Path) -> None:
    said = choose(project, "9.9.9")
    assert said.returncode != 0
    assert "There is no release 9.9.9: git knows no tag v9.9.9." in said.stderr
    assert f"this source is {VERSION}" in said.stderr
    assert not (project / "out.json").exists()


@pytest.mark.parametrize("version", ["../3.2.1", "v3.2.1", "3.2.1; true", "--help"])
def test_what_is_no_version_is_refused(project: Path, version: str) -> None:
    assert "is no version such as" in choose(project, version).stderr
