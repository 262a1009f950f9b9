"""`verify-export`: is an exported archive whole, and which node said so; offline, anywhere."""

import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from appliance.cli.output import as_json, print_json
from appliance.errors import PubkyError
from appliance.pubky.keys import PublicKey
from appliance.pubky.manifest_signatures import ManifestStatement
from appliance.pubky.timestamp import US_PER_SECOND
from dashboard.archive.directory import ArchiveError
from dashboard.archive.signature import Signature
from dashboard.archive.verify import Report, verify

Verdict = Literal["genuine", "whole", "bad", "unreadable"]
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of it: `genuine` is signed and whole, `whole` unsigned; `reasons` are for `bad`."""

    verdict: Verdict
    reasons: tuple[str, ...]
    node: str | None = None
    owner: str | None = None
    signed_at: str | None = None
    report: Report | None = None


@click.command("verify-export", epilog="Example: pubky-appliance verify-export pubky-export.zip")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--against-node", metavar="KEY", help="It must be signed by the node with this key.")
@as_json
def verify_export(file: Path, against_node: str | None, *, as_json: bool) -> None:
    """Read all of an exported archive and say whether it is what a node once handed out.

    Needs no node and no network. Exit code 0 when every file is whole (and with --against-node
    signed by that node), 1 when not.
    """
    judgement = judge(file, None if against_node is None else _key(against_node))
    if as_json:
        print_json(asdict(judgement))
    else:
        _print(file, judgement)
    if judgement.verdict in {"bad", "unreadable"}:
        sys.exit(1)


def judge(file: Path, wanted: PublicKey | None) -> Judgement:
    """Read an archive to its end."""
    try:
        report = verify(file)
    except ArchiveError as error:
        return Judgement("unreadable", (str(error),))
    reasons = [*_faults(report), *_signature_faults(report.signature, wanted)]
    signature = report.signature
    if signature is None:
        return Judgement("bad" if reasons else "whole", tuple(reasons), report=report)
    return Judgement(
        "bad" if reasons else "genuine",
        tuple(reasons),
        signature.node,
        signature.owner,
        _moment(signature.at_us),
        report,
    )


def _faults(report: Report) -> list[str]:
    found = []
    if not report.has_manifest:
        found.append("It has no manifest, so nothing says what the files should be.")
    if report.signature_problem is not None:
        found.append(f"Its signature counts for nothing: {report.signature_problem}")
    for names, words in (
        (report.damaged, "are not the bytes that were exported"),
        (report.missing, "are listed and not there"),
        (report.unlisted, "are there and not listed"),
        (tuple(each.name for each in report.left_out), "have no place in an export"),
    ):
        if names:
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            listed = ", ".join(map(_printable, names[:_MOST_NAMES]))
            found.append(f"{len(names)} of its files {words}: {listed}{more}")
    return found


def _signature_faults(signature: Signature | None, wanted: PublicKey | None) -> list[str]:
    if signature is None:
        return [] if wanted is None else ["No node's signature that counts is in it."]
    try:
        node, owner = PublicKey.parse(signature.node), PublicKey.parse(signature.owner)
        statement = ManifestStatement(owner, bytes.fromhex(signature.blake3), signature.at_us)
    except PubkyError as error:
        return [f"Its signature counts for nothing: {error.message}."]
    if not statement.is_signed_by(node, bytes.fromhex(signature.signature)):
        return ["Its signature is forged: the node that it names never made it."]
    if wanted is not None and node != wanted:
        return [f"It was signed by another node: {node.z32}"]
    return []


def _print(file: Path, judgement: Judgement) -> None:
    words = {
        "genuine": "whole, and signed by a node",
        "whole": "whole, but no node has signed it",
        "bad": "NOT as it was exported",
        "unreadable": "NOT an archive that can be read",
    }
    click.echo(f"{_printable(file.name)}: {words[judgement.verdict]}")
    for reason in judgement.reasons:
        click.echo(f"  - {reason}")
    report = judgement.report
    if report is not None:
        click.echo(f"Files    {report.file_count}, {report.byte_count} bytes")
        if report.noted:
            click.echo(
                f"Noted    {len(report.noted)} were not whole when it was made, and it says so"
            )
    if judgement.verdict == "genuine":
        click.echo(f"Node     {judgement.node}")
        click.echo(f"Owner    {judgement.owner}")
        click.echo(f"Signed   {judgement.signed_at}")
        click.echo("Compare the node's key with one that you know, or name it by --against-node.")


def _moment(at_us: int) -> str | None:
    try:
        return datetime.fromtimestamp(at_us // US_PER_SECOND, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _printable(name: str) -> str:
    """A stranger's name without what a terminal would obey."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)


def _key(text: str) -> PublicKey:
    try:
        return PublicKey.parse(text.removeprefix("pubky"))
    except PubkyError:
        raise click.ClickException(
            f"'{text}' is no node's key: 52 lower-case letters and digits are needed"
        ) from None
