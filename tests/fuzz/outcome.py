"""What libFuzzer says about one run, as one line for people."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

_EXECUTED = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)
_RATE = re.compile(r"^stat::average_exec_per_sec:\s+(\d+)", re.MULTILINE)
_MEMORY = re.compile(r"^stat::peak_rss_mb:\s+(\d+)", re.MULTILINE)
_START = re.compile(r"\bINITED\s+cov: (\d+)")
_EDGES = re.compile(r"^#\d+\s+[A-Za-z]+\s+cov: (\d+)", re.MULTILINE)
_REPRODUCER = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one target did. `edges` are those of our code that were passed, `new_edges` those that no
    seed and no earlier run had passed; `reproducer` is the file of a finding."""

    HEADING: ClassVar[str] = (
        f"{'target':<15}{'inputs':>11}{'/s':>9}{'edges':>7}{'new':>5}{'MiB':>5}  finding"
    )

    inputs: int
    per_second: int
    edges: int
    new_edges: int
    memory_mib: int
    is_finding: bool
    reproducer: str | None
    log: str

    @classmethod
    def of(cls, log: str, *, failed: bool) -> Self:
        """Read what was printed by a run that ended well or `failed`."""
        edges = _last(_EDGES, log)
        reproducer = _REPRODUCER.search(log)
        return cls(
            _last(_EXECUTED, log),
            _last(_RATE, log),
            edges,
            edges - _last(_START, log, edges),
            _last(_MEMORY, log),
            failed,
            reproducer[1] if reproducer else None,
            log,
        )

    def line(self, name: str) -> str:
        """Below `HEADING`."""
        return (
            f"{name:<15}{self.inputs:>11,}{self.per_second:>9,}{self.edges:>7,}"
            f"{self.new_edges:>5,}{self.memory_mib:>5,}  {self.reproducer or 'none'}"
        )


def _last(pattern: re.Pattern[str], log: str, otherwise: int = 0) -> int:
    found = pattern.findall(log)
    return int(found[-1]) if found else otherwise
