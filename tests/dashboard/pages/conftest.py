"""The published client as fetched or as missing, whatever this machine has in its folder."""

from pathlib import Path

import pytest

from dashboard import assets
from dashboard.pages.join import SDK


@pytest.fixture
def fetched_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dashboards find it, so that the newcomers' page is complete; it must not be run."""
    _pretend(monkeypatch, {SDK: assets.Asset(b"", "text/javascript", f"/static/0/{SDK}")})


@pytest.fixture
def missing_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has fetched it."""
    _pretend(monkeypatch, {})


def _pretend(monkeypatch: pytest.MonkeyPatch, client: dict[str, assets.Asset]) -> None:
    load = assets.load

    def pretending(*folders: Path) -> dict[str, assets.Asset]:
        others = {name: asset for name, asset in load(*folders).items() if name != SDK}
        return others | client

    monkeypatch.setattr(assets, "load", pretending)
