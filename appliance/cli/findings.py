"""What `doctor` finds: one thing looked at, what was seen, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that could not be made is a warning, never bad: our own outage is nobody's fault."""

    subject: str
    verdict: Verdict
    evidence: str
    remedy: str = ""
