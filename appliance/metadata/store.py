"""What the rest of the program knows of a database: transactions are plain functions of a `Tx`.

A transaction function runs from start to end off the event loop and is committed when it returns.
It cannot await, so nothing interleaves, and a client that leaves cannot stop it halfway.
"""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from appliance.metrics import Distribution

Params = ParamSpec("Params")
Result = TypeVar("Result")
Value = int | str | bytes | None
Row = Sequence[Any]


class Tx(Protocol):
    """One open transaction. Parameters are written `?` on every engine."""

    def one(self, sql: str, *params: Value) -> Row | None:
        """The first row, or None."""

    def all(self, sql: str, *params: Value) -> list[Row]:
        """Every row."""

    def run(self, sql: str, *params: Value) -> int:
        """Execute a statement and return how many rows it changed."""

    def order_events(self) -> None:
        """Hold back other event writers until this transaction ends, so that event ids become
        visible in commit order. Called last before an event is appended."""


class WriteFigures:
    """What writing costs, for those who watch."""

    def __init__(self) -> None:
        self.group_sizes = Distribution((1, 2, 4, 8, 16, 32, 64))
        """Transactions in one commit."""
        self.durations_s = Distribution(
            (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
        )
        """From asking for a transaction to its commit, the wait for others included."""


Transaction = Callable[Concatenate[Tx, Params], Result]


class Metadata(Protocol):
    """A database that runs transactions."""

    async def write(
        self,
        transaction: Transaction[Params, Result],
        /,
        *args: Params.args,
        **kwargs: Params.kwargs,
    ) -> Result:
        """Run and durably commit; raises what the function raises and then changes nothing."""

    async def read(
        self, query: Transaction[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """Run against a consistent snapshot; for anything that may take long."""

    async def peek(
        self, query: Transaction[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """Run a look-up of a row or two the fastest way the engine has."""

    def on_new_events(self, callback: Callable[[], None]) -> None:
        """Call back on the event loop after every commit that appended events.

        A hint, not more: what other processes commit is not announced.
        """

    @property
    def write_figures(self) -> WriteFigures:
        """What was written since the start."""

    @property
    def waiting_writes(self) -> int:
        """Transactions that no commit has taken up yet."""

    async def prove_writable(self, now_s: int) -> None:
        """Commit something real that nobody reads; raises what a write raises."""

    async def close(self) -> None:
        """Finish what was begun and close."""
