"""Flood: more files than anybody wants to see in one list. It takes a while: only on request."""

from collections.abc import Iterator

from tests.sample_life.acts import Act, moment_us

JOINED_US = moment_us(2026, 11, 10)
KEYS = 120_000
FOLDERS = 3_000
DEPTH = 6
_BEGIN_US = moment_us(2026, 11, 11)
# Three thousand folders, four in each, are six deep.
_BRANCHES = 4


def life() -> Iterator[Act]:
    """Everything that Flood ever did, in the order of time."""
    for number in range(KEYS):
        path = f"/pub/flood.example/keys/{number * 7919 % KEYS:06}"
        yield Act(_BEGIN_US + number * 5000, "PUT", path, b"%d" % number)
    begin_us = _BEGIN_US + KEYS * 5000
    for number in range(1, FOLDERS + 1):
        path = f"/pub/flood.example/tree/{folder(number)}/leaf.txt"
        yield Act(begin_us + number * 5000, "PUT", path, b"leaf %d\n" % number)


def folder(number: int) -> str:
    """The path of a folder of the tree, which grows like a heap from number 1 on."""
    names: list[str] = []
    while number > 0:
        names.append(f"f{number}")
        number = (number - 1) // _BRANCHES
    return "/".join(reversed(names))
