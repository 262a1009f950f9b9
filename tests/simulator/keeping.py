"""What becomes of items while nodes come and go, and when somebody stores them again."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from appliance.mainline.items import MutableItem
from appliance.mainline.reports import GetReport
from tests.bench.machine import resident_mib
from tests.simulator.figures import Keeping, Searching, Upkeep, mean, share
from tests.simulator.questions import Question, Questions, item_number
from tests.simulator.searching import BETWEEN_S, PATIENCE_S, Weather, search
from tests.simulator.world import ENTRANCES, HOUR_S, Resident, World

Say = Callable[[str], None]

FIRST_ITEM = 1_000_000
# Whoever stores again stays in the network, as a homeserver does.
PUBLISHERS = 10
# What is stored again is stored just after a look, so that looks see the worst.
AFTER_A_LOOK_S = 300.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to look, and how often. `habits` say how often items are stored again, in hours;
    None is never. Each habit has so many `items`; `searches` are made at each look besides."""

    weather: Weather
    nodes: int
    hours: float
    looks_per_hour: int
    items: int
    habits: dict[str, float | None]
    searches: int = 0


@dataclass(slots=True)
class _Kept:
    """The items of one habit, and what was seen of them at each look."""

    items: list[MutableItem]
    found: list[float] = field(default_factory=list)
    copies: list[float] = field(default_factory=list)


def keep(seed: int, plan: Plan, say: Say) -> tuple[Keeping, Upkeep, list[Searching]]:
    """Let a world live for some hours; random nodes look for everything at each look."""
    before_mib = _resident_mib()
    world = World(seed, plan.weather.loss)
    world.populate(plan.nodes)
    start_mib = _resident_mib()
    questions = Questions(world)
    publishers = world.residents[ENTRANCES : ENTRANCES + PUBLISHERS]
    if plan.weather.churn:
        world.churn(plan.weather.churn, publishers)
    kept = _stored(world, questions, publishers, plan)
    looks = int(plan.hours * plan.looks_per_hour)
    hours = [look / plan.looks_per_hour for look in range(looks + 1)]
    searches = []
    for number, hour in enumerate(hours):
        world.wire.run_until(max(world.wire.now, hour * HOUR_S))
        _look(world, questions, kept.values())
        if plan.searches and number:
            name = f"{plan.weather.name}, {hour:g} h"
            searches.append(search(world, questions, plan.searches, number * 10_000, name))
        say(f"{hour:g} of {plan.hours:g} hours")
    lived_s = world.wire.now
    upkeep = Upkeep(
        weather=plan.weather.name,
        nodes=plan.nodes,
        datagrams_per_hour=world.wire.sent / plan.nodes / (lived_s / HOUR_S),
        bytes_per_second=world.wire.sent_bytes / plan.nodes / lived_s,
        kib_at_start=(start_mib - before_mib) * 1024 / plan.nodes,
        kib_at_end=(_resident_mib() - before_mib) * 1024 / plan.nodes,
    )
    keeping = Keeping(
        weather=plan.weather.name,
        nodes=plan.nodes,
        hours=tuple(hours),
        found={habit: tuple(each.found) for habit, each in kept.items()},
        copies={habit: tuple(each.copies) for habit, each in kept.items()},
    )
    return keeping, upkeep, searches


def _stored(
    world: World, questions: Questions, publishers: list[Resident], plan: Plan
) -> dict[str, _Kept]:
    kept = {}
    first = FIRST_ITEM
    for habit, every_hours in plan.habits.items():
        items = [item_number(first + number) for number in range(plan.items)]
        kept[habit] = _Kept(items)
        first += plan.items
        for number, item in enumerate(items):
            publisher = publishers[number % len(publishers)]
            questions.put(publisher, item)
            world.wire.run_until(world.wire.now + BETWEEN_S)
            if every_hours is not None:
                _store_again(world, questions, publisher, item, every_hours * HOUR_S)
    world.wire.run_until(world.wire.now + PATIENCE_S)
    return kept


def _store_again(
    world: World, questions: Questions, publisher: Resident, item: MutableItem, every_s: float
) -> None:
    def again(due_s: float) -> None:
        def store() -> None:
            questions.put(publisher, item)
            again(due_s + every_s)

        world.wire.at(due_s, store)

    again(every_s + AFTER_A_LOOK_S)


def _look(world: World, questions: Questions, kept: Iterable[_Kept]) -> None:
    asked: list[tuple[_Kept, list[Question[GetReport]]]] = []
    for each in kept:
        gets = []
        for item in each.items:
            gets.append(questions.get(world.somebody(), item))
            world.wire.run_until(world.wire.now + BETWEEN_S)
        asked.append((each, gets))
    world.wire.run_until(world.wire.now + PATIENCE_S)
    for each, gets in asked:
        ended = [get.end[0] for get in gets if get.end]
        each.found.append(share(sum(report.item is not None for report in ended), len(ended)))
        each.copies.append(mean([_copies(world, item) for item in each.items]))


def _copies(world: World, item: MutableItem) -> int:
    """How many of the living hold an item."""
    stores = (resident.node._answers for resident in world.residents)
    return sum(store is not None and store.items.get(item.target) == item for store in stores)


def _resident_mib() -> float:
    return resident_mib((os.getpid(),))
