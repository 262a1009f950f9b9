"""What is known of a job, running or over, and its form on the disk."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from dashboard import json_twin

Kind = Literal["export", "check", "import", "move", "compare", "watch", "leave", "restore"]
State = Literal["running", "done", "failed", "cancelled", "interrupted"]
Unit = Literal["files", "bytes", "text", "hash"]


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the work. A total is None while nobody knows it."""

    title: str
    files: int = 0
    byte_count: int = 0
    total_files: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the log."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the receipt."""

    name: str
    value: int | str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Sample:
    """One of many paths, with what there is to say of it."""

    path: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Files with the same fate: how many, and some of them."""

    name: str
    files: int
    byte_count: int
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as its owner sees it. `message` is how it ended, in words."""

    id: str
    kind: Kind
    title: str
    owner: str
    sign_in_id: int
    started_at: datetime
    state: State = "running"
    ended_at: datetime | None = None
    message: str = ""
    steps: tuple[Step, ...] = ()
    log: tuple[Note, ...] = ()
    facts: tuple[Fact, ...] = ()
    groups: tuple[Group, ...] = field(default=())

    @property
    def is_running(self) -> bool:
        """Whether it is still at work."""
        return self.state == "running"

    def group(self, name: str) -> Group:
        """The files with this fate, perhaps none."""
        return next((each for each in self.groups if each.name == name), Group(name, 0, 0))


def to_text(record: JobRecord) -> str:
    """The record as it is kept."""
    return json_twin.write(record)


def parse(text: str) -> JobRecord:
    """Read what was kept. Raises `ValueError` for a file of another making."""
    try:
        return _record(json.loads(text))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not the record of a job: {error}") from error


def _record(said: dict[str, Any]) -> JobRecord:
    if said["kind"] not in get_args(Kind) or said["state"] not in get_args(State):
        raise ValueError("a job of a kind or state that is not known")
    ended_at = said["ended_at"]
    rest = {
        "started_at": datetime.fromisoformat(said["started_at"]),
        "ended_at": None if ended_at is None else datetime.fromisoformat(ended_at),
        "steps": tuple(Step(**each) for each in said["steps"]),
        "log": tuple(
            Note(datetime.fromisoformat(each["at"]), each["text"]) for each in said["log"]
        ),
        "facts": tuple(Fact(**each) for each in said["facts"]),
        "groups": tuple(
            Group(
                each["name"],
                each["files"],
                each["byte_count"],
                tuple(Sample(**sample) for sample in each["samples"]),
            )
            for each in said["groups"]
        ),
    }
    return JobRecord(**(said | rest))
