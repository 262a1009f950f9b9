"""`config`: see and check the settings."""

from pathlib import Path

import click

from appliance.cli.output import as_json, pass_folder, print_json
from appliance.config import config_as_dict, load_config, sample_config
from appliance.data_folder import CONFIG_FILE, DataFolder


@click.group(epilog="Example: pubky-appliance config check")
def config() -> None:
    """See and check the settings in config.toml."""


@config.command(epilog="Example: pubky-appliance config check new-config.toml")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@as_json
@pass_folder
def check(folder: DataFolder, file: Path | None, *, as_json: bool) -> None:
    """Say everything that is wrong with the settings, or with those in FILE."""
    path = file or folder.path / CONFIG_FILE
    load_config(path)
    if as_json:
        print_json({"file": str(path), "ok": True})
    else:
        click.echo(f"{path} is good.")


@config.command(epilog="Example: pubky-appliance config show --json")
@as_json
@pass_folder
def show(folder: DataFolder, *, as_json: bool) -> None:
    """Show every setting in force, defaults included."""
    settings = config_as_dict(folder.config())
    if as_json:
        print_json(settings)
        return
    for section, values in settings.items():
        for name, value in values.items():
            click.echo(f"{section}.{name} = {value}")


@config.command(epilog="Example: pubky-appliance config sample > config.toml")
def sample() -> None:
    """Print the commented sample that a new node starts with."""
    click.echo(sample_config(), nl=False)
