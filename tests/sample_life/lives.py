"""The lives of all six, by their names, and what they say about themselves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.sample_life import ada, bo, dee, flood, mallory
from tests.sample_life.acts import START_US, Act, moment_us
from tests.sample_life.people import Name


@dataclass(frozen=True, slots=True)
class Life:
    """When somebody joined, and what they did since, in the order of time."""

    joined_us: int
    acts: Callable[[], Iterable[Act]]
    about: str


LIVES: dict[Name, Life] = {
    "ada": Life(START_US, ada.life, "runs the node, and has used it for twenty months"),
    "bo": Life(bo.JOINED_US, bo.life, "writes little, and has nearly filled a quota"),
    "cy": Life(moment_us(2026, 11, 15, 19), tuple, "signed up and wrote nothing"),
    "dee": Life(dee.JOINED_US, dee.life, "was disabled by the operator"),
    "mallory": Life(mallory.JOINED_US, mallory.life, "keeps what may harm whoever looks at it"),
    "flood": Life(flood.JOINED_US, flood.life, "has 123,000 files in two trees"),
}
