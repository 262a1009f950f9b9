"""The store of the HTTP relay: acknowledgement, waiters, expiry and limits."""

from contextlib import ExitStack

import pytest

from appliance.errors import PubkyError
from appliance.http_relay.inbox import Inbox, RelayLimits, RelayMessage
from tests.support.settable_clock import SettableClock

HELLO = RelayMessage(b"hello")
NEWER = RelayMessage(b"newer")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def inbox(clock: SettableClock) -> Inbox:
    return Inbox(clock, RelayLimits(max_entries=3, max_waiters=2, max_total_bytes=100))


def found(inbox: Inbox, message_id: bytes) -> RelayMessage | None:
    with inbox.message_waiter(message_id) as waiter:
        return waiter.result() if waiter.done() else None


async def test_a_message_stays_until_it_is_acknowledged(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    assert found(inbox, b"a") is HELLO
    assert found(inbox, b"a") is HELLO
    assert inbox.acknowledge(b"a")
    assert found(inbox, b"a") is None


async def test_acknowledging_twice_is_fine(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    assert inbox.acknowledge(b"a")
    assert inbox.acknowledge(b"a")


async def test_a_message_that_was_never_posted_cannot_be_acknowledged(inbox: Inbox) -> None:
    assert not inbox.acknowledge(b"a")
    with inbox.message_waiter(b"a"):
        assert not inbox.acknowledge(b"a")


async def test_only_the_delivered_message_is_acknowledged(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    inbox.post(b"a", NEWER, 300)
    assert not inbox.acknowledge(b"a", delivered=HELLO)
    assert found(inbox, b"a") is NEWER
    assert inbox.acknowledge(b"a", delivered=NEWER)


async def test_the_acknowledgement_can_be_asked_for(inbox: Inbox) -> None:
    assert inbox.find_acknowledgement(b"a") is None
    inbox.post(b"a", HELLO, 300)
    assert inbox.find_acknowledgement(b"a") is False
    inbox.acknowledge(b"a")
    assert inbox.find_acknowledgement(b"a") is True
    inbox.post(b"a", NEWER, 300)
    assert inbox.find_acknowledgement(b"a") is False


async def test_a_message_wakes_everybody_who_waits_for_it(inbox: Inbox) -> None:
    with inbox.message_waiter(b"a") as first, inbox.message_waiter(b"a") as second:
        inbox.post(b"a", HELLO, 300)
        assert (first.result(), second.result()) == (HELLO, HELLO)


async def test_a_second_message_does_not_disturb_those_already_woken(inbox: Inbox) -> None:
    with inbox.message_waiter(b"a") as waiter:
        inbox.post(b"a", HELLO, 300)
        inbox.post(b"a", NEWER, 300)
        assert waiter.result() is HELLO


async def test_an_acknowledgement_wakes_those_who_wait_for_it(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    with inbox.ack_waiter(b"a") as first, inbox.ack_waiter(b"a") as second:
        assert not first.done()
        inbox.acknowledge(b"a")
        inbox.acknowledge(b"a")
        assert (first.result(), second.result()) == (True, True)


async def test_waiting_for_an_acknowledgement_that_was_given_ends_at_once(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    inbox.acknowledge(b"a")
    with inbox.ack_waiter(b"a") as waiter:
        assert waiter.result()


async def test_a_new_message_turns_away_those_who_wait_for_the_old_acknowledgement(
    inbox: Inbox,
) -> None:
    inbox.post(b"a", HELLO, 300)
    with inbox.ack_waiter(b"a") as waiter:
        inbox.post(b"a", NEWER, 300)
        assert not waiter.result()


async def test_nobody_can_wait_for_the_acknowledgement_of_nothing(inbox: Inbox) -> None:
    with inbox.message_waiter(b"a"), pytest.raises(PubkyError, match="Not found"):
        inbox.ack_waiter(b"a").__enter__()


async def test_too_many_waiters_for_a_message_are_refused(inbox: Inbox) -> None:
    with inbox.message_waiter(b"a"), inbox.message_waiter(b"a"):
        with pytest.raises(PubkyError, match="Too many concurrent requests"):
            inbox.message_waiter(b"a").__enter__()
        with inbox.message_waiter(b"b") as other:
            assert not other.done()


async def test_too_many_waiters_for_an_acknowledgement_are_refused(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    crowd = pytest.raises(PubkyError, match="Too many concurrent requests")
    with inbox.ack_waiter(b"a"), inbox.ack_waiter(b"a"), crowd:
        inbox.ack_waiter(b"a").__enter__()


async def test_a_waiter_that_leaves_frees_its_place(inbox: Inbox) -> None:
    for _ in range(5):
        with inbox.message_waiter(b"a"):
            pass
    assert len(inbox) == 0


async def test_an_expired_message_is_gone(inbox: Inbox, clock: SettableClock) -> None:
    inbox.post(b"a", HELLO, 300)
    clock.advance(299)
    assert found(inbox, b"a") is HELLO
    clock.advance(1)
    assert found(inbox, b"a") is None
    assert inbox.find_acknowledgement(b"a") is None
    assert len(inbox) == 0


async def test_an_expired_acknowledgement_is_gone(inbox: Inbox, clock: SettableClock) -> None:
    inbox.post(b"a", HELLO, 300)
    inbox.acknowledge(b"a")
    clock.advance(300)
    assert inbox.find_acknowledgement(b"a") is None


async def test_sweeping_drops_what_has_expired_and_tells_those_who_wait(
    inbox: Inbox, clock: SettableClock
) -> None:
    inbox.post(b"a", HELLO, 300)
    inbox.post(b"b", HELLO, 600)
    with inbox.ack_waiter(b"a") as waiter:
        assert inbox.sweep(clock() + 300_000_000) == 1
        assert not waiter.result()
    assert len(inbox) == 1


async def test_those_who_wait_for_a_message_outlast_the_expiry_of_an_older_one(
    inbox: Inbox, clock: SettableClock
) -> None:
    inbox.post(b"a", HELLO, 300)
    inbox.acknowledge(b"a")
    with inbox.message_waiter(b"a") as first, inbox.message_waiter(b"a") as second:
        inbox.sweep(clock() + 300_000_000)
        clock.advance(300)
        inbox.post(b"a", NEWER, 300)
        assert (first.result(), second.result()) == (NEWER, NEWER)


async def test_looking_at_an_expired_message_keeps_those_who_wait(
    inbox: Inbox, clock: SettableClock
) -> None:
    inbox.post(b"a", HELLO, 300)
    inbox.acknowledge(b"a")
    with inbox.message_waiter(b"a") as waiter:
        clock.advance(300)
        assert inbox.find_acknowledgement(b"a") is None
        inbox.post(b"a", NEWER, 300)
        assert waiter.result() is NEWER


async def test_the_oldest_message_makes_room(inbox: Inbox) -> None:
    for message_id in (b"a", b"b", b"c"):
        inbox.post(message_id, HELLO, 300)
    inbox.post(b"a", NEWER, 300)
    inbox.post(b"d", HELLO, 300)
    assert len(inbox) == 3
    assert found(inbox, b"a") is NEWER
    assert found(inbox, b"b") is None


async def test_an_expired_message_makes_room_before_the_oldest(
    inbox: Inbox, clock: SettableClock
) -> None:
    inbox.post(b"old", HELLO, 600)
    inbox.post(b"short", HELLO, 1)
    inbox.post(b"new", HELLO, 600)
    clock.advance(1)
    inbox.post(b"newest", HELLO, 600)
    assert found(inbox, b"old") is HELLO


async def test_an_evicted_waiter_is_told(inbox: Inbox) -> None:
    with inbox.message_waiter(b"a") as waiter:
        for message_id in (b"b", b"c", b"d"):
            inbox.post(message_id, HELLO, 300)
        assert waiter.result() is None
        inbox.post(b"a", NEWER, 300)
    assert found(inbox, b"a") is NEWER


async def test_waiters_take_up_room_like_messages(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    with ExitStack() as stack:
        for message_id in (b"b", b"c", b"d"):
            stack.enter_context(inbox.message_waiter(message_id))
        assert len(inbox) == 3
    assert len(inbox) == 0


async def test_the_bytes_of_all_messages_are_bounded(inbox: Inbox) -> None:
    inbox.post(b"a", RelayMessage(bytes(60)), 300)
    inbox.post(b"b", RelayMessage(bytes(40)), 300)
    assert len(inbox) == 2
    inbox.post(b"c", RelayMessage(b"x"), 300)
    assert found(inbox, b"a") is None
    assert found(inbox, b"b") is not None


async def test_acknowledged_and_replaced_bodies_take_no_room(inbox: Inbox) -> None:
    inbox.post(b"a", HELLO, 300)
    for _ in range(5):
        inbox.post(b"b", RelayMessage(bytes(90)), 300)
        inbox.acknowledge(b"b")
    assert found(inbox, b"a") is HELLO
