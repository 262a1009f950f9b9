"""Attackers who want to be all that a victim knows: an eclipse."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from appliance.mainline.node_ids import Contact, distance
from tests.simulator.attackers import Attacker, Gang, bound_ids, free_ids, scattered_hosts
from tests.simulator.figures import Crowding, mean, share
from tests.simulator.questions import Questions, item_number
from tests.simulator.searching import BETWEEN_S, NEAREST, PATIENCE_S
from tests.simulator.world import HOUR_S, Resident, World

Say = Callable[[str], None]

CALLS_EVERY_S = 60.0
ITEMS = 20
FIRST_ITEM = 2_000_000


@dataclass(frozen=True, slots=True)
class Eclipse:
    """So many attackers around a victim's id, with ids of their choice or as BEP 42 allows."""

    name: str
    attackers: int
    chooses_ids: bool


ECLIPSES = (
    Eclipse("1,000 nodes with chosen ids", 1000, chooses_ids=True),
    Eclipse("1,000 addresses with the ids they allow", 1000, chooses_ids=False),
)


def crowd(
    seed: int, nodes: int, victims: int, hours: float, eclipse: Eclipse, say: Say
) -> Crowding:
    """Attackers call some old and some new nodes every minute; what is in the tables afterwards."""
    world = World(seed)
    world.populate(nodes)
    questions = Questions(world)
    items = [item_number(FIRST_ITEM + number) for number in range(ITEMS)]
    for item in items:
        questions.put(world.somebody(), item)
        world.wire.run_until(world.wire.now + BETWEEN_S)
    old = [world.somebody() for _ in range(victims)]
    new = [world.join() for _ in range(victims)]
    bad = set()
    for victim in (*old, *new):
        gang = Gang(_recruits(world, victim.contact, eclipse, eclipse.attackers // (2 * victims)))
        gang.plug_into(world)
        bad |= gang.addresses
        _call(world, gang, victim, hours)
    world.wire.run_until(world.wire.now + hours * HOUR_S)
    gets = []
    for victim in (*old, *new):
        for item in items:
            gets.append(questions.get(victim, item))
            world.wire.run_until(world.wire.now + BETWEEN_S)
    world.wire.run_until(world.wire.now + PATIENCE_S)
    found = [get.end[0].item is not None for get in gets if get.end]
    say(f"{eclipse.name}: {share(sum(found), len(found)):.0%} found")
    return Crowding(
        attack=eclipse.name,
        attackers=len(bad),
        of_network=share(len(bad), len(bad) + len(world)),
        of_table=mean([_share_of_table(victim, bad) for victim in old]),
        of_nearest=mean([_share_of_nearest(victim, bad) for victim in old]),
        of_table_of_newcomers=mean([_share_of_table(victim, bad) for victim in new]),
        of_nearest_of_newcomers=mean([_share_of_nearest(victim, bad) for victim in new]),
        found=share(sum(found), len(found)),
    )


def _recruits(world: World, victim: Contact, eclipse: Eclipse, count: int) -> list[Contact]:
    if eclipse.chooses_ids:
        return free_ids(world, victim.id, count)
    return bound_ids(victim.id, scattered_hosts(world, count), 2**160)


def _call(world: World, gang: Gang, victim: Resident, hours: float) -> None:
    attackers = [Attacker(contact, gang) for contact in gang.contacts]

    def call(attacker: Attacker, address: tuple[str, int], due_s: float, end_s: float) -> None:
        if due_s >= end_s:
            return
        attacker.call(victim.contact)
        world.wire.flush(address)
        again = due_s + CALLS_EVERY_S
        world.wire.at(again, partial(call, attacker, address, again, end_s))

    start_s = world.wire.now
    for attacker, contact in zip(attackers, gang.contacts, strict=True):
        world.wire.plug(contact.address, attacker)
        due_s = start_s + world.chance.uniform(0, CALLS_EVERY_S)
        end_s = start_s + hours * HOUR_S
        world.wire.at(due_s, partial(call, attacker, contact.address, due_s, end_s))


def _share_of_table(victim: Resident, bad: set[tuple[str, int]]) -> float:
    known = [entry.contact.address for entry in victim.node._table]
    return share(sum(address in bad for address in known), len(known))


def _share_of_nearest(victim: Resident, bad: set[tuple[str, int]]) -> float:
    known = [entry.contact for entry in victim.node._table]
    known.sort(key=lambda contact: distance(contact.id, victim.contact.id))
    nearest = [contact.address for contact in known[:NEAREST]]
    return share(sum(address in bad for address in nearest), len(nearest))
