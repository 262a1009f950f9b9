"""`doctor`: is everything in order, and what to do where it is not."""

import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from appliance.cli.doctor_network import examine_network
from appliance.cli.findings import Finding
from appliance.cli.network import bootstrap_option
from appliance.cli.output import as_json, pass_folder, print_json
from appliance.config import Config, ConfigError, SocketAddress
from appliance.data_folder import KEY_FILE, PUBLIC_KEY_FILE, DataFolder, DataFolderError
from appliance.homeserver.node_status import disk_space
from appliance.metadata.sqlite import quick_check

LEAST_FREE_SHARE = 0.10


@click.command(epilog="Example: pubky-appliance doctor")
@bootstrap_option
@as_json
@pass_folder
def doctor(folder: DataFolder, bootstrap: tuple[str, ...], *, as_json: bool) -> None:
    """Look at the data folder, key, settings, database, disk, ports and place in the network.

    Changes nothing. What could not be checked is a warning. Exit code 1 when something is bad.
    """
    findings = list(examine(folder, bootstrap))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        marks = {"good": "ok  ", "warning": "warn", "bad": "BAD "}
        for finding in findings:
            click.echo(f"{marks[finding.verdict]}  {finding.subject}: {finding.evidence}")
            if finding.remedy:
                click.echo(f"      {finding.remedy}")
    if any(finding.verdict == "bad" for finding in findings):
        sys.exit(1)


def examine(folder: DataFolder, bootstrap: tuple[str, ...] = ()) -> Iterator[Finding]:
    """Every check in turn; later ones are left out when an earlier one makes them pointless."""
    if not folder.path.is_dir():
        yield Finding(
            "data folder",
            "bad",
            f"{folder.path} is not there",
            "Make it with 'pubky-appliance init'.",
        )
        return
    yield _private_file(folder, "data folder", ".")
    key = _key(folder)
    yield key
    yield _key_file(folder)
    yield _password(folder)
    try:
        config = folder.config()
    except ConfigError as error:
        yield Finding("settings", "bad", "; ".join(error.problems), "Correct config.toml.")
        return
    yield Finding("settings", "good", "config.toml is good")
    yield _database(folder, config)
    yield _disk(folder)
    yield from _ports(config)
    if key.verdict == "good":
        yield from examine_network(folder, config, bootstrap)


def _key(folder: DataFolder) -> Finding:
    try:
        return Finding("node key", "good", folder.public_key().z32)
    except DataFolderError as error:
        return Finding("node key", "bad", str(error), "Put your copy of the file back.")


def _key_file(folder: DataFolder) -> Finding:
    if (folder.path / PUBLIC_KEY_FILE).exists() and not (folder.path / KEY_FILE).exists():
        return Finding(
            "node key file", "good", "none: the service manager keeps the key and passes it"
        )
    return _private_file(folder, "node key file", KEY_FILE)


def _password(folder: DataFolder) -> Finding:
    try:
        folder.hashed_admin_password()
    except DataFolderError as error:
        return Finding(
            "operator's password",
            "bad",
            str(error),
            "Make a new one with 'pubky-appliance password'.",
        )
    return Finding("operator's password", "good", "kept as a hash")


def _private_file(folder: DataFolder, subject: str, name: str) -> Finding:
    path = folder.path / name
    if not path.exists():
        return Finding(subject, "bad", f"{path} is missing", "Run 'pubky-appliance init'.")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        return Finding(
            subject,
            "warning",
            f"others on this machine may read it (mode {mode:o})",
            f"chmod go= {path}",
        )
    return Finding(subject, "good", "only its owner can read it")


def _database(folder: DataFolder, config: Config) -> Finding:
    path = folder.path / config.general.database_url.removeprefix("sqlite:")
    if not path.exists():
        return Finding("database", "good", "not made yet; the first run makes it")
    answer = quick_check(path)
    if answer != "ok":
        return Finding("database", "bad", answer, "Restore metadata.sqlite3 from a backup.")
    return Finding("database", "good", f"sound, {path.stat().st_size // 1024} KiB")


def _disk(folder: DataFolder) -> Finding:
    space = disk_space(folder.path)
    evidence = f"{space.free_bytes / 2**30:.1f} GiB of {space.total_bytes / 2**30:.1f} GiB free"
    if space.free_bytes < space.total_bytes * LEAST_FREE_SHARE:
        return Finding("disk", "warning", evidence, "Make room before writes fail.")
    return Finding("disk", "good", evidence)


def _ports(config: Config) -> Iterator[Finding]:
    for name, address in (
        ("client API", config.drive.icann_listen_socket),
        ("admin API", config.admin.listen_socket),
        ("metrics", config.metrics.listen_socket),
        ("dashboard", config.dashboard.listen_socket),
    ):
        state = "answers" if _accepts(address) else "is free; the node does not run"
        yield Finding(name, "good", f"{address} {state}")
        if name in ("admin API", "metrics") and not address.is_loopback:
            yield Finding(
                name,
                "warning",
                f"{address} can be reached from other machines",
                "Keep it on 127.0.0.1.",
            )


def _accepts(address: SocketAddress) -> bool:
    try:
        with socket.create_connection((address.host, address.port), timeout=1):
            return True
    except OSError:
        return False
