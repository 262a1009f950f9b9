"""The settings: what runs, what the file says, and a new text of the file, checked and kept.

None of the settings is a secret. A new text counts from the next start on.
"""

import hashlib
import os
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from quart import Blueprint, Response, jsonify

from appliance.config import Config, ConfigError, config_as_dict, parse_config
from appliance.errors import PubkyError, invalid
from appliance.web.admin.pages import json_object, text_of
from appliance.web.admin.services import AdminServices

READ, WRITE = "node:read", "node:write"
LONGEST_FILE = 256 * 1024


def routes(services: AdminServices) -> Blueprint:
    """`GET /config`, `POST /config/check` and `PUT /config`."""
    blueprint = Blueprint("configuration", __name__)
    path = services.config_file

    @blueprint.get("/config")
    async def show() -> Response:
        text = _read(path)
        return jsonify(
            {
                "text": text,
                "checksum": _checksum(text),
                "problems": _problems(text),
                # Without a file the node was told its settings in another way.
                "needs_restart": path.exists() and _needs_restart(text, services.config),
                "is_writable": os.access(path if path.exists() else path.parent, os.W_OK),
                "items": _values(services.config),
            }
        )

    @blueprint.post("/config/check")
    async def check() -> Response:
        text = text_of(await json_object(), "text")
        problems = _problems(text)
        needs_restart = not problems and _needs_restart(text, services.config)
        return jsonify({"problems": problems, "needs_restart": needs_restart})

    @blueprint.put("/config")
    async def save() -> Response:
        wish = await json_object()
        text, base = text_of(wish, "text"), text_of(wish, "base_checksum")
        if len(text.encode()) > LONGEST_FILE:
            raise PubkyError("too_large", "A configuration of that length is not one")
        if base != _checksum(_read(path)):
            raise PubkyError("conflict", "The file was changed meanwhile; look at it again")
        problems = _problems(text)
        if problems:
            raise invalid("\n".join(problems))
        _write(path, text)
        return jsonify({"needs_restart": _needs_restart(text, services.config)})

    return blueprint


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _write(path: Path, text: str) -> None:
    """All or nothing: a crash leaves the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                Path(name).chmod(path.stat().st_mode & 0o777)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        text_of_error = error.strerror or "it cannot be written"
        raise PubkyError("conflict", f"{path.name}: {text_of_error}") from error


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _problems(text: str) -> list[str]:
    try:
        parse_config(text)
    except ConfigError as error:
        return error.problems
    return []


def _needs_restart(text: str, running: Config) -> bool:
    try:
        return parse_config(text) != running
    except ConfigError:
        return True


def _values(config: Config) -> list[dict[str, Any]]:
    """Every key with its value in force, its default and what it is for."""
    running, defaults = config_as_dict(config), config_as_dict(Config())
    found = []
    for section in fields(Config):
        for key in fields(getattr(config, section.name)):
            value = running[section.name][key.name]
            default = defaults[section.name][key.name]
            found.append(
                {
                    "key": f"{section.name}.{key.name}",
                    "value": value,
                    "default": default,
                    "is_default": value == default,
                    "doc": key.metadata["doc"],
                }
            )
    return found
