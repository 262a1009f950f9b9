"""Reads the protocol's test vectors."""

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent.parent / "vectors"

Entry = dict[str, Any]
"""One vector; its keys differ from section to section."""


def load_vectors(name: str) -> dict[str, Any]:
    """All sections of `tests/vectors/<name>.json`."""
    vectors: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return vectors


def entries(vectors: dict[str, Any], section: str) -> list[Entry]:
    """The entries of one section, which must hold a list."""
    found = vectors[section]
    assert isinstance(found, list)
    return found
