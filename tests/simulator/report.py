"""The figures of a run as a page with tables, and its plot."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.simulator.figures import Crowding, Keeping, Searching, Surrounding, Upkeep

INTRODUCTION = """# How the DHT node does among many

`make simulate` runs the very machine of `appliance/mainline/node.py` many times over in one
process, on a wire in memory and in virtual time: datagrams take a while, get lost, nodes come and
go, and some lie. The same seed gives the same figures. This page and its plot are written by that
command.

**What is assumed.** All nodes are ours, servers with public IPv4 addresses and the ids that BEP 42
allows there. One way takes 0.05 s in the median, with a long tail. Tables are filled at the start
as if everybody had been there for long: each bucket holds up to 20 of those who belong there. With
churn, half of the nodes vanish in an hour without a word, and each is replaced by one that knows
nobody but five entrances. The real network has other programs and more nodes behind routers, so
these figures compare weathers and attacks; they do not promise anything about the real one.
"""
ABOUT_SEARCHES = """`reached` is the share of the truly 20 nearest nodes that acknowledged the item;
under loss more of them hold it, because acknowledgements get lost as well. Queries are nodes asked,
without repetitions. Times are medians; a get tells its item with the first answer and then goes on
for the newest.
"""
ABOUT_SYBILS = """They answer every question at once, name each other, hand out tokens and keep
nothing. `near` is how many of them stand among or before the 20 nearest of ours.
"""
ABOUT_ECLIPSES = """They call the victim every minute to get into its table. Old victims knew others
before; newcomers join while the attack goes on.
"""


def page(
    seed: int,
    searching: Sequence[Searching],
    keeping: Sequence[Keeping],
    upkeep: Sequence[Upkeep],
    surrounding: Sequence[Surrounding],
    crowding: Sequence[Crowding],
    took_s: float,
) -> str:
    """The whole page in Markdown."""
    parts = [
        INTRODUCTION,
        f"This run: seed {seed}, {took_s / 60:.0f} minutes on two cores.\n",
        "![Items found over time](dht-simulation.svg)\n",
        "## Searches and puts\n",
        ABOUT_SEARCHES,
        _table(
            "weather | nodes | gets | found | hops | queries per get | queries and puts per put |"
            " copies | reached | first answer s | get s | put s",
            [
                f"{one.weather} | {one.nodes:,} | {one.gets} | {one.found:.1%} | {one.hops:.1f} |"
                f" {one.queries_per_get:.0f} | {one.queries_per_put:.0f} | {one.copies:.1f} |"
                f" {one.reached:.0%} | {one.first_answer_s:.2f} | {one.get_s:.1f} | {one.put_s:.1f}"
                for one in searching
            ],
        ),
        "## Items over time, with 30 % loss and half of the nodes replaced in an hour\n",
        *(_kept(one) for one in keeping),
        "## What it costs to be a node\n",
        _table(
            "weather | nodes | datagrams sent an hour | bytes sent a second |"
            " KiB at the start | KiB at the end",
            [
                f"{one.weather} | {one.nodes:,} | {one.datagrams_per_hour:,.0f} |"
                f" {one.bytes_per_second:.0f} | {one.kib_at_start:.0f} | {one.kib_at_end:.0f}"
                for one in upkeep
            ],
        ),
        "## Attackers around an item (sybil)\n",
        ABOUT_SYBILS,
        _table(
            "attack | items | near | copies lost to them | honest copies | fewest | found",
            [
                f"{one.attack} | {one.targets} | {one.near:.0f} | {one.lost_copies:.0%} |"
                f" {one.honest_copies:.1f} | {one.least_copies} | {one.found:.1%}"
                for one in surrounding
            ],
        ),
        "## Attackers around a victim (eclipse)\n",
        ABOUT_ECLIPSES,
        _table(
            "attack | attackers | of the network | of an old table | of its 20 nearest |"
            " of a newcomer's table | of its 20 nearest | found by victims",
            [
                f"{one.attack} | {one.attackers:,} | {one.of_network:.1%} | {one.of_table:.1%} |"
                f" {one.of_nearest:.1%} | {one.of_table_of_newcomers:.1%} |"
                f" {one.of_nearest_of_newcomers:.1%} | {one.found:.1%}"
                for one in crowding
            ],
        ),
    ]
    return "\n".join(parts)


def _kept(one: Keeping) -> str:
    rows = [
        f"{hour:g} | "
        + " | ".join(
            f"{one.found[habit][look]:.0%} ({one.copies[habit][look]:.1f})" for habit in one.found
        )
        for look, hour in enumerate(one.hours)
    ]
    note = f"{one.nodes:,} nodes. Found, and in brackets the copies that the living hold.\n\n"
    return note + _table("hours | " + " | ".join(one.found), rows)


def _table(head: str, rows: Sequence[str]) -> str:
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|" + "---|" * columns, *(f"| {row} |" for row in rows)]
    return "\n".join(lines) + "\n"


def draw(file: Path, keeping: Sequence[Keeping]) -> None:
    """The plot of items found and copies held over time, as SVG."""
    # By name, because only `make simulate` installs it and the types must be checked without.
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "dht"
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    for one in keeping:
        for habit in one.found:
            left.plot(one.hours, [100 * value for value in one.found[habit]], label=habit)
            right.plot(one.hours, one.copies[habit], label=habit)
    left.set(xlabel="hours", ylabel="items found, %", ylim=(0, 105))
    right.set(xlabel="hours", ylabel="copies held by living nodes", ylim=(0, None))
    right.legend(title="stored again")
    figure.suptitle("30 % loss, half of the nodes replaced in an hour")
    figure.tight_layout()
    figure.savefig(file, format="svg", metadata={"Date": None})
