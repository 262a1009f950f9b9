"""Which requests may enter: known host names, no cross-origin writes. Pure, so a table can test it.

A page on the same host but another port is *same-site*: its POST carries our `SameSite=Strict` and
`__Host-` cookies (measured in Chromium). The homeserver serves strangers' pages on such a port,
hence the exact-origin rule.
"""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Headers(Protocol):
    """Request headers whose names compare without case."""

    def get(self, name: str, /) -> str | None:
        """The value, or None."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of these pages: its text, its scheme, and every `Host` text that names it."""

    text: str
    scheme: str
    hosts: frozenset[str]
    is_loopback: bool

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Parse `scheme://host[:port]`.

        Raises `ValueError` for anything more, and for plain http off loopback: there browsers send
        no `Sec-Fetch-Site` and anyone on the wire could read the cookie.
        """
        parts = urlsplit(text)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"dashboard origin {text!r} is not http(s)://host[:port]")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError(f"dashboard origin {text!r} has more than scheme, host and port")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        if parts.scheme == "http" and host not in _LOOPBACK:
            raise ValueError("the dashboard speaks plain http on loopback only; use https")
        default = _DEFAULT_PORTS[parts.scheme]
        port = parts.port or default
        hosts = {f"{name}:{port}" for name in (host, *_LOOPBACK)}
        if port == default:
            hosts |= {host, *_LOOPBACK}
        return cls(text.rstrip("/"), parts.scheme, frozenset(hosts), host in _LOOPBACK)

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach these pages over TLS."""
        return self.scheme == "https"

    @property
    def cookie_name(self) -> str:
        """`__Host-` pins the cookie to this host, but browsers accept it over TLS only."""
        return "__Host-pkd" if self.is_secure else "pkd"

    @property
    def pre_cookie_name(self) -> str:
        """The cookie of a browser that has begun to sign in."""
        return f"{self.cookie_name}-pre"

    def accepts_host(self, host: str) -> bool:
        """Whether a `Host` header names these pages; a rebound DNS name does not."""
        return host.lower() in self.hosts

    def as_asked(self, host: str) -> str:
        """These pages' origin under the name that a visitor uses; ours for a name that is not."""
        return f"{self.scheme}://{host.lower()}" if self.accepts_host(host) else self.text

    def accepts_write(self, headers: Headers, has_cookie: bool) -> bool:
        """Whether a request that changes something comes from one of our own pages.

        The `Host` must have been accepted before.
        """
        site = headers.get("Sec-Fetch-Site")
        if site is not None:
            return site == "same-origin"
        origin = headers.get("Origin")
        if origin is not None:
            host = headers.get("Host") or ""
            return origin.lower() == f"{self.scheme}://{host.lower()}"
        return not has_cookie  # neither header: not a browser, so nothing may ride on a cookie
