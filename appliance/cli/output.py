"""What the commands share: JSON or text, tables, QR codes, and opening the node's rows."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import click
import segno

from appliance.data_folder import DataFolder, DataFolderError
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite

Result = TypeVar("Result")

ACTOR = "command line"
"""Who acted, in the audit log."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")
pass_folder = click.make_pass_decorator(DataFolder)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def terminal_qr(text: str) -> str:
    """A QR code in half-block characters, for a terminal of either colour."""
    out = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(out, compact=True, border=2)
    return out.getvalue()


def with_metadata(
    folder: DataFolder, work: Callable[[SqliteMetadata], Awaitable[Result]]
) -> Result:
    """Open the node's rows, running or not, and do something with them."""
    if not folder.path.is_dir():
        raise DataFolderError(f"{folder.path}: there is no node here; run 'pubky-appliance init'")
    file = folder.path / folder.config().general.database_url.removeprefix("sqlite:")

    async def opened() -> Result:
        metadata = await open_sqlite(file)
        try:
            return await work(metadata)
        finally:
            await metadata.close()

    return asyncio.run(opened())
