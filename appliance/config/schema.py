"""The one settings schema: every section, key, default and check.

The sample file, `config check` and the documentation are made from these declarations. Section
and key names are the reference server's, so that operators can move over.
"""

from dataclasses import dataclass, field
from typing import Literal

from appliance.config import checks
from appliance.config.discovery import Dht, Pkdns, Relays
from appliance.config.fields import setting, socket, tables
from appliance.config.limits import (
    DEFAULT_RATE_LIMITS,
    DEFAULT_REASONS,
    RATE_LIMITS_DOC,
    DefaultQuotas,
    RateLimit,
)
from appliance.config.values import SocketAddress

PARTS = (
    "web",
    "pubky_tls",
    "admin",
    "metrics",
    "dashboard",
    "dht",
    "publish",
    "pkarr_relay",
    "http_relay",
    "sweep",
)


@dataclass(frozen=True, slots=True)
class General:
    """Who may sign up, and where rows live."""

    signup_mode: Literal["token_required", "open"] = setting(
        "token_required", "token_required: an invite is needed to sign up. open: anyone may."
    )
    database_url: str = setting(
        "sqlite:metadata.sqlite3",
        "Where rows live. A relative file lies in the data folder.",
        checks.sqlite_url,
    )


@dataclass(frozen=True, slots=True)
class Drive:
    """The client API: what apps talk to."""

    icann_listen_socket: SocketAddress = socket(
        "127.0.0.1:6286",
        "Plain HTTP for clients, meant to stand behind a TLS proxy when not on loopback.",
    )
    pubky_listen_socket: SocketAddress = socket(
        "127.0.0.1:6287",
        "PubkyTLS for native clients, which need no certificate: open it to the world as\n"
        "0.0.0.0:6287, or [::]:6287 for both families.",
    )
    max_upload_mb: int = setting(
        0, "Largest single upload in MiB; 0 means no ceiling but the disk.", checks.at_least(0)
    )
    trusted_proxies: tuple[str, ...] = setting(
        ("127.0.0.1", "::1"),
        "Addresses whose X-Forwarded-For and X-Forwarded-Proto headers are believed.",
        checks.networks,
    )
    rate_limits: tuple[RateLimit, ...] = tables(
        DEFAULT_RATE_LIMITS, RATE_LIMITS_DOC, DEFAULT_REASONS
    )


@dataclass(frozen=True, slots=True)
class Storage:
    """Where bytes live, how long replaced ones stay, and how much there may be."""

    blobs: str = setting(
        "files:blobs",
        "Where bytes live. A relative folder lies in the data folder.",
        checks.files_url,
    )
    trash_days: int = setting(
        30,
        "Days that replaced and deleted bytes are kept; 0 keeps them minutes.",
        checks.at_least(0),
    )
    default_quota_mb: int | None = setting(
        None,
        "MiB that a user without a quota of their own may store; 0 means nothing at all.\n"
        "Without it there is no limit.",
        checks.at_least(0),
        example="10240",
    )
    min_free_mb: int | None = setting(
        None,
        "MiB that stay free: writes are refused before the disk is full, so that deleting, the\n"
        "database and the rest of the machine still have room. Without it 256, or 2 % of a\n"
        "small disk; 0 means that the disk may fill up.",
        checks.at_least(0),
        example="256",
    )


@dataclass(frozen=True, slots=True)
class Admin:
    """The operator's API. Its password is in the file admin_password, hashed."""

    listen_socket: SocketAddress = socket("127.0.0.1:6288", "Keep it on loopback.")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures for Prometheus."""

    listen_socket: SocketAddress = socket("127.0.0.1:6289", "Keep it on loopback.")


@dataclass(frozen=True, slots=True)
class Logging:
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "The least that is shown."
    )
    format: Literal["text", "json"] = setting("text", "text for people, json for machines.")


@dataclass(frozen=True, slots=True)
class Run:
    """What this process does."""

    parts: tuple[str, ...] = setting(PARTS, f"Any of: {', '.join(PARTS)}.", checks.some_of(PARTS))
    grace_s: int = setting(
        4, "Seconds that open requests get to finish when the node stops.", checks.at_least(0)
    )


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The owner's pages."""

    listen_socket: SocketAddress = socket(
        "127.0.0.1:6290", "Plain HTTP belongs on loopback; elsewhere a TLS proxy stands in front."
    )
    origin: str = setting(
        "", "The public address of the pages behind a proxy, such as https://dash.example.org."
    )
    operators: tuple[str, ...] = setting(
        (),
        "Public keys of those who run this node: they sign in with their phone and may do\n"
        "everything here. Without one the first can be claimed in the pages, after signing in by\n"
        "'login-link'.",
        checks.public_keys,
    )
    login_relay: str = setting(
        "",
        "The HTTP relay over which phones answer sign-in links, such as\n"
        "https://httprelay.pubky.app/inbox, for pages that phones cannot reach themselves.\n"
        "Empty: the pages are the relay.",
        checks.optional_inbox_address,
    )
    login_link: Literal["signin", "grant"] = setting(
        "signin",
        "What sign-in links ask for. signin works with every wallet so far; grant is for wallets\n"
        "that know nothing older.",
    )
    indexer_url: str = setting(
        "",
        "An index of the kind that apps use (Nexus), such as https://nexus.example.org. People\n"
        "can ask it from the pages whether it knows them, one click a question. Empty: nobody is\n"
        "asked.",
        checks.optional_https_address,
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one node."""

    general: General = field(default_factory=General)
    drive: Drive = field(default_factory=Drive)
    default_quotas: DefaultQuotas = field(default_factory=DefaultQuotas)
    storage: Storage = field(default_factory=Storage)
    admin: Admin = field(default_factory=Admin)
    metrics: Metrics = field(default_factory=Metrics)
    pkdns: Pkdns = field(default_factory=Pkdns)
    dht: Dht = field(default_factory=Dht)
    relays: Relays = field(default_factory=Relays)
    logging: Logging = field(default_factory=Logging)
    run: Run = field(default_factory=Run)
    dashboard: Dashboard = field(default_factory=Dashboard)
