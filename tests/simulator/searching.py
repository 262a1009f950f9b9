"""How well random nodes store and find, and what it costs them."""

from dataclasses import dataclass
from statistics import median

from appliance.mainline.reports import PutReport
from tests.simulator.figures import Searching, mean, share
from tests.simulator.questions import Question, Questions, item_number
from tests.simulator.world import World

# Between two questions somewhere; searches of different nodes hardly meet.
BETWEEN_S = 0.2
# Searches end by themselves: each of their few rounds waits two seconds at most.
PATIENCE_S = 60.0
NEAREST = 20


@dataclass(frozen=True, slots=True)
class Weather:
    """`loss` is the share of datagrams that get lost, `churn` of nodes replaced in an hour."""

    name: str
    loss: float = 0.0
    churn: float = 0.0


CALM = Weather("calm")
LOSS = Weather("loss", loss=0.3)
STORM = Weather("storm", loss=0.3, churn=0.5)


def search(
    world: World, questions: Questions, count: int, first_item: int, weather: str
) -> Searching:
    """Store so many items, then find them, each from somebody else."""
    wire = world.wire
    puts = []
    for number in range(first_item, first_item + count):
        puts.append(questions.put(world.somebody(), item_number(number)))
        wire.run_until(wire.now + BETWEEN_S)
    wire.run_until(wire.now + PATIENCE_S)
    reached = [_reached(world, put) for put in puts if put.end]
    gets = []
    for put in puts:
        gets.append(questions.get(world.somebody(), put.item))
        wire.run_until(wire.now + BETWEEN_S)
    wire.run_until(wire.now + PATIENCE_S)

    stored = [put.end for put in puts if put.end]
    searched = [get.end for get in gets if get.end]
    residents = world.residents
    sizes = [resident.node.estimated_network_size / len(residents) for resident in residents]
    return Searching(
        weather=weather,
        nodes=len(residents),
        gets=len(searched),
        found=share(sum(report.item is not None for report, _ in searched), len(searched)),
        hops=mean([report.hops for report, _ in searched]),
        queries_per_get=mean([report.queried for report, _ in searched]),
        queries_per_put=mean([report.queried + len(report.outcomes) for report, _ in stored]),
        copies=mean([report.stored_nodes for report, _ in stored]),
        reached=mean(reached),
        first_answer_s=median([get.first_s for get in gets if get.first_s is not None]),
        get_s=median([took_s for _, took_s in searched]),
        put_s=median([took_s for _, took_s in stored]),
        believed_size=median(sizes),
        table=mean([resident.node.table_size for resident in residents]),
    )


def _reached(world: World, put: Question[PutReport]) -> float:
    """The share of the 20 nodes truly nearest to an item that hold it."""
    nearest = {contact.address for contact in world.nearest(put.item.target, NEAREST)}
    assert put.end is not None
    outcomes = put.end[0].outcomes
    holding = {outcome.address for outcome in outcomes if outcome.result == "stored"}
    return len(nearest & holding) / len(nearest)
