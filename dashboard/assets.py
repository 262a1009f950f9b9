"""Our own files, served from memory under an address that changes with their content."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from quart import Response, abort

from dashboard.routes import RouteTable

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file with its content type and address."""

    body: bytes
    content_type: str
    address: str


def load(*folders: Path) -> dict[str, Asset]:
    """Every known file in these folders, by name; a folder that is not there holds none."""
    assets = {}
    for path in sorted(path for folder in folders for path in folder.glob("*")):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            if path.suffix == ".css":
                body = _without_comments(body)
            digest = hashlib.sha256(body).hexdigest()[:16]
            assets[path.name] = Asset(body, _TYPES[path.suffix], f"/static/{digest}/{path.name}")
    return assets


def _without_comments(css: bytes) -> bytes:
    """The same rules; what is written for us costs phones time."""
    bare = re.sub(rb"/\*.*?\*/", b"", css, flags=re.DOTALL)
    return b"\n".join(line.strip() for line in bare.splitlines() if line.strip())


def routes(table: RouteTable, assets: dict[str, Asset]) -> None:
    """Register the static route."""

    @table.add("/static/<digest>/<name>", audience="anyone", cache="immutable", policy="static")
    async def static(digest: str, name: str) -> Response:
        asset = assets.get(name)
        # An old address must not be answered with new bytes: they would be cached for a year.
        if asset is None or asset.address != f"/static/{digest}/{name}":
            abort(404, "There is no such file.")
        return Response(asset.body, content_type=asset.content_type)
