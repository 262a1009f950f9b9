"""The root command, its options, and how trouble is told: one line and exit code 2."""

import os
import sys
from pathlib import Path

import click

from appliance.assembly import StartError
from appliance.cli import (
    archive,
    backup,
    configuration,
    doctor,
    events,
    invites,
    network,
    node,
    status,
    tokens,
    users,
)
from appliance.config import ConfigError
from appliance.data_folder import DataFolder, DataFolderError
from appliance.errors import PubkyError
from appliance.metadata.sqlite import DatabaseUnusableError
from appliance.service_manager import credentials_folder
from appliance.version import VERSION
from dashboard.sign_in import StoreUnusableError

DEFAULT_DATA_DIR = Path.home() / ".pubky-appliance"


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with 'pubky-appliance run', or 'pubky-appliance testnet' to try things out.",
)
@click.option(
    "-d",
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_DATA_DIR,
    show_default="~/.pubky-appliance",
    help="The folder with the node's key, settings and data.",
)
@click.version_option(VERSION, "-V", "--version", prog_name="pubky-appliance")
@click.pass_context
def root(context: click.Context, data_dir: Path) -> None:
    """A home for your pubky: a homeserver with a dashboard, on a machine of your own."""
    context.obj = DataFolder(data_dir.expanduser().absolute(), credentials_folder(os.environ))


for command in (
    node.init,
    node.run,
    node.testnet,
    node.password,
    node.login_link,
    node.version,
    invites.invite,
    users.user,
    tokens.token,
    configuration.config,
    backup.backup,
    doctor.doctor,
    status.status,
    network.resolve,
    network.publish,
    network.dht,
    events.events,
    archive.verify_export,
):
    root.add_command(command)


def main() -> None:
    """Run the command line; trouble is one line on standard error and exit code 2."""
    try:
        root(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"Error: {problem}", err=True)
        sys.exit(2)
    except (
        click.ClickException,
        StartError,
        DataFolderError,
        DatabaseUnusableError,
        PubkyError,
        StoreUnusableError,
    ) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
