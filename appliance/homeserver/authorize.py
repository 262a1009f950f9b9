"""May this session read or write this path of this tenant: pure rules (client API 6.3).

The order of the checks is part of the contract, and they come before anything looks at what is
stored: under /priv/ no answer tells whether a file exists.
"""

from typing import Protocol

from appliance.errors import PubkyError
from appliance.pubky.capabilities import Capability
from appliance.pubky.keys import PublicKey
from appliance.pubky.paths import StoragePath


class Bearer(Protocol):
    """Whoever asks: a user and what was granted."""

    @property
    def user(self) -> PublicKey:
        """Whose session it is."""

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What it may do."""


def check_write(path: StoragePath, tenant: PublicKey, bearer: Bearer) -> None:
    """Raises PubkyError forbidden unless the session may write this path of the tenant."""
    if not (path.is_public or path.is_private):
        raise PubkyError(
            "forbidden", "Writing to directories other than '/pub/' and '/priv/' is forbidden"
        )
    _check_tenant(tenant, bearer)
    if not any(capability.covers(path.text, write=True) for capability in bearer.capabilities):
        raise PubkyError("forbidden", "Session does not have write access to path")


def check_read(path: StoragePath, tenant: PublicKey | None, bearer: Bearer | None) -> None:
    """Raises PubkyError unauthenticated or forbidden unless the path may be read.

    Only an event stream has no tenant: when it is not about exactly one user.
    """
    if path.is_public:
        return
    if not path.is_private:
        raise PubkyError(
            "forbidden", "Reading from directories other than '/pub/' and '/priv/' is forbidden"
        )
    if bearer is None:
        raise PubkyError("unauthenticated", "Authentication required to read private storage")
    if tenant is None:
        raise PubkyError("forbidden", "A private read must be scoped to exactly one user")
    _check_tenant(tenant, bearer)
    if not any(capability.covers(path.text, write=False) for capability in bearer.capabilities):
        raise PubkyError("forbidden", "Session does not have read access to path")


def _check_tenant(tenant: PublicKey, bearer: Bearer) -> None:
    if bearer.user != tenant:
        raise PubkyError("forbidden", "Session user does not match target tenant")
