"""Which address this node has, as others see it: they say so in their answers (BEP 42)."""

from collections import Counter, OrderedDict

from appliance.errors import PubkyError
from appliance.mainline.networks import network_of
from appliance.mainline.node_ids import Address, compact_address, is_ipv6, is_local

MAX_VOTERS = 64
# Fewer voices than this can be one person's.
LEAST_VOTES = 4


class AddressVotes:
    """The last voice of each neighbourhood: a /24 of IPv4 or a /48 of IPv6 has one."""

    __slots__ = ("_votes",)

    def __init__(self) -> None:
        self._votes: OrderedDict[bytes, Address] = OrderedDict()

    def vote(self, voter: Address, said: Address) -> None:
        """Note where `voter` sees us; private addresses count only among neighbours."""
        try:
            is_private, voter_is_local = is_local(said[0]), is_local(voter[0])
        except PubkyError:
            return
        if is_private != voter_is_local or is_ipv6(said[0]) != is_ipv6(voter[0]):
            return
        neighbourhood = _neighbourhood(voter)
        self._votes[neighbourhood] = said
        self._votes.move_to_end(neighbourhood)
        if len(self._votes) > MAX_VOTERS:
            self._votes.popitem(last=False)

    def winner(self) -> Address | None:
        """The address that more than half of the voters name, once there are enough of them."""
        if len(self._votes) < LEAST_VOTES:
            return None
        (address, count), *_ = Counter(self._votes.values()).most_common(1)
        return address if count * 2 > len(self._votes) else None


def _neighbourhood(voter: Address) -> bytes:
    # A network of one's own, a test's for example, lives on few addresses.
    return compact_address(voter) if is_local(voter[0]) else network_of(voter[0], 24, 48)
