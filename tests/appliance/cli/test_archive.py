"""`verify-export`: a clear verdict about an archive, offline."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.cli.main import root
from appliance.pubky.keys import Keypair
from appliance.pubky.manifest_signatures import ManifestStatement
from dashboard.archive.signature import Signature, to_text
from tests.support.appliance import keypair_of
from tests.support.archives import entry_of, foreign_archive, write_archive

NODE, OTHER = keypair_of("node"), keypair_of("other")
ALICE = keypair_of("alice").public_key
FILES = {"/pub/a": b"one", "/priv/b": b"two"}
AT_US = 1_700_000_000_000_000


def signed_by(signer: Keypair, named: Keypair | None = None) -> Callable[[str], bytes]:
    """Signs a manifest's hash, perhaps in the name of another node."""

    def sign(manifest_hash: str) -> bytes:
        said = ManifestStatement(ALICE, bytes.fromhex(manifest_hash), AT_US)
        node = (named or signer).public_key.z32
        text = said.sign(signer).hex()
        return to_text(Signature(node, ALICE.z32, manifest_hash, AT_US, text))

    return sign


def run(archive: Path, *options: str) -> Result:
    """The command on an archive, without any node."""
    arguments = ["--data-dir", str(archive.parent / "none"), "verify-export", str(archive)]
    return CliRunner().invoke(root, [*arguments, *options])


def said_of(archive: Path, *options: str) -> dict[str, Any]:
    """Its JSON."""
    found: dict[str, Any] = json.loads(run(archive, "--json", *options).stdout)
    return found


def test_an_untouched_archive_is_genuine(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", FILES, sign=signed_by(NODE))
    result = run(archive)
    assert result.exit_code == 0, result.output
    assert "a.zip: whole, and signed by a node\nFiles    2, 6 bytes\n" in result.output
    assert f"Node     {NODE.public_key.z32}\nOwner    {ALICE.z32}\n" in result.output
    assert "Signed   2023-11-14T22:13:20+00:00" in result.output
    said = said_of(archive, "--against-node", f"pubky{NODE.public_key.z32}")
    assert (said["verdict"], said["reasons"]) == ("genuine", [])
    assert (said["node"], said["report"]["file_count"]) == (NODE.public_key.z32, 2)


def test_an_archive_without_a_signature_is_whole_and_proves_no_origin(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", FILES)
    assert run(archive).exit_code == 0
    assert said_of(archive)["verdict"] == "whole"
    result = run(archive, "--against-node", NODE.public_key.z32)
    assert result.exit_code == 1
    assert "No node's signature that counts is in it." in result.output


def _another_manifest(_: str) -> bytes:
    return signed_by(NODE)("00" * 32)


@pytest.mark.parametrize(
    ("sign", "reason"),
    [
        (signed_by(OTHER, named=NODE), "Its signature is forged"),
        (signed_by(OTHER), f"It was signed by another node: {OTHER.public_key.z32}"),
        (_another_manifest, "It was made for another manifest."),
        (lambda _: b"{}", "It is not a signature of a form that we know."),
        (lambda _: b"x" * 5000, "It is too long."),
    ],
)
def test_a_signature_that_does_not_count_is_no_good(
    tmp_path: Path, sign: Callable[[str], bytes], reason: str
) -> None:
    archive = write_archive(tmp_path / "a.zip", FILES, sign=sign)
    result = run(archive, "--against-node", NODE.public_key.z32)
    assert result.exit_code == 1
    assert "a.zip: NOT as it was exported" in result.output
    assert reason in result.output


def test_changed_missing_and_added_files_are_named(tmp_path: Path) -> None:
    listed = [entry_of("/pub/a", b"1ne"), entry_of("/pub/gone", b"")]
    archive = write_archive(tmp_path / "a.zip", FILES, listed, signed_by(NODE))
    result = run(archive)
    assert result.exit_code == 1
    assert "1 of its files are not the bytes that were exported: pub/a" in result.output
    assert "1 of its files are listed and not there: pub/gone" in result.output
    assert "1 of its files are there and not listed: priv/b" in result.output
    assert said_of(archive)["verdict"] == "bad"


def test_names_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    archive = foreign_archive(tmp_path / "a.zip", {"pub/a": b"", "x\x1b[31m": b""})
    result = run(archive)
    assert result.exit_code == 1
    assert "It has no manifest" in result.output
    assert "\x1b" not in result.output


def test_something_else_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PK" * 100)
    result = run(tmp_path / "a")
    assert (result.exit_code, "NOT an archive that can be read" in result.output) == (1, True)


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", FILES)
    result = run(archive, "--against-node", "x")
    assert result.exit_code == 1
    assert "'x' is no node's key" in result.output
