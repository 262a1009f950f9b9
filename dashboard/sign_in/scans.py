"""Who waits for a scan: one at a time for each browser, in memory, as attempts are at the node."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Purpose = Literal["sign-in", "step-up", "claim", "connect", "move"]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a browser waits for. `back` is the page of ours where it goes on afterwards.

    `browser` binds it: a digest of the cookie of who is not signed in yet, else the sign-in.
    """

    attempt_id: str
    channel_id: str
    browser: str
    purpose: Purpose
    back: str
    capabilities: str
    expires_at: float


class Scans:
    """Every scan that is waited for."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._by_browser: dict[str, Scan] = {}

    def put(self, scan: Scan) -> None:
        """Wait for this one, in place of what the same browser waited for until now."""
        self._by_browser[scan.browser] = scan

    def find(self, browser: str) -> Scan | None:
        """What a browser waits for."""
        self._forget_expired()
        return self._by_browser.get(browser)

    def drop(self, browser: str) -> Scan | None:
        """Wait no longer; of two that do so at once, one gets the scan."""
        self._forget_expired()
        return self._by_browser.pop(browser, None)

    def waits_in(self, channel_id: str) -> bool:
        """Whether an answer in this channel is waited for."""
        self._forget_expired()
        return any(scan.channel_id == channel_id for scan in self._by_browser.values())

    def _forget_expired(self) -> None:
        now_s = self._now_s()
        for scan in [one for one in self._by_browser.values() if one.expires_at <= now_s]:
            del self._by_browser[scan.browser]
