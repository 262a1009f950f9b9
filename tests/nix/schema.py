"""`nix/settings.json`: the defaults and texts of all settings, taken from the one schema.

`python -m tests.nix.schema` renews it.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from appliance.config import Config
from appliance.config.writing import config_as_dict

COMMITTED = Path(__file__).parents[2] / "nix" / "settings.json"


def settings_json() -> str:
    """Section to name to `description` and, where there is one, `default`."""
    known: dict[str, dict[str, dict[str, Any]]] = {}
    defaults = config_as_dict(Config())
    for section in fields(Config):
        values = known.setdefault(section.name, {})
        for key in fields(type(getattr(Config(), section.name))):
            values[key.name] = {"description": key.metadata["doc"]}
            default = defaults[section.name][key.name]
            if default is not None and "reasons" not in key.metadata:
                values[key.name]["default"] = default
    return json.dumps(known, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COMMITTED.write_text(settings_json(), encoding="utf-8")
