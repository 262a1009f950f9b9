"""Asks a handful of nodes of the DHT where they see us, so that a line that moved is soon known.

What the DHT's nodes say in passing tells the same, but for hours after a change most of them have
only been heard before it.
"""

import asyncio
import secrets
from typing import Literal

from appliance.mainline.address_votes import AddressVotes
from appliance.mainline.node_ids import Contact, is_ipv6
from appliance.mainline.udp import Dht

# A few may be gone, and more than half of four must agree.
ASKED = 8


class AddressPoll:
    """Rounds of questions to nodes chosen at random, which no stranger can choose for us."""

    def __init__(self, dht: Dht | None) -> None:
        self._dht = dht
        self._random = secrets.SystemRandom()

    async def __call__(self, family: Literal[4, 6]) -> str | None:
        """The address that most of those who answered see; None when too few did."""
        if self._dht is None:
            return None
        known = [
            contact
            for contact in self._dht.contacts()
            if is_ipv6(contact.address[0]) == (family == 6)
        ]
        asked = self._random.sample(known, min(ASKED, len(known)))
        votes = AddressVotes()
        await asyncio.gather(*(_ask(self._dht, contact, votes) for contact in asked))
        winner = votes.winner()
        return winner[0] if winner is not None else None


async def _ask(dht: Dht, contact: Contact, votes: AddressVotes) -> None:
    report = await dht.ping(contact.address)
    if report.seen_as is not None:
        # Some routers give each conversation another port, but all the same address.
        votes.vote(contact.address, (report.seen_as[0], 0))
