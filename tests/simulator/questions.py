"""Gets and puts in a world, and what became of them."""

from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from appliance.mainline.items import MutableItem
from appliance.mainline.node_ids import Address
from appliance.mainline.reports import GetDone, GetReport, ItemFound, PutDone, PutReport
from appliance.pubky.keys import Keypair
from tests.simulator.world import Resident, World
from tests.support.dht import item_of

SEQ = 1_760_000_000_000_000

Report = TypeVar("Report", GetReport, PutReport)


@dataclass(slots=True)
class Question(Generic[Report]):
    """A get or a put. `end` is its report and how many seconds it took, `first_s` when a get heard
    of an item first. There is no end when the asker vanished."""

    item: MutableItem
    asked_at: float
    first_s: float | None = None
    end: tuple[Report, float] | None = None


class Questions:
    """Everything that was asked in one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._gets: dict[tuple[Address, int], Question[GetReport]] = {}
        self._puts: dict[tuple[Address, int], Question[PutReport]] = {}

    def get(self, resident: Resident, item: MutableItem) -> Question[GetReport]:
        """A node searches for the item of this key."""
        now = self._world.wire.now
        question = Question[GetReport](item, now)
        number = resident.node.get(item.target, item.public_key, item.salt, None, now)
        self._gets[resident.address, number] = question
        self._begun(resident)
        return question

    def put(self, resident: Resident, item: MutableItem) -> Question[PutReport]:
        """A node stores an item."""
        now = self._world.wire.now
        question = Question[PutReport](item, now)
        number = resident.node.put(item, None, now)
        self._puts[resident.address, number] = question
        self._begun(resident)
        return question

    def _begun(self, resident: Resident) -> None:
        wire = self._world.wire
        wire.listen(resident.address, partial(self._hear, resident))
        wire.flush(resident.address)

    def _hear(self, resident: Resident) -> None:
        now = self._world.wire.now
        for event in resident.node.take_events():
            match event:
                case ItemFound(number=number):
                    get = self._gets[resident.address, number]
                    if get.first_s is None:
                        get.first_s = now - get.asked_at
                case GetDone(number=number, report=report):
                    get = self._gets.pop((resident.address, number))
                    get.end = report, now - get.asked_at
                case PutDone(number=number, report=report):
                    put = self._puts.pop((resident.address, number))
                    put.end = report, now - put.asked_at
                case _:
                    raise AssertionError("nobody asked for this")


def item_number(number: int) -> MutableItem:
    """The same item for the same number."""
    return item_of(Keypair.from_seed(number.to_bytes(32, "big")), SEQ, b"packet")
