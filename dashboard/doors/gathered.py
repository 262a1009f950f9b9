"""Questions that are asked one by one and sent together: a page asks for dozens of small things."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 200


class _Round(Generic[T]):
    """Questions of one turn of the event loop, and their answers in the same order."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        self.answers: asyncio.Future[list[T]] = asyncio.get_running_loop().create_future()


class Gathered(Generic[T]):
    """Whoever asks first waits for one turn, then asks for all who came meanwhile."""

    def __init__(self, ask_all: Callable[[list[str]], Awaitable[list[T]]]) -> None:
        self._ask_all = ask_all
        self._round: _Round[T] | None = None

    async def ask(self, question: str) -> T:
        """The answer to this question; raises what asking for all raised."""
        this = self._round
        if this is not None and len(this.questions) < MOST:
            place = len(this.questions)
            this.questions.append(question)
            # Shielded: one who leaves must not take the answers from the others.
            return (await asyncio.shield(this.answers))[place]
        return await self._lead(question)

    async def _lead(self, question: str) -> T:
        this = self._round = _Round[T]()
        this.questions.append(question)
        try:
            await asyncio.sleep(0)
            if self._round is this:
                self._round = None
            found = await self._ask_all(this.questions)
        except BaseException as error:
            if not this.answers.done():
                this.answers.set_exception(error)
                this.answers.exception()  # seen: perhaps nobody else waits for it
            raise
        if not this.answers.done():
            this.answers.set_result(found)
        return found[0]
