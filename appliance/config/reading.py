"""TOML in, checked settings out: every problem is reported at once, each in one line."""

import difflib
import tomllib
import types
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from appliance.config.schema import Config
from appliance.config.values import Bandwidth, RequestRate, SocketAddress

_PARSED = (SocketAddress, Bandwidth, RequestRate)


class ConfigError(Exception):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_config(path: Path) -> Config:
    """Read a configuration file; raises ConfigError with every problem it has."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error
    try:
        return parse_config(text)
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error


def parse_config(text: str) -> Config:
    """Read configuration text; raises ConfigError with every problem it has."""
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Beside its own error, which is a ValueError, the library lets through those of numbers
        # with thousands of digits and of endless nesting.
        raise ConfigError([f"not valid TOML: {error}"]) from error
    problems: list[str] = []
    hints = get_type_hints(Config)
    sections: dict[str, Any] = {}
    for name, table in tree.items():
        if name not in hints:
            problems.append(f"unknown section [{name}]{_nearest(name, list(hints))}")
        elif not isinstance(table, dict):
            problems.append(f"{name} must be a section: write [{name}] on a line of its own")
        else:
            sections[name] = _section(hints[name], name, table, problems)
    if problems:
        raise ConfigError(problems)
    return Config(**sections)


def _section(section: Any, name: str, table: dict[str, Any], problems: list[str]) -> Any:
    """One table as its dataclass; None when it has problems, which are noted."""
    hints = get_type_hints(section)
    known = {key.name: key for key in fields(section)}
    values: dict[str, Any] = {}
    before = len(problems)
    for key, raw in table.items():
        label = f"{name}.{key}"
        if key not in known:
            problems.append(f"unknown key {label}{_nearest(key, list(known))}")
            continue
        try:
            value = _converted(hints[key], label, raw, problems)
        except ValueError as error:
            problems.append(f"{label} {error}")
            continue
        check = known[key].metadata.get("check")
        complaint = check(value) if check else None
        if complaint:
            problems.append(f"{label}: {complaint}")
        values[key] = value
    problems += [
        f"{name}.{key.name} is missing"
        for key in known.values()
        if key.default is MISSING and key.default_factory is MISSING and key.name not in table
    ]
    if len(problems) > before:
        return None
    try:
        return section(**values)
    except ValueError as error:
        problems.append(f"{name}.{error}")
        return None


def _converted(kind: Any, label: str, raw: Any, problems: list[str]) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        # An absent setting is None; what is written has the other type.
        kind = next(item for item in get_args(kind) if item is not types.NoneType)
    if kind in _PARSED:
        if not isinstance(raw, str):
            raise ValueError("must be text, in quotes")
        return kind.parse(raw)
    if get_origin(kind) is Literal:
        if raw not in get_args(kind):
            raise ValueError(f"must be one of {', '.join(get_args(kind))}")
        return raw
    if get_origin(kind) is tuple:
        return _converted_list(get_args(kind)[0], label, raw, problems)
    # bool is a subclass of int in Python, but `max_upload_mb = true` is a mistake.
    if not isinstance(raw, kind) or (kind is int and isinstance(raw, bool)):
        raise ValueError(f"must be {'a whole number' if kind is int else 'text'}")
    return raw


def _converted_list(kind: Any, label: str, raw: Any, problems: list[str]) -> tuple[Any, ...]:
    if is_dataclass(kind):
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            raise ValueError(f"must be tables: write [[{label}]] on a line of its own")
        return tuple(
            _section(kind, f"{label}[{number}]", item, problems)
            for number, item in enumerate(raw, start=1)
        )
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise ValueError("must be a list of texts")
    return tuple(raw)


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
