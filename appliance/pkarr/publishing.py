"""Puts one packet into the DHT and onto relays, and notes what became of it at each."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.clock import Clock
from appliance.errors import PubkyError
from appliance.mainline.reports import OURSELVES
from appliance.mainline.udp import Dht
from appliance.metadata import publications
from appliance.metadata.publications import SUCCESS, Outcome, Publication
from appliance.metadata.store import Metadata
from appliance.pkarr.dht_items import item_of
from appliance.pkarr.relay_client import RelayClient
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket

DHT_VANTAGE = "dht"
KEPT_OF_OWN_KEY = 500
KEPT_OF_A_USER = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one packet, at the DHT first, then at each relay."""

    parts: tuple[Publication, ...]

    @property
    def is_published(self) -> bool:
        """Whether somebody holds it now."""
        return any(part.outcome == SUCCESS for part in self.parts)

    @property
    def is_conflict(self) -> bool:
        """Whether others hold something newer."""
        return any(part.outcome == "conflict" for part in self.parts)

    @property
    def stored_nodes(self) -> int:
        """DHT nodes that hold it now."""
        return sum(part.stored_nodes or 0 for part in self.parts)


class Publishing:
    """The ways out of this node; `outcomes` are for the metrics."""

    def __init__(
        self,
        dht: Dht | None,
        relays: Sequence[RelayClient],
        metadata: Metadata,
        clock: Clock,
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self._dht = dht
        self._relays = tuple(relays)
        self._metadata = metadata
        self._clock = clock

    async def publish(
        self, packet: SignedPacket, *, on_relays: bool, least_nodes: int = 1
    ) -> Attempt:
        """Publish everywhere at once and note it; fewer DHT nodes than `least_nodes` is a failure
        there, unless fewer answered."""
        jobs = []
        if self._dht is not None:
            jobs.append(self._to_dht(self._dht, packet, least_nodes))
        if on_relays:
            jobs += [self._to_relay(relay, packet) for relay in self._relays]
        if not jobs:
            return self.nothing_sent(packet.public_key, "failed", "this node is not in the DHT")
        return Attempt(tuple(await asyncio.gather(*jobs)))

    async def note(self, attempt: Attempt, keep: int) -> None:
        """Keep what became of it in the history."""
        for part in attempt.parts:
            self.outcomes[part.outcome] += 1
            await self._metadata.write(publications.append, part, keep)

    def nothing_sent(self, key: PublicKey, outcome: Outcome, detail: str) -> Attempt:
        """An attempt that ended before anything was sent."""
        return Attempt((self._part(key, DHT_VANTAGE, outcome, None, None, detail),))

    async def _to_dht(self, dht: Dht, packet: SignedPacket, least_nodes: int) -> Publication:
        try:
            item = item_of(packet)
        except PubkyError as error:  # one user's odd packet must not end the round of all
            return self._part(packet.public_key, DHT_VANTAGE, "invalid", None, None, error.message)
        report = await dht.put(item)
        # A copy of our own is of no use to anybody while we are cut off.
        others = [outcome for outcome in report.outcomes if outcome.address != OURSELVES]
        is_elsewhere = any(outcome.result == "stored" for outcome in others)
        enough = min(least_nodes, len(report.outcomes))
        outcome: Outcome = "published"
        detail = ""
        if report.conflict:
            outcome, detail = "conflict", "most nodes hold a newer packet"
        elif not others:
            outcome, detail = "failed", "no DHT node answered"
        elif not is_elsewhere:
            outcome, detail = "failed", "no DHT node stored it"
        elif report.stored_nodes < enough:
            outcome, detail = "failed", f"fewer than {enough} nodes stored it"
        return self._part(
            packet.public_key, DHT_VANTAGE, outcome, report.stored_nodes, report.queried, detail
        )

    async def _to_relay(self, relay: RelayClient, packet: SignedPacket) -> Publication:
        answer = await relay.put(packet)
        return self._part(packet.public_key, relay.url, answer.outcome, None, None, answer.detail)

    def _part(
        self,
        key: PublicKey,
        vantage: str,
        outcome: Outcome,
        stored_nodes: int | None,
        queried: int | None,
        detail: str,
    ) -> Publication:
        return Publication(key.z32, self._clock(), vantage, outcome, stored_nodes, queried, detail)
