"""Questions of one turn go together, and each gets its own answer."""

import asyncio

import pytest

from dashboard.doors.gathered import MOST, Gathered


class Answers:
    """Answers with the question in capitals, and remembers what was asked together."""

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []

    async def all(self, questions: list[str]) -> list[str]:
        self.rounds.append(list(questions))
        await asyncio.sleep(0)
        if "bad" in questions:
            raise ValueError("bad")
        return [question.upper() for question in questions]


async def test_questions_of_one_turn_are_sent_together() -> None:
    answers = Answers()
    gathered = Gathered(answers.all)
    found = await asyncio.gather(*(gathered.ask(word) for word in ("a", "b", "a")))
    assert found == ["A", "B", "A"]
    assert answers.rounds == [["a", "b", "a"]]


async def test_a_later_question_is_sent_by_itself() -> None:
    answers = Answers()
    gathered = Gathered(answers.all)
    assert await gathered.ask("a") == "A"
    assert await gathered.ask("b") == "B"
    assert answers.rounds == [["a"], ["b"]]


async def test_more_than_fit_go_in_several_rounds() -> None:
    answers = Answers()
    gathered = Gathered(answers.all)
    words = [f"w{number}" for number in range(MOST * 2 + 5)]
    found = await asyncio.gather(*(gathered.ask(word) for word in words))
    assert found == [word.upper() for word in words]
    assert max(map(len, answers.rounds)) <= MOST


async def test_everybody_of_a_round_learns_that_it_failed() -> None:
    gathered = Gathered(Answers().all)
    found = await asyncio.gather(gathered.ask("bad"), gathered.ask("b"), return_exceptions=True)
    assert [type(each) for each in found] == [ValueError, ValueError]


async def test_one_who_leaves_takes_nothing_from_the_others() -> None:
    gathered = Gathered(Answers().all)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(gathered.ask("a"))
        leaving = group.create_task(gathered.ask("b"))
        third = group.create_task(gathered.ask("c"))
        await asyncio.sleep(0)
        leaving.cancel()
    assert (first.result(), third.result()) == ("A", "C")
    with pytest.raises(asyncio.CancelledError):
        leaving.result()
