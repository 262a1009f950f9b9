"""Whether others can reach this node, which decides if it answers them (discovery 5.5; BEP 43)."""

from appliance.mainline.address_votes import AddressVotes
from appliance.mainline.node_ids import Address
from appliance.mainline.reports import Mode

# One datagram may get lost.
MAX_LOST_PROBES = 2


class Reachability:
    """The address that others see, and whether our own ping to it comes back from outside."""

    __slots__ = ("_lost", "_mode", "_votes", "address", "is_server")

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._votes = AddressVotes()
        self._lost = 0
        self.address: Address | None = None
        self.is_server = mode == "server"

    @property
    def to_probe(self) -> Address | None:
        """Where to send ourselves a ping, if anything depends on its coming back."""
        return self.address if self._mode == "auto" else None

    def vote(self, voter: Address, said: Address) -> Address | None:
        """Note where `voter` sees us; our address if it is another one than we thought."""
        self._votes.vote(voter, said)
        if said == self.address:
            return None
        winner = self._votes.winner()
        if winner is None or winner == self.address:
            return None
        self.address = winner
        # Nobody knows yet whether the new address lets anybody in.
        self.is_server = self._mode == "server"
        return winner

    def probe_came_back(self) -> None:
        """Our own ping arrived, so strangers' datagrams arrive too."""
        self._lost = 0
        self.is_server = self._mode != "client"

    def probe_was_lost(self) -> None:
        """Our own ping did not arrive; the second time in a row we are no server any more."""
        self._lost += 1
        if self._lost >= MAX_LOST_PROBES:
            self.is_server = self._mode == "server"
