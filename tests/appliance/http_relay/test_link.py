"""Two parties meeting over the inbox's store."""

from appliance.http_relay.inbox import Inbox, RelayLimits, RelayMessage
from appliance.http_relay.link import Link
from tests.support.settable_clock import SettableClock

HELLO = RelayMessage(b"hello")


async def test_delivery_acknowledges_the_offer() -> None:
    link = Link(Inbox(SettableClock(), RelayLimits()))
    with link.consume(b"a") as consumer, link.offer(b"a", HELLO) as producer:
        message = consumer.result()
        assert message is HELLO
        assert not producer.done()
        link.delivered(b"a", message)
        assert producer.result()


async def test_delivery_of_a_replaced_message_leaves_the_newer_one() -> None:
    link = Link(Inbox(SettableClock(), RelayLimits()))
    with link.offer(b"a", HELLO), link.offer(b"a", RelayMessage(b"newer")) as producer:
        link.delivered(b"a", HELLO)
        assert not producer.done()


async def test_an_offer_lives_as_long_as_its_producer_may_wait() -> None:
    clock = SettableClock()
    inbox = Inbox(clock, RelayLimits())
    with Link(inbox).offer(b"a", HELLO):
        clock.advance(599)
        assert inbox.find_acknowledgement(b"a") is False
        clock.advance(1)
        assert inbox.find_acknowledgement(b"a") is None
