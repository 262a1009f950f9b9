"""The one settings schema: frozen dataclasses in, every default, every check.

The sample file, `config check` and the documentation are made from these declarations. Section
and key names are the reference server's, so that operators can move over.
"""

import difflib
import ipaddress
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

PARTS = ("web", "admin", "metrics", "dashboard", "sweep")


class ConfigError(Exception):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SocketAddress:
    """An address and port to listen on; port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "SocketAddress":
        """Read `127.0.0.1:6286` or `[::1]:6286`; raises ValueError with what is wrong."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError("must be an address and a port such as 127.0.0.1:6286")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        try:
            ipaddress.ip_address(bare)
        except ValueError:
            raise ValueError(f"'{host}' is not an IP address such as 127.0.0.1") from None
        return cls(bare, int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _socket(text: str, doc: str) -> Any:
    return field(default_factory=lambda: SocketAddress.parse(text), metadata={"doc": doc})


def _value(default: Any, doc: str, check: Callable[[Any], str | None] | None = None) -> Any:
    metadata = {"doc": doc, "check": check}
    if isinstance(default, tuple):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


def _at_least(minimum: int) -> Callable[[int], str | None]:
    return lambda value: None if value >= minimum else f"must be {minimum} or more"


def _known_parts(parts: tuple[str, ...]) -> str | None:
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        return f"unknown part '{unknown[0]}'; the parts are {', '.join(PARTS)}"
    return None if parts else "must name at least one part"


def _addresses(values: tuple[str, ...]) -> str | None:
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError:
            return f"'{value}' is not an IP address or network"
    return None


def _sqlite_url(value: str) -> str | None:
    if value.startswith("sqlite:") and value != "sqlite:":
        return None
    return "must be sqlite:FILE"


def _files_url(value: str) -> str | None:
    if value.startswith("files:") and value != "files:":
        return None
    return "must be files:FOLDER"


def _ip_address(value: str) -> str | None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return f"'{value}' is not an IP address"
    return None


def _host_name(value: str) -> str | None:
    labels = value.split(".")
    if len(value) <= 253 and all(
        0 < len(label) <= 63
        and label.replace("-", "").isalnum()
        and label.isascii()
        and label[0] != "-"
        and label[-1] != "-"
        for label in labels
    ):
        return None
    return f"'{value}' is not a host name"


@dataclass(frozen=True, slots=True)
class General:
    """Who may sign up, and where rows live."""

    signup_mode: Literal["token_required", "open"] = _value(
        "token_required", "token_required: an invite is needed to sign up. open: anyone may."
    )
    database_url: str = _value(
        "sqlite:metadata.sqlite3",
        "Where rows live. A relative file lies in the data folder.",
        _sqlite_url,
    )


@dataclass(frozen=True, slots=True)
class Drive:
    """The client API: what apps talk to."""

    icann_listen_socket: SocketAddress = _socket(
        "127.0.0.1:6286",
        "Plain HTTP for clients, meant to stand behind a TLS proxy when not on loopback.",
    )
    max_upload_mb: int = _value(
        0, "Largest single upload in MiB; 0 means no ceiling but the disk.", _at_least(0)
    )
    trusted_proxies: tuple[str, ...] = _value(
        ("127.0.0.1", "::1"),
        "Addresses whose X-Forwarded-For and X-Forwarded-Proto headers are believed.",
        _addresses,
    )


@dataclass(frozen=True, slots=True)
class Storage:
    """Where bytes live, and how long replaced ones stay."""

    blobs: str = _value(
        "files:blobs",
        "Where bytes live. A relative folder lies in the data folder.",
        _files_url,
    )
    trash_days: int = _value(
        30, "Days that replaced and deleted bytes are kept; 0 keeps them minutes.", _at_least(0)
    )


@dataclass(frozen=True, slots=True)
class Admin:
    """The operator's API. Its password is in the file admin_password, hashed."""

    listen_socket: SocketAddress = _socket("127.0.0.1:6288", "Keep it on loopback.")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures for Prometheus."""

    listen_socket: SocketAddress = _socket("127.0.0.1:6289", "Keep it on loopback.")


@dataclass(frozen=True, slots=True)
class Pkdns:
    """What this node says of itself to the world."""

    public_ip: str = _value("127.0.0.1", "The address that others reach.", _ip_address)
    icann_domain: str = _value("localhost", "The domain name that others reach.", _host_name)


@dataclass(frozen=True, slots=True)
class Logging:
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = _value("info", "The least that is shown.")
    format: Literal["text", "json"] = _value("text", "text for people, json for machines.")


@dataclass(frozen=True, slots=True)
class Run:
    """What this process does."""

    parts: tuple[str, ...] = _value(PARTS, f"Any of: {', '.join(PARTS)}.", _known_parts)
    grace_s: int = _value(
        4, "Seconds that open requests get to finish when the node stops.", _at_least(0)
    )


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The owner's pages."""

    listen_socket: SocketAddress = _socket(
        "127.0.0.1:6290", "Plain HTTP belongs on loopback; elsewhere a TLS proxy stands in front."
    )
    origin: str = _value(
        "", "The public address of the pages behind a proxy, such as https://dash.example.org."
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one node."""

    general: General = field(default_factory=General)
    drive: Drive = field(default_factory=Drive)
    storage: Storage = field(default_factory=Storage)
    admin: Admin = field(default_factory=Admin)
    metrics: Metrics = field(default_factory=Metrics)
    pkdns: Pkdns = field(default_factory=Pkdns)
    logging: Logging = field(default_factory=Logging)
    run: Run = field(default_factory=Run)
    dashboard: Dashboard = field(default_factory=Dashboard)


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
    except tomllib.TOMLDecodeError as error:
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


def sample_config() -> str:
    """The commented configuration file that `init` writes: every key with its default."""
    lines = [
        "# Settings of this node. Every line that is commented out shows the default.",
        "# Check a change with: pubky-appliance config check",
    ]
    for section_field in fields(Config):
        section = get_type_hints(Config)[section_field.name]
        lines += ["", f"# {section.__doc__}", f"[{section_field.name}]"]
        for key in fields(section):
            default = getattr(section(), key.name)
            lines += [f"# {key.metadata['doc']}", f"# {key.name} = {_toml(default)}"]
    return "\n".join(lines) + "\n"


def config_as_dict(config: Config) -> dict[str, dict[str, Any]]:
    """The settings in force, as plain values; none of them is a secret."""
    return {
        section.name: {
            key.name: _plain(getattr(getattr(config, section.name), key.name))
            for key in fields(getattr(config, section.name))
        }
        for section in fields(config)
    }


def _section(section: Any, name: str, table: dict[str, Any], problems: list[str]) -> Any:
    hints = get_type_hints(section)
    known = {key.name: key for key in fields(section)}
    values: dict[str, Any] = {}
    for key, raw in table.items():
        label = f"{name}.{key}"
        if key not in known:
            problems.append(f"unknown key {label}{_nearest(key, list(known))}")
            continue
        try:
            value = _converted(hints[key], raw)
        except ValueError as error:
            problems.append(f"{label} {error}")
            continue
        check = known[key].metadata.get("check")
        complaint = check(value) if check else None
        if complaint:
            problems.append(f"{label}: {complaint}")
        values[key] = value
    return None if problems else section(**values)


def _converted(kind: Any, raw: Any) -> Any:
    if kind is SocketAddress:
        if not isinstance(raw, str):
            raise ValueError("must be text such as 127.0.0.1:6286")
        return SocketAddress.parse(raw)
    if get_origin(kind) is Literal:
        if raw not in get_args(kind):
            raise ValueError(f"must be one of {', '.join(get_args(kind))}")
        return raw
    if get_origin(kind) is tuple:
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            raise ValueError("must be a list of texts")
        return tuple(raw)
    # bool is a subclass of int in Python, but `max_upload_mb = true` is a mistake.
    if not isinstance(raw, kind) or (kind is int and isinstance(raw, bool)):
        raise ValueError(f"must be {'a whole number' if kind is int else 'text'}")
    return raw


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _plain(value: Any) -> Any:
    if isinstance(value, SocketAddress):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _toml(value: Any) -> str:
    plain = _plain(value)
    if isinstance(plain, list):
        return "[" + ", ".join(f'"{item}"' for item in plain) + "]"
    return f'"{plain}"' if isinstance(plain, str) else str(plain)
