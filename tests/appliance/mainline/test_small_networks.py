"""Some dozens of machines on a wire in memory: networks form, lose datagrams, break and heal."""

import pytest

from appliance.mainline.items import MutableItem
from appliance.mainline.node import REFRESH_EVERY_S, Node
from appliance.mainline.node_ids import Contact, is_secure
from appliance.mainline.reports import GetReport, NodeSettings, PutReport
from tests.simulator.questions import Questions, item_number
from tests.simulator.world import Resident, World

ITEM = item_number(1)


class Town:
    """A network that formed by itself: everybody entered by the first few."""

    def __init__(self, size: int, seed: int = 1, loss: float = 0.0) -> None:
        self.world = World(seed, loss)
        self.world.populate(3)
        while len(self.world) < size:
            self.world.join()
            self.wait(1.0)
        self.wait(REFRESH_EVERY_S)
        self._questions = Questions(self.world)

    def wait(self, seconds: float) -> None:
        self.world.wire.run_until(self.world.wire.now + seconds)

    def put(self, who: Resident, item: MutableItem) -> PutReport:
        question = self._questions.put(who, item)
        self.wait(60.0)
        assert question.end is not None
        return question.end[0]

    def get(self, who: Resident, item: MutableItem) -> GetReport:
        question = self._questions.get(who, item)
        self.wait(60.0)
        assert question.end is not None
        return question.end[0]

    def vanish(self, who: Resident) -> None:
        del self.world._residents[who.address]
        self.world.wire.unplug(who.address)

    def strangers(self) -> set[bytes]:
        """Those whom nobody knows."""
        residents = self.world.residents
        known = {contact.id for each in residents for contact in each.node.table_contacts()}
        return {each.node.id for each in residents} - known


@pytest.fixture(scope="module")
def calm() -> Town:
    """Forty nodes, and nothing gets lost. No test changes who they are."""
    return Town(40)


def test_everybody_who_entered_is_known_to_somebody(calm: Town) -> None:
    assert calm.strangers() == set()


def test_what_one_stores_everybody_finds(calm: Town) -> None:
    residents = calm.world.residents
    assert calm.put(residents[7], ITEM).stored_nodes >= 20
    for resident in residents:
        assert calm.get(resident, ITEM).item == ITEM


def test_the_nearest_nodes_hold_an_item(calm: Town) -> None:
    item = item_number(2)
    report = calm.put(calm.world.residents[3], item)
    holders = {outcome.address for outcome in report.outcomes if outcome.result == "stored"}
    nearest = {contact.address for contact in calm.world.nearest(item.target, 10)}
    # Whoever stores is no neighbour of himself.
    assert len(nearest - holders) <= 1


def test_what_nobody_stored_nobody_finds(calm: Town) -> None:
    report = calm.get(calm.world.residents[0], item_number(99))
    assert report.item is None
    assert report.usable >= 20


def test_everybody_judges_the_size_of_the_network_about_right(calm: Town) -> None:
    for resident in calm.world.residents:
        calm.get(resident, item_number(50))
        assert 13 <= resident.node.estimated_network_size <= 120


def test_everybody_learnt_his_address_and_has_an_id_that_belongs_to_it(calm: Town) -> None:
    for resident in calm.world.residents:
        assert resident.node.public_address == resident.address
        assert is_secure(resident.node.id, resident.address[0])


def test_nobody_talks_much_when_nobody_asks(calm: Town) -> None:
    before = calm.world.wire.sent
    calm.wait(REFRESH_EVERY_S)
    per_node = (calm.world.wire.sent - before) / len(calm.world)
    # One search for neighbours, pings to those who were silent, and the answers to both.
    assert per_node < 400


@pytest.mark.parametrize("seed", [1, 2])
def test_with_a_third_of_all_datagrams_lost_items_are_stored_and_found(seed: int) -> None:
    town = Town(40, seed, loss=0.3)
    found = 0
    for number in range(10):
        item = item_number(number)
        assert town.put(town.world.somebody(), item).stored_nodes >= 5
        found += town.get(town.world.somebody(), item).item == item
    assert found == 10


def test_an_item_outlives_half_of_the_network() -> None:
    town = Town(40)
    town.put(town.world.residents[0], ITEM)
    for resident in town.world.residents[3::2]:
        town.vanish(resident)
    for resident in town.world.residents:
        assert town.get(resident, ITEM).item == ITEM


def test_who_vanished_is_forgotten() -> None:
    town = Town(12)
    gone = town.world.residents[-1]
    town.vanish(gone)
    town.wait(3 * REFRESH_EVERY_S)
    for resident in town.world.residents:
        assert gone.contact not in resident.node.table_contacts()


def test_an_outage_of_the_line_costs_nobody_his_acquaintances() -> None:
    town = Town(30)
    sizes = [resident.node.table_size for resident in town.world.residents]
    town.world.wire.loss = 1.0
    town.wait(6 * 3600.0)
    town.world.wire.loss = 0.0
    assert [resident.node.table_size for resident in town.world.residents] == sizes
    assert town.put(town.world.residents[5], ITEM).stored_nodes >= 20
    assert town.get(town.world.residents[25], ITEM).item == ITEM


def test_a_node_that_starts_offline_comes_up_by_itself() -> None:
    town = Town(12)
    town.world.wire.loss = 1.0
    late = town.world.join()
    town.wait(3600.0)
    assert late.node.table_size == 0
    town.world.wire.loss = 0.0
    town.wait(120.0)
    assert late.node.table_size >= 8


def test_a_client_stores_and_finds_and_is_known_to_nobody() -> None:
    town = Town(20)
    chance, wire = town.world.chance, town.world.wire
    entrances = tuple(resident.address for resident in town.world.residents[:3])
    client = Node(NodeSettings(mode="client", bootstrap=entrances), 4, chance, wire.now)
    address = town.world.new_address()
    visitor = Resident(Contact(client.id, address), client)
    wire.plug(address, client)
    town.wait(60.0)
    assert town.put(visitor, ITEM).stored_nodes >= 15
    assert town.get(visitor, ITEM).item == ITEM
    for each in town.world.residents:
        assert address not in {contact.address for contact in each.node.table_contacts()}
