"""Asks and tells other pkarr relays (discovery 3.2 and 6.1)."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Literal

import httpx

from appliance.errors import PubkyError
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket
from appliance.pubky.timestamp import US_PER_SECOND, http_date, parse_http_date

TIMEOUT_S = 2.0
# As in official clients, a put may take three times as long.
PUT_TIMEOUTS = 3
MAX_PAYLOAD_BYTES = 1072
# A packet may be dated beyond the last year of an HTTP date.
LAST_HTTP_DATE_US = 253_402_300_799 * US_PER_SECOND

RelayOutcome = Literal["published", "conflict", "failed"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayPacket:
    """A packet and when the relay last saw it (µs), when it says so."""

    packet: SignedPacket
    seen_us: int | None


@dataclass(frozen=True, slots=True)
class RelayAnswer:
    """What a relay did with a packet; `detail` is its status or why it did not answer."""

    outcome: RelayOutcome
    detail: str


class RelayClient:
    """One relay, by its base URL. Redirects are not followed: a relay answers itself."""

    def __init__(
        self,
        url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            headers={"accept-encoding": "identity"},
            timeout=timeout_s,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def get(self, key: PublicKey, known_us: int | None = None) -> RelayPacket | None:
        """The relay's packet of a key; None when it has none, none newer, or no good answer."""
        headers = {}
        if known_us is not None:
            # A second earlier: the date knows whole seconds only.
            since_us = min(max(0, known_us - US_PER_SECOND), LAST_HTTP_DATE_US)
            headers["if-modified-since"] = http_date(since_us)
        try:
            # The client's own time-out counts each read anew, so a trickle would hold us for long.
            async with (
                asyncio.timeout(self._timeout_s),
                self._http.stream("GET", self._address(key), headers=headers) as response,
            ):
                if response.status_code != 200:
                    return None
                payload = b""
                async for chunk in response.aiter_raw():
                    payload += chunk
                    if len(payload) > MAX_PAYLOAD_BYTES:
                        return None
                seen_s = parse_http_date(response.headers.get("memento-datetime", ""))
            packet = SignedPacket.from_relay_payload(key, payload)
            return RelayPacket(packet, None if seen_s is None else seen_s * US_PER_SECOND)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, PubkyError) as error:
            _log.debug("relay %s gave no packet: %s", self.url, error)
            return None

    async def put(self, packet: SignedPacket) -> RelayAnswer:
        """Publish a packet; never raises for what a relay or the network does."""
        try:
            # The answer's body is of no interest, and may be endless.
            async with (
                asyncio.timeout(self._timeout_s * PUT_TIMEOUTS),
                self._http.stream(
                    "PUT",
                    self._address(packet.public_key),
                    content=packet.relay_payload,
                    timeout=self._timeout_s * PUT_TIMEOUTS,
                ) as response,
            ):
                pass
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return RelayAnswer("failed", _reason(error))
        if response.is_success:
            return RelayAnswer("published", str(response.status_code))
        conflict = response.status_code in (409, 412, 428)
        return RelayAnswer("conflict" if conflict else "failed", str(response.status_code))

    def _address(self, key: PublicKey) -> str:
        return f"{self.url}/{key.z32}"


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached"
    return type(error).__name__
