"""`make fuzz`: every target for some seconds, with the number of inputs and what was found.

A finding is an input that lets a stray exception through, breaks an invariant, or takes longer than
five seconds or more than 1 GiB. Its file can be fed again with `--replay FILE TARGET`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.one import MISSING
from tests.fuzz.outcome import Outcome
from tests.fuzz.targets import TARGETS

KEPT = Path(__file__).parent.parent.parent / ".fuzz"
LONGEST_INPUT = 4096
PATIENCE_S = 5
MEMORY_MIB = 1024
# How long a target may take to start and to end, beside its time.
EXTRA_S = 120


def main(arguments: list[str] | None = None) -> int:
    """Fuzz and print one line a target; 1 when something was found."""
    parser = _parser()
    wish = parser.parse_args(arguments)
    unknown = [name for name in wish.targets if name not in TARGETS]
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)} (there are {', '.join(TARGETS)})")
    if wish.replay is not None:
        if len(wish.targets) != 1:
            parser.error("--replay feeds one file to one target")
        return _replay(wish.targets[0], wish.replay)
    print(Outcome.HEADING, flush=True)
    outcomes = []
    for name in wish.targets or TARGETS:
        outcome = fuzz(name, wish.seconds, wish.runs)
        outcomes.append(outcome)
        print(outcome.line(name), flush=True)
        if outcome.is_finding:
            print(outcome.log[-3000:], file=sys.stderr, flush=True)
    findings = sum(outcome.is_finding for outcome in outcomes)
    inputs = sum(outcome.inputs for outcome in outcomes)
    print(f"{len(outcomes)} targets, {inputs:,} inputs, {findings or 'no'} findings")
    return 1 if findings else 0


def _replay(name: str, file: Path) -> int:
    """An exception ends the program with its traceback: that is what replaying is for."""
    TARGETS[name].feed(file.read_bytes())
    print(f"{name}: {file} is taken well")
    return 0


def fuzz(name: str, seconds: int, runs: int | None) -> Outcome:
    """Fuzz one target for so long or so often; what leads to new code is kept for the next time."""
    corpus, findings = KEPT / "corpus" / name, KEPT / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as seeds:
        for number, seed in enumerate(TARGETS[name].seeds()):
            Path(seeds, str(number)).write_bytes(seed)
        limit = f"-max_total_time={seconds}" if runs is None else f"-runs={runs}"
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.fuzz.one",
                name,
                limit,
                f"-max_len={LONGEST_INPUT}",
                f"-timeout={PATIENCE_S}",
                f"-rss_limit_mb={MEMORY_MIB}",
                "-print_final_stats=1",
                f"-artifact_prefix={findings}/{name}-",
                str(corpus),
                seeds,
            ],
            cwd=KEPT.parent,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + EXTRA_S if runs is None else None,
            check=False,
        )
    log = ended.stdout + ended.stderr
    if MISSING in log:
        raise SystemExit(
            f"{MISSING}. `make fuzz` installs it on Linux (x86-64 and ARM64, CPython 3.11 to 3.14)."
        )
    outcome = Outcome.of(log, failed=ended.returncode != 0)
    if outcome.is_finding and outcome.reproducer is None:
        raise SystemExit(f"{name} could not be fuzzed:\n{log[-3000:]}")
    return outcome


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all if none is named")
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--seconds", type=int, default=20, help="for each target (20)")
    much.add_argument("--runs", type=int, help="inputs for each target, in place of seconds")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="feed one input to one target")
    return parser


if __name__ == "__main__":
    sys.exit(main())
