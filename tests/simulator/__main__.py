"""`make simulate`: ten thousand nodes in calm, loss and churn, and under attack.

Writes `docs/dht-simulation.md` and its plot. Two processes share the work; each says how far it is.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.simulator.attacks import AROUND_AN_ITEM, surround
from tests.simulator.crowding import ECLIPSES, crowd
from tests.simulator.figures import Keeping, Searching, Surrounding, Upkeep
from tests.simulator.keeping import Plan, keep
from tests.simulator.questions import Questions
from tests.simulator.report import draw, page
from tests.simulator.searching import CALM, LOSS, STORM, Weather, search
from tests.simulator.world import World

DOCS = Path(__file__).parent.parent.parent / "docs"
HABITS = {"never": None, "every hour": 1.0}
PROCESSES = 2


def main() -> int:
    """Simulate and write the page."""
    wish = _parser().parse_args()
    began_s = time.monotonic()
    with ProcessPoolExecutor(PROCESSES) as pool:
        storm = pool.submit(stormy, wish.seed, wish.nodes, wish.hours)
        calm = pool.submit(still, wish.seed, CALM, wish.nodes, wish.gets)
        loss = pool.submit(still, wish.seed, LOSS, wish.nodes, wish.gets)
        attackers = wish.nodes // 2
        surroundings = [
            pool.submit(sybil, wish.seed, attackers, wish.targets, number)
            for number in range(len(AROUND_AN_ITEM))
        ]
        eclipses = [
            pool.submit(crowd, wish.seed, wish.nodes // 5, 5, 0.5, one, partial(say, "eclipse"))
            for one in ECLIPSES
        ]
        keeping, upkeep, in_storm = storm.result()
        text = page(
            wish.seed,
            [calm.result(), loss.result(), *in_storm],
            [keeping],
            [upkeep],
            [each.result() for each in surroundings],
            [each.result() for each in eclipses],
            time.monotonic() - began_s,
        )
    wish.folder.mkdir(parents=True, exist_ok=True)
    (wish.folder / "dht-simulation.md").write_text(text, encoding="utf-8")
    draw(wish.folder / "dht-simulation.svg", [keeping])
    print(text)
    return 0


def still(seed: int, weather: Weather, nodes: int, gets: int) -> Searching:
    """Searches in a network in which nobody comes or goes."""
    world = World(seed, weather.loss)
    world.populate(nodes)
    found = search(world, Questions(world), gets, 0, weather.name)
    say(weather.name, f"{found.found:.0%} found")
    return found


def sybil(seed: int, nodes: int, targets: int, number: int) -> Surrounding:
    """One of the attacks around an item, by its number: a function cannot be sent to a process."""
    return surround(seed, nodes, targets, AROUND_AN_ITEM[number], partial(say, "sybil"))


def stormy(seed: int, nodes: int, hours: float) -> tuple[Keeping, Upkeep, list[Searching]]:
    """Items over time while nodes come and go, and searches at each look."""
    plan = Plan(STORM, nodes, hours, 2, 40, HABITS, searches=40)
    return keep(seed, plan, partial(say, "storm"))


def say(what: str, how_far: str) -> None:
    """Progress, for who waits."""
    print(f"{what}: {how_far}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=1.0, help="how long the storm lasts")
    parser.add_argument("--gets", type=int, default=200)
    parser.add_argument("--targets", type=int, default=10, help="items under attack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the page is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
