"""What attackers achieve: around an item, and in the table of a victim."""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.mainline.node_ids import Contact, distance
from tests.simulator.attackers import (
    Gang,
    bound_ids,
    free_ids,
    one_network,
    scattered_hosts,
)
from tests.simulator.figures import Surrounding, mean, share
from tests.simulator.questions import Questions, item_number
from tests.simulator.searching import BETWEEN_S, NEAREST, PATIENCE_S
from tests.simulator.world import World

Say = Callable[[str], None]

# Beyond this many times the distance of the twentieth honest node nobody is asked.
USEFUL_WITHIN = 4
GETS_PER_TARGET = 5


@dataclass(frozen=True, slots=True)
class Attack:
    """`recruits` gives those who attack one target, given the distance of our twentieth node."""

    name: str
    recruit: Callable[[World, bytes, int], list[Contact]]


def _free(count: int) -> Callable[[World, bytes, int], list[Contact]]:
    return lambda world, target, _: free_ids(world, target, count)


def _network(bits: int) -> Callable[[World, bytes, int], list[Contact]]:
    return lambda world, target, twentieth: bound_ids(
        target, one_network(world, bits), twentieth * USEFUL_WITHIN
    )


def _scattered(count: int) -> Callable[[World, bytes, int], list[Contact]]:
    return lambda world, target, twentieth: bound_ids(
        target, scattered_hosts(world, count), twentieth * USEFUL_WITHIN
    )


AROUND_AN_ITEM = (
    Attack("200 nodes with chosen ids", _free(200)),
    Attack("a /24 network (256 addresses)", _network(24)),
    Attack("a /20 network (4,096 addresses)", _network(20)),
    Attack("1,000 addresses anywhere", _scattered(1000)),
    Attack("4,000 addresses anywhere", _scattered(4000)),
)


def surround(seed: int, nodes: int, targets: int, attack: Attack, say: Say) -> Surrounding:
    """Attackers gather around items that are stored and searched for afterwards."""
    world = World(seed)
    # Who attacks depends on who is there, so our nodes come first and learn of everybody then.
    world.settle(nodes)
    items = [item_number(number) for number in range(targets)]
    gangs = []
    for item in items:
        twentieth = distance(world.nearest(item.target, NEAREST)[-1].id, item.target)
        gangs.append(Gang(attack.recruit(world, item.target, twentieth)))
    world.acquaint(contact for gang in gangs for contact in gang.contacts)
    for gang in gangs:
        gang.plug_into(world)
    questions = Questions(world)
    puts = []
    for item in items:
        puts.append(questions.put(world.somebody(), item))
        world.wire.run_until(world.wire.now + BETWEEN_S)
    world.wire.run_until(world.wire.now + PATIENCE_S)
    gets = []
    for item in items:
        for _ in range(GETS_PER_TARGET):
            gets.append(questions.get(world.somebody(), item))
            world.wire.run_until(world.wire.now + BETWEEN_S)
    world.wire.run_until(world.wire.now + PATIENCE_S)

    honest, lost, near = [], [], []
    for put, gang in zip(puts, gangs, strict=True):
        assert put.end is not None
        holders = {each.address for each in put.end[0].outcomes if each.result == "stored"}
        honest.append(len(holders - gang.addresses))
        lost.append(share(len(holders & gang.addresses), len(holders)))
        target = put.item.target
        twentieth = distance(world.nearest(target, NEAREST)[-1].id, target)
        near.append(sum(distance(each.id, target) <= twentieth for each in gang.contacts))
    found = [get.end[0].item is not None for get in gets if get.end]
    say(f"{attack.name}: {share(sum(found), len(found)):.0%} found")
    return Surrounding(
        attack=attack.name,
        targets=targets,
        near=mean(near),
        lost_copies=mean(lost),
        honest_copies=mean(honest),
        least_copies=min(honest),
        found=share(sum(found), len(found)),
    )
