"""Keeps the packets of this node's users alive (discovery 8.3).

Every few hours each user's packet is looked up and published again unchanged. What was seen last is
kept here too, so a packet survives when the DHT has forgotten it and its owner's phone is away.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

from appliance import background
from appliance.background import NotYetError
from appliance.clock import Clock
from appliance.metadata import packets, users
from appliance.metadata.publications import Outcome
from appliance.metadata.store import Metadata
from appliance.pkarr.keeping import KeptPackets
from appliance.pkarr.publishing import KEPT_OF_A_USER, Attempt, Publishing
from appliance.pkarr.resolver import Resolver
from appliance.pubky.keys import PublicKey
from appliance.pubky.records import homeserver_of
from appliance.pubky.signed_packets import SignedPacket

FIRST_AFTER_S = 60.0
SHORTEST_INTERVAL_S = 1800.0
LOOK_FOR_NEWCOMERS_S = 60.0
NEWCOMERS_AT_ONCE = 20
PAGE = 100
# How many users' packets are looked after at once: a home's uplink carries other things as well.
AT_ONCE = 4
ATTEMPTS = 4
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
# Fewer holders than this and a packet is easily lost.
GOOD_NUMBER_OF_NODES = 10


@dataclass(slots=True)
class Round:
    """How far the current round, or the last one, has come."""

    began_us: int | None = None
    ended_us: int | None = None
    done: int = 0
    failed: int = 0


class Republisher:
    """The users' packets; `outcomes` count every round since the start."""

    def __init__(
        self,
        own_key: PublicKey,
        metadata: Metadata,
        resolver: Resolver,
        publishing: Publishing,
        kept: KeptPackets,
        clock: Clock,
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self.round = Round()
        self._own_key = own_key
        self._metadata = metadata
        self._resolver = resolver
        self._publishing = publishing
        self._kept = kept
        self._clock = clock
        self._last_newcomer = 0

    async def follow(self, interval_s: float) -> None:
        """Look after everybody for ever; the first time a minute after the start."""
        await asyncio.sleep(FIRST_AFTER_S)
        pause_s = max(interval_s, SHORTEST_INTERVAL_S)
        await background.every(pause_s, self.republish_all, what="republishing the users' packets")

    async def follow_newcomers(self) -> None:
        """Keep the packets of those who signed up lately, before anything can happen to them."""
        await background.every(
            LOOK_FOR_NEWCOMERS_S, self.meet_newcomers, what="keeping newcomers' packets"
        )

    async def meet_newcomers(self) -> None:
        """Look up the packets of users who have none here, each once until the next start."""
        found = await self._metadata.read(
            packets.users_without, self._last_newcomer, NEWCOMERS_AT_ONCE
        )
        for user_id, key in found:
            self._last_newcomer = user_id
            resolution = await self._resolver.resolve(PublicKey.parse(key), "NetworkOnly")
            if resolution.stored is not None:
                await self._kept.keep(resolution.stored.packet, resolution.stored.last_seen_us)

    async def republish_all(self) -> None:
        """One round over all users, a few at a time."""
        self.round = Round(began_us=self._clock())
        places = asyncio.Semaphore(AT_ONCE)
        after_id = 0
        while page := await self._metadata.read(users.keys_after, after_id, PAGE):
            after_id = page[-1][0]
            async with asyncio.TaskGroup() as group:
                for _, key in page:
                    await places.acquire()
                    errand = self._in_its_place(PublicKey.parse(key), places)
                    background.within(group, errand)
        self.round.ended_us = self._clock()
        if self.round.done and self.round.failed == self.round.done:
            raise NotYetError("none of the users' packets could be published")

    async def _in_its_place(self, key: PublicKey, places: asyncio.Semaphore) -> None:
        try:
            await self.republish(key)
        finally:
            places.release()

    async def republish(self, key: PublicKey) -> Outcome:
        """Look after one user's packet, and note what came of it."""
        attempt = await self._attempt(key)
        outcome = attempt.parts[0].outcome
        self.outcomes[outcome] += 1
        self.round.done += 1
        self.round.failed += outcome == "failed"
        await self._publishing.note(attempt, KEPT_OF_A_USER)
        return outcome

    async def _attempt(self, key: PublicKey) -> Attempt:
        kept = await self._kept.find(key)
        found = await self._resolver.resolve(key, "NetworkOnly")
        seen = [stored for stored in (found.stored, kept) if stored is not None]
        nothing_sent = self._publishing.nothing_sent
        if not seen:
            if found.invalid_seq is not None:
                return nothing_sent(key, "invalid", "the DHT holds something that is no packet")
            if not found.responded:
                return nothing_sent(key, "failed", "no DHT node answered")
            return nothing_sent(key, "missing", "nobody has a packet of this key")
        newest = max(seen, key=lambda one: (one.packet.timestamp_us, one.packet.dns_message))
        packet = newest.packet
        await self._kept.keep(packet, newest.last_seen_us)
        if found.invalid_seq is not None and found.invalid_seq > packet.timestamp_us:
            return nothing_sent(key, "invalid", "the DHT holds something newer that is no packet")
        if homeserver_of(packet) != self._own_key:
            return nothing_sent(key, "skipped", "this user's packet points to another homeserver")
        # Without anybody in reach, more attempts would only hold up the round.
        return await self._publish(packet, ATTEMPTS if found.responded else 1)

    async def _publish(self, packet: SignedPacket, attempts: int) -> Attempt:
        pause_s = FIRST_PAUSE_S
        for _ in range(attempts - 1):
            attempt = await self._publishing.publish(
                packet, on_relays=False, least_nodes=GOOD_NUMBER_OF_NODES
            )
            if attempt.parts[0].outcome != "failed":
                return attempt
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return await self._publishing.publish(
            packet, on_relays=False, least_nodes=GOOD_NUMBER_OF_NODES
        )
