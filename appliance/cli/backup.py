"""`backup`: a consistent copy of the node for whatever keeps copies, and its examination."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from appliance.backup import Finding, check_copy, missing_files, stage
from appliance.cli.output import as_json, pass_folder, print_json
from appliance.clock import system_clock
from appliance.data_folder import DataFolder, DataFolderError
from appliance.homeserver.backup_log import BACKUPS_FILE, DRILL, LONGEST_KIND, append_backup

SAMPLE = 200
FOLDER = click.argument(
    "copy", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False, resolve_path=True)
)
BLOBS = click.option(
    "--blobs",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder with the bytes of files; else FOLDER/blobs.",
)


@click.group(epilog="Example: pubky-appliance backup snapshot /mnt/disk/copy")
def backup() -> None:
    """Copy this node for a backup, and examine a copy that came back.

    A backup is three steps: 'snapshot' copies rows, settings and key; then the folder of the files'
    bytes is copied as it is (each file in it is written once and never changes); then 'missing'
    says whether both belong together. Nothing has to be stopped. Restored, the copy with the bytes
    in its folder 'blobs' is a data folder.
    """


@backup.command(epilog="Example: pubky-appliance backup snapshot /mnt/disk/copy --json")
@FOLDER
@click.option("--without-key", is_flag=True, help="Leave out the node's key: another keeps it.")
@as_json
@pass_folder
def snapshot(folder: DataFolder, copy: Path, *, without_key: bool, as_json: bool) -> None:
    """Copy rows, settings and key into FOLDER, which must be new or empty.

    The node may run. The copy is as the node was at one moment. Keep it safe: who has it has the
    node's key.
    """
    manifest = stage(folder, copy, system_clock, with_key=not without_key)
    if as_json:
        print_json(asdict(manifest))
        return
    counts = manifest.counts
    click.echo(f"Copied  {counts.users} users, {counts.entries} files, {counts.events} events")
    click.echo(f"To      {copy}")
    click.echo(f"Next    copy the bytes: {manifest.blobs} -> {copy / 'blobs'}")


@backup.command(epilog="Example: pubky-appliance backup missing /mnt/disk/copy")
@FOLDER
@BLOBS
@as_json
def missing(copy: Path, blobs: Path | None, *, as_json: bool) -> None:
    """Say whether each file of the copy in FOLDER still has its bytes; else exit code 1.

    A file that was deleted while the bytes were being copied may have lost them. Then take a new
    snapshot: only what changed since has to be copied again.
    """
    total, gone = missing_files(copy, blobs or copy / "blobs")
    if as_json:
        print_json({"files": total, "missing": gone})
    else:
        click.echo(f"{gone} of {total} files have no bytes.")
    if gone:
        sys.exit(1)


@backup.command(epilog="Example: pubky-appliance backup check /mnt/disk/restored --all")
@FOLDER
@BLOBS
@click.option("--all", "read_all", is_flag=True, help="Read the bytes of every file.")
@click.option(
    "--sample",
    type=click.IntRange(0),
    default=SAMPLE,
    show_default=True,
    help="Read the bytes of so many files, drawn by lot.",
)
@click.option(
    "--drill",
    is_flag=True,
    help="The copy must be of the node in the data folder; tell the dashboard the verdict.",
)
@as_json
@pass_folder
def check(
    folder: DataFolder,
    copy: Path,
    blobs: Path | None,
    sample: int,
    *,
    read_all: bool,
    drill: bool,
    as_json: bool,
) -> None:
    """Examine a copy that was restored into FOLDER: could this node live on it?

    Opens the rows and proves that they are whole and of a known schema, counts them, looks for the
    bytes of every file, reads some of them, and proves that the key is the node's. Changes nothing.
    Ends with exit code 1 when it is not good.
    """
    node = folder.public_key().z32 if drill else None
    findings = check_copy(copy, blobs or copy / "blobs", None if read_all else sample, node)
    is_good = all(finding.is_good for finding in findings)
    if drill:
        _append(folder, DRILL, None, _in_one_line(findings), is_ok=is_good)
    if as_json:
        print_json({"is_good": is_good, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark = "good" if finding.is_good else "BAD"
            click.echo(f"{mark:<5} {finding.subject:<10} {finding.evidence}")
        click.echo("The copy is good." if is_good else "The copy is NOT good: do not rely on it.")
    if not is_good:
        sys.exit(1)


@backup.command(epilog="Example: pubky-appliance backup record nightly --ok --bytes 1048576")
@click.argument("kind")
@click.option("--ok/--failed", "is_ok", required=True, help="How it went.")
@click.option("--bytes", "byte_count", type=click.IntRange(0), help="How large it is.")
@click.option("--detail", default="", help="A sentence for people, such as why it failed.")
@pass_folder
def record(
    folder: DataFolder, kind: str, byte_count: int | None, detail: str, *, is_ok: bool
) -> None:
    """Tell the dashboard and the metrics of a backup.

    KIND is a word of yours; 'drill' is for a copy that was restored on trial, not for a backup.
    """
    if not 0 < len(kind) <= LONGEST_KIND:
        raise click.UsageError(f"KIND has 1 to {LONGEST_KIND} characters")
    _append(folder, kind, byte_count, detail, is_ok=is_ok)


def _append(
    folder: DataFolder, kind: str, byte_count: int | None, detail: str, *, is_ok: bool
) -> None:
    try:
        append_backup(
            folder.path / BACKUPS_FILE,
            system_clock(),
            kind,
            ok=is_ok,
            byte_count=byte_count,
            detail=detail,
        )
    except OSError as error:
        raise DataFolderError(f"{folder.path}: cannot be written: {error.strerror}") from error


def _in_one_line(findings: Sequence[Finding]) -> str:
    bad = [f"{finding.subject}: {finding.evidence}" for finding in findings if not finding.is_good]
    if bad:
        return "; ".join(bad)
    told = {finding.subject: finding.evidence for finding in findings}
    return f"{told['manifest']}: {told['counts']}; {told['bytes']}; the key is in it"
