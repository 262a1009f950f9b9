"""Open questions: answered once, by whom they were asked, or given up in time."""

import random
from itertools import pairwise
from math import inf

from appliance.mainline.messages import FindNode, Ping
from appliance.mainline.node_ids import Address
from appliance.mainline.transactions import MAX_PENDING, Pending, Transactions

THERE: Address = ("203.0.113.1", 6881)
ELSEWHERE: Address = ("203.0.113.2", 6881)


def transactions() -> Transactions:
    return Transactions(2.0, random.Random(1))


def test_a_question_has_four_bytes_that_nobody_can_foresee() -> None:
    asked = transactions()
    ids = [asked.begin(Pending(THERE), 0.0) for _ in range(100)]
    assert {len(transaction_id) for transaction_id in ids} == {4}
    numbers = [int.from_bytes(transaction_id, "big") for transaction_id in ids]
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    assert len(steps) > 90


def test_two_open_questions_never_share_a_number() -> None:
    class Stubborn(random.Random):
        """Draws everything three times."""

        drawn = 0

        def randbytes(self, n: int) -> bytes:
            self.drawn += 1
            return (self.drawn // 3).to_bytes(n, "big")

    asked = Transactions(2.0, Stubborn())
    assert len({asked.begin(Pending(THERE), 0.0) for _ in range(20)}) == 20


def test_an_answer_ends_its_question_once() -> None:
    asked = transactions()
    transaction_id = asked.begin(Pending(THERE, FindNode(bytes(20)), 7), 1.5)
    pending = asked.finish(transaction_id, THERE)
    assert pending == Pending(THERE, FindNode(bytes(20)), 7, 1.5)
    assert asked.finish(transaction_id, THERE) is None
    assert len(asked) == 0


def test_only_who_was_asked_may_answer() -> None:
    asked = transactions()
    transaction_id = asked.begin(Pending(THERE), 0.0)
    assert asked.finish(transaction_id, ELSEWHERE) is None
    assert asked.finish(transaction_id, (THERE[0], 6882)) is None
    assert asked.finish(b"????", THERE) is None
    assert asked.finish(transaction_id, THERE) is not None


def test_an_answer_is_expected_from_where_a_question_is_open() -> None:
    asked = transactions()
    first, second = asked.begin(Pending(THERE), 0.0), asked.begin(Pending(THERE), 0.0)
    assert asked.expects(THERE)
    assert not asked.expects(ELSEWHERE)
    asked.finish(first, THERE)
    assert asked.expects(THERE)
    asked.finish(second, THERE)
    assert not asked.expects(THERE)


def test_a_late_question_is_told_once_and_then_forgotten() -> None:
    asked = transactions()
    transaction_id = asked.begin(Pending(THERE), 0.0)
    asked.begin(Pending(ELSEWHERE), 1.0)
    assert asked.next_deadline == 2.0
    assert list(asked.expired(1.9)) == []
    assert [pending.address for pending in asked.expired(2.0)] == [THERE]
    assert list(asked.expired(2.0)) == []
    assert asked.finish(transaction_id, THERE) is None
    assert asked.next_deadline == 3.0


def test_without_open_questions_there_is_no_deadline() -> None:
    asked = transactions()
    assert asked.next_deadline == inf
    asked.finish(asked.begin(Pending(THERE), 0.0), THERE)
    assert asked.next_deadline == inf


def test_what_is_asked_while_others_expire_has_its_own_time() -> None:
    asked = transactions()
    asked.begin(Pending(THERE, Ping(), 1), 0.0)
    for pending in asked.expired(2.0):
        asked.begin(Pending(ELSEWHERE, Ping(), pending.number + 1), 2.0)
    assert asked.next_deadline == 4.0
    assert len(asked) == 1


def test_with_too_many_open_questions_the_oldest_are_given_up_early() -> None:
    asked = transactions()
    for number in range(MAX_PENDING + 10):
        asked.begin(Pending(THERE, Ping(), number), 0.0)
    assert [pending.number for pending in asked.expired(0.0)] == list(range(10))
    assert len(asked) == MAX_PENDING
