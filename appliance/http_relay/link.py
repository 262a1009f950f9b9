"""Two parties meet: each waits for the other, and delivery is the acknowledgement.

The older protocol of SDK 0.6.0, kept on top of the inbox's store so that both see one message.
"""

from contextlib import AbstractContextManager

from appliance.http_relay.inbox import AckWaiter, Inbox, MessageWaiter, RelayMessage


class Link:
    """The link face of an inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def offer(self, channel_id: bytes, message: RelayMessage) -> AbstractContextManager[AckWaiter]:
        """Store a message and return the producer's place; its future tells of the delivery."""
        self._inbox.post(channel_id, message, self._inbox.limits.link_ttl_s)
        return self._inbox.ack_waiter(channel_id)

    def consume(self, channel_id: bytes) -> AbstractContextManager[MessageWaiter]:
        """The consumer's place; call `delivered` with the message it yields."""
        return self._inbox.message_waiter(channel_id)

    def delivered(self, channel_id: bytes, message: RelayMessage) -> None:
        """Acknowledge exactly this message; a newer one under the same id stays."""
        self._inbox.acknowledge(channel_id, delivered=message)
