"""Settings out: the commented sample file, and the values in force."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from appliance.config.schema import Config
from appliance.config.values import Bandwidth, RequestRate, SocketAddress


def sample_config() -> str:
    """The commented configuration file that `init` writes: every key with its default."""
    lines = [
        "# Settings of this node. Every line that is commented out shows the default.",
        "# Check a change with: pubky-appliance config check",
    ]
    for section_field in fields(Config):
        section = get_type_hints(Config)[section_field.name]
        about = inspect.cleandoc(section.__doc__)
        lines += ["", *_commented(about), f"[{section_field.name}]"]
        values = section()
        for key in fields(section):
            lines += _commented(key.metadata["doc"])
            lines += _sample_of(f"{section_field.name}.{key.name}", key, getattr(values, key.name))
    return "\n".join(lines) + "\n"


def config_as_dict(config: Config) -> dict[str, dict[str, Any]]:
    """The settings in force, as plain values; none of them is a secret."""
    plain: dict[str, dict[str, Any]] = _plain(config)
    return plain


def _sample_of(label: str, key: Any, default: Any) -> Iterator[str]:
    reasons = key.metadata.get("reasons")
    if reasons:
        for reason, table in zip(reasons, default, strict=True):
            yield from _commented(reason)
            yield f"# [[{label}]]"
            for name, value in _plain(table).items():
                if value not in (None, []):
                    yield f"# {name} = {json.dumps(value)}"
    elif default is None:
        yield f"# Not set. For example: {key.name} = {key.metadata['example']}"
    else:
        # JSON's texts, numbers and lists of texts are TOML's too.
        yield f"# {key.name} = {json.dumps(_plain(default), ensure_ascii=False)}"


def _commented(text: str) -> Iterator[str]:
    return (f"# {line}".rstrip() for line in text.split("\n"))


def _plain(value: Any) -> Any:
    if isinstance(value, SocketAddress | Bandwidth | RequestRate):
        return str(value)
    if is_dataclass(value):
        return {key.name: _plain(getattr(value, key.name)) for key in fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
