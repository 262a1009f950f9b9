"""The small values that settings are made of: each is read from one text and printed back."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, Self, cast

PERIODS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
UNITS_KIB = {"kb": 1, "mb": 1024, "gb": 1024 * 1024}
# Operator API 2.6: what the reference's columns and counters hold.
LARGEST_COUNT = 2**32 - 1
RATE_CHARACTERS = 32

_BANDWIDTH = re.compile(r"([0-9]+)(kb|mb|gb)/([smhd])", re.IGNORECASE)
_REQUEST_RATE = re.compile(r"([0-9]+)r/([smhd])")


@dataclass(frozen=True, slots=True)
class SocketAddress:
    """An address and port to listen on; port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
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


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """So many kb, mb or gb (powers of 1024) in a second, minute, hour or day."""

    count: int
    unit: Literal["kb", "mb", "gb"]
    period: Literal["s", "m", "h", "d"]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `10mb/s`; raises ValueError with what is wrong (operator API 2.6)."""
        match = _BANDWIDTH.fullmatch(text) if len(text) <= RATE_CHARACTERS else None
        if match is None or not 1 <= int(match[1]) <= LARGEST_COUNT:
            raise ValueError("must be a bandwidth such as 500kb/s, 10mb/m or 1gb/d")
        return cls(
            int(match[1]),
            cast("Literal['kb', 'mb', 'gb']", match[2].lower()),
            cast("Literal['s', 'm', 'h', 'd']", match[3].lower()),
        )

    @property
    def unit_kib(self) -> int:
        """KiB in one unit."""
        return UNITS_KIB[self.unit]

    @property
    def period_s(self) -> int:
        """Seconds in the period."""
        return PERIODS_S[self.period]

    def __str__(self) -> str:
        return f"{self.count}{self.unit}/{self.period}"


@dataclass(frozen=True, slots=True)
class RequestRate:
    """So many requests in a second, minute, hour or day."""

    count: int
    period: Literal["s", "m", "h", "d"]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `10r/m`; raises ValueError with what is wrong (client API 17.1)."""
        match = _REQUEST_RATE.fullmatch(text) if len(text) <= RATE_CHARACTERS else None
        if match is None or not 1 <= int(match[1]) <= LARGEST_COUNT:
            raise ValueError("must be a number of requests such as 10r/m")
        return cls(int(match[1]), cast("Literal['s', 'm', 'h', 'd']", match[2]))

    @property
    def period_s(self) -> int:
        """Seconds in the period."""
        return PERIODS_S[self.period]

    def __str__(self) -> str:
        return f"{self.count}r/{self.period}"
