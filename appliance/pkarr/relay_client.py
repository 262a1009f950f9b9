"""Asks and tells other pkarr relays (discovery 3.2 and 6.1)."""

import logging
from dataclasses import dataclass
from typing import Literal

import httpx

from appliance.errors import PubkyError
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket
from appliance.pubky.timestamp import http_date

TIMEOUT_S = 2.0
PUT_TIMEOUT_S = 6.0
MAX_PAYLOAD_BYTES = 1072

RelayOutcome = Literal["published", "conflict", "failed"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RelayAnswer:
    """What a relay did with a packet; `detail` is its status or why it did not answer."""

    outcome: RelayOutcome
    detail: str


class RelayClient:
    """One relay, by its base URL. Redirects are not followed: a relay answers itself."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            headers={"accept-encoding": "identity"},
            timeout=TIMEOUT_S,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def get(self, key: PublicKey, known_us: int | None = None) -> SignedPacket | None:
        """The relay's packet of a key; None when it has none, none newer, or no good answer."""
        headers = {}
        if known_us is not None:
            # A second earlier: the date knows whole seconds only.
            headers["if-modified-since"] = http_date(max(0, known_us - 1_000_000))
        try:
            async with self._http.stream("GET", self._address(key), headers=headers) as response:
                if response.status_code != 200:
                    return None
                payload = b""
                async for chunk in response.aiter_raw():
                    payload += chunk
                    if len(payload) > MAX_PAYLOAD_BYTES:
                        return None
            return SignedPacket.from_relay_payload(key, payload)
        except (httpx.HTTPError, httpx.InvalidURL, PubkyError, ValueError) as error:
            _log.debug("relay %s gave no packet: %s", self.url, error)
            return None

    async def put(self, packet: SignedPacket) -> RelayAnswer:
        """Publish a packet; never raises for what a relay or the network does."""
        try:
            response = await self._http.put(
                self._address(packet.public_key),
                content=packet.relay_payload,
                timeout=PUT_TIMEOUT_S,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return RelayAnswer("failed", type(error).__name__)
        if response.is_success:
            return RelayAnswer("published", str(response.status_code))
        conflict = response.status_code in (409, 412, 428)
        return RelayAnswer("conflict" if conflict else "failed", str(response.status_code))

    def _address(self, key: PublicKey) -> str:
        return f"{self.url}/{key.z32}"
