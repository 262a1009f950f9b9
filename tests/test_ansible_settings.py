"""The playbooks know every setting of the node by its name, and no other."""

import json
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

from appliance.config import Config

KNOWN = Path(__file__).parent.parent / "ansible/roles/pubky_app/files/settings.json"


def test_the_list_of_settings_is_that_of_the_node() -> None:
    hints = get_type_hints(Config)
    real = {
        section.name: [setting.name for setting in fields(hints[section.name])]
        for section in fields(Config)
    }
    assert json.loads(KNOWN.read_text(encoding="utf-8")) == real
