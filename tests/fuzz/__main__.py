"""`make fuzz`: every target for some seconds, with the number of inputs and what was found.

A finding is an input that lets a stray exception through, breaks an invariant, or takes longer than
ten seconds or more than 1 GiB. Its file can be fed again with `--replay FILE TARGET`.
"""

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS

KEPT = Path(__file__).parent.parent.parent / ".fuzz"
LONGEST_INPUT = 4096
PATIENCE_S = 10
MEMORY_MIB = 1024
# How long a target may take to start and to end, beside its time.
EXTRA_S = 120

_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_DONE = re.compile(r"Done (\d+) runs")
_COVERAGE = re.compile(r"cov: (\d+)")
_REPRODUCER = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one target did; `reproducer` is the file of a finding."""

    inputs: int
    coverage: int
    reproducer: str | None
    log: str


def main() -> int:
    """Fuzz and print one line a target; 1 when something was found."""
    wish = _parser().parse_args()
    if wish.replay is not None:
        (name,) = wish.targets or [""]
        TARGETS[name].feed(wish.replay.read_bytes())
        print(f"{name}: {wish.replay} is taken well")
        return 0
    found = 0
    print(f"{'target':<14} {'inputs':>10} {'edges':>7}  finding", flush=True)
    total = 0
    for name in wish.targets or TARGETS:
        outcome = run(name, wish.seconds)
        total += outcome.inputs
        finding = outcome.reproducer or "none"
        print(f"{name:<14} {outcome.inputs:>10,} {outcome.coverage:>7,}  {finding}", flush=True)
        if outcome.reproducer is not None:
            found += 1
            print(outcome.log[-3000:], file=sys.stderr)
    print(f"{'all':<14} {total:>10,}          {found or 'none'}")
    return 1 if found else 0


def run(name: str, seconds: int) -> Outcome:
    """Fuzz one target for so long; its corpus is kept for the next time."""
    corpus, findings = KEPT / "corpus" / name, KEPT / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz.one",
            name,
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST_INPUT}",
            f"-timeout={PATIENCE_S}",
            f"-rss_limit_mb={MEMORY_MIB}",
            "-print_final_stats=1",
            f"-artifact_prefix={findings}/{name}-",
            str(corpus),
        ],
        cwd=KEPT.parent,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + EXTRA_S,
        check=False,
    )
    log = ended.stdout + ended.stderr
    if "No module named 'atheris'" in log:
        raise SystemExit("atheris is missing; 'make fuzz' installs it")
    inputs = _EXECUTED.findall(log) or _DONE.findall(log) or ["0"]
    coverage = _COVERAGE.findall(log) or ["0"]
    reproducer = _REPRODUCER.search(log)
    if ended.returncode and reproducer is None:
        raise SystemExit(f"{name} could not be fuzzed:\n{log[-3000:]}")
    return Outcome(int(inputs[-1]), int(coverage[-1]), reproducer and reproducer[1], log)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=20, help="for each target (20)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="feed one input to one target")
    return parser


if __name__ == "__main__":
    sys.exit(main())
