"""Everything about who is signed in: the store, the sign-ins, the owners, scans and roles."""

from dashboard.sign_in.connections import Connection, Connections
from dashboard.sign_in.node_facts import NodeFacts
from dashboard.sign_in.owners import Owners
from dashboard.sign_in.roles import Roles, roles_of, roles_of_key
from dashboard.sign_in.scans import Purpose, Scan, Scans
from dashboard.sign_in.sign_ins import (
    ABSOLUTE_S,
    IDLE_S,
    STEP_UP_S,
    Method,
    SignIn,
    SignIns,
    create_login_link,
)
from dashboard.sign_in.store import StoreUnusableError

__all__ = [
    "ABSOLUTE_S",
    "IDLE_S",
    "STEP_UP_S",
    "Connection",
    "Connections",
    "Method",
    "NodeFacts",
    "Owners",
    "Purpose",
    "Roles",
    "Scan",
    "Scans",
    "SignIn",
    "SignIns",
    "StoreUnusableError",
    "create_login_link",
    "roles_of",
    "roles_of_key",
]
