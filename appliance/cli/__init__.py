"""The command line: `pubky-appliance`."""

from appliance.cli.main import main

__all__ = ["main"]
