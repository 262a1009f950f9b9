"""The last lines of an upgrade: a table of hosts, also when it was stopped by a failure."""

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: pubky_summary
    type: aggregate
    short_description: a table at the end of an upgrade
    description:
      - Shows what tasks said about their hosts by set_stats under pubky_upgrade.
"""
COLUMNS = ("host", "before", "after", "seconds", "verdict")


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """Prints the table when the playbook ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "pubky_summary"

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Show what the hosts came to."""
        rows = list(told(stats.custom, {*stats.failures, *stats.dark}))
        if not rows:
            return
        widths = [max(len(row[place]) for row in (COLUMNS, *rows)) for place in range(len(COLUMNS))]
        self._display.banner("SUMMARY")
        for row in (COLUMNS, *rows):
            line = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._display.display("  ".join(line).rstrip())


def told(custom: Mapping[str, Any], failed: set[str]) -> Iterator[tuple[str, ...]]:
    """A row for each host that said something, and for each that could say nothing."""
    said = {host: told["pubky_upgrade"] for host, told in custom.items() if "pubky_upgrade" in told}
    for host, row in said.items():
        verdict = row["verdict"]
        if host in failed and verdict == "not reached":
            verdict = "failed, and runs what it ran before"
        yield host, row["before"], row["after"], str(row["seconds"]), verdict
    if said:
        for host in sorted(failed - said.keys()):
            yield host, "-", "-", "-", "could not be looked at"
