"""A small run of the simulator: what the DHT node must do in bad weather and among attackers."""

import pytest

from tests.simulator.attacks import AROUND_AN_ITEM, surround
from tests.simulator.crowding import Eclipse, crowd
from tests.simulator.keeping import Plan, keep
from tests.simulator.questions import Questions
from tests.simulator.report import page
from tests.simulator.searching import CALM, LOSS, STORM, Weather, search
from tests.simulator.world import World

NODES = 300


def quiet(_: str) -> None:
    """Nobody waits for this run."""


@pytest.mark.parametrize(
    ("weather", "copies", "reached"), [(CALM, 20, 0.95), (LOSS, 12, 0.2)], ids=["calm", "loss"]
)
def test_what_is_stored_is_found(weather: Weather, copies: float, reached: float) -> None:
    world = World(1, weather.loss)
    world.populate(NODES)
    found = search(world, Questions(world), 30, 0, weather.name)
    assert found.gets == 30
    assert found.found >= 0.95
    assert found.copies >= copies
    assert found.reached >= reached
    assert found.queries_per_get < 100


def test_items_that_are_stored_again_outlive_half_of_the_nodes() -> None:
    plan = Plan(STORM, NODES // 2, 1.0, 1, 10, {"every half hour": 0.5}, searches=10)
    keeping, upkeep, searches = keep(1, plan, quiet)
    assert keeping.found["every half hour"][-1] >= 0.9
    assert searches[-1].found >= 0.9
    assert upkeep.bytes_per_second < 1000


def test_attackers_with_ids_of_their_choice_do_not_push_an_item_out() -> None:
    outcome = surround(1, NODES, 3, AROUND_AN_ITEM[0], quiet)
    assert outcome.near > 100
    assert outcome.found >= 0.6
    assert outcome.least_copies >= 5


def test_a_crowd_around_a_victim_does_not_cut_it_off() -> None:
    outcome = crowd(1, NODES, 2, 0.2, Eclipse("crowd", 100, chooses_ids=True), quiet)
    assert outcome.of_table < 0.5
    assert outcome.found >= 0.9


def test_the_same_seed_gives_the_same_page() -> None:
    def once() -> str:
        world = World(7)
        world.populate(60)
        return page(7, [search(world, Questions(world), 5, 0, "calm")], [], [], [], [], 0.0)

    first = once()
    assert first == once()
    assert "| calm | 60 | 5 |" in first
