"""Settings that limit what one person or address may take from the others."""

from dataclasses import dataclass
from typing import Literal

from appliance.config import checks
from appliance.config.fields import required, setting
from appliance.config.values import Bandwidth, RequestRate


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit on the number of requests (client API 17.1)."""

    path: str = required("Which paths: * inside a segment, ** over segments.", checks.path_glob)
    method: str = required("One method; HEAD is not GET.", checks.method)
    quota: RequestRate = required("How many in a second, minute, hour or day: 10r/m.")
    key: Literal["ip", "user"] = required("Counted by client address or by addressed user.")
    burst: int | None = setting(
        None,
        "How many may come at once; without it, the number of the quota.",
        checks.at_least(1),
        example="20",
    )
    whitelist: tuple[str, ...] = setting((), "Addresses, or keys of users, without this limit.")

    def __post_init__(self) -> None:
        check = checks.networks if self.key == "ip" else checks.public_keys
        complaint = check(self.whitelist)
        if complaint:
            raise ValueError(f"whitelist: {complaint}")


@dataclass(frozen=True, slots=True)
class DefaultQuotas:
    """How fast bodies may flow for users without a setting of their own."""

    rate_read: Bandwidth | None = setting(
        None, "What a signed-in user may read. Without it there is no limit.", example='"10mb/s"'
    )
    rate_write: Bandwidth | None = setting(
        None, "What a signed-in user may write. Without it there is no limit.", example='"5mb/s"'
    )
    rate_read_burst: int | None = setting(
        None,
        "How much may be read at once before the rate holds, in the rate's unit.",
        checks.at_least(1),
        example="20",
    )
    rate_write_burst: int | None = setting(
        None, "The same for writing.", checks.at_least(1), example="10"
    )
    unauthenticated_ip_rate_read: Bandwidth | None = setting(
        None,
        "For each address, what requests without a session may transfer. It slows down the\n"
        "fast path of public files; set it only when a line has to be shared.",
        example='"1mb/s"',
    )


_LOOK_UP_INVITES = "Looking up invites: enough for a person who types one, too slow for guessing."
_SIGN_UP = (
    "Signing up costs a flush of the disk even when it is refused. A class of thirty behind one\n"
    "address signs up at once."
)
_SIGN_IN = "Signing in: a family behind one address opens all its apps after a restart."
_RENEW = "Apps renew their rights once an hour, each on its own."
_WRITE = (
    "Writing: an app that brings ten thousand files along is not held up, and one that never\n"
    "stops leaves most of the disk's flushes to the others. By address, because the user is\n"
    "whom a request names: a stranger could use up the limit of somebody else."
)
_DELETE = "Deleting, as writing."
_LIST = (
    "Listings and the feed of events: the costliest reads. Indexers that ask fifty times a\n"
    "second are welcome."
)
_DEFAULTS = (
    (_LOOK_UP_INVITES, RateLimit("/signup_tokens/*", "GET", RequestRate(10, "m"), "ip")),
    (
        _SIGN_UP,
        RateLimit("/{signup,auth/grant/signup}", "POST", RequestRate(20, "m"), "ip", burst=60),
    ),
    (_SIGN_IN, RateLimit("/session", "POST", RequestRate(60, "m"), "ip", burst=120)),
    (_RENEW, RateLimit("/auth/grant/session", "POST", RequestRate(120, "m"), "ip", burst=240)),
    (_WRITE, RateLimit("/**", "PUT", RequestRate(6000, "m"), "ip", burst=12_000)),
    (_DELETE, RateLimit("/**", "DELETE", RequestRate(6000, "m"), "ip", burst=12_000)),
    (_LIST, RateLimit("/**/", "GET", RequestRate(3000, "m"), "ip", burst=6000)),
)
DEFAULT_RATE_LIMITS = tuple(limit for _, limit in _DEFAULTS)
DEFAULT_REASONS = tuple(reason for reason, _ in _DEFAULTS)
RATE_LIMITS_DOC = (
    "Limits on the number of requests; what comes too soon is answered 429. These are the\n"
    "defaults. Writing any [[drive.rate_limits]] replaces all of them; `rate_limits = []` in\n"
    "[drive] turns them off. A client's address is its connection's, or what a trusted proxy\n"
    "says in X-Forwarded-For: a proxy that does not say it makes all people one. People behind\n"
    "one router share an address, so limits by ip need room for a family; a whole IPv6 /64\n"
    "counts as one address. Counts are kept by this process and forgotten when it ends."
)
