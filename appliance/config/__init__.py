"""The settings of a node: declared once, read from one file, written as a sample."""

from appliance.config.discovery import Dht, Pkdns, Relays
from appliance.config.globs import Glob
from appliance.config.limits import DefaultQuotas, RateLimit
from appliance.config.reading import ConfigError, load_config, parse_config
from appliance.config.schema import (
    PARTS,
    Admin,
    Config,
    Dashboard,
    Drive,
    General,
    Logging,
    Metrics,
    Run,
    Storage,
)
from appliance.config.values import Bandwidth, RequestRate, SocketAddress
from appliance.config.writing import config_as_dict, sample_config

__all__ = [
    "PARTS",
    "Admin",
    "Bandwidth",
    "Config",
    "ConfigError",
    "Dashboard",
    "DefaultQuotas",
    "Dht",
    "Drive",
    "General",
    "Glob",
    "Logging",
    "Metrics",
    "Pkdns",
    "RateLimit",
    "Relays",
    "RequestRate",
    "Run",
    "SocketAddress",
    "Storage",
    "config_as_dict",
    "load_config",
    "parse_config",
    "sample_config",
]
