"""A network in memory: datagrams arrive later, or never, and time jumps from event to event."""

import heapq
import random
from collections.abc import Callable
from functools import partial
from math import log
from typing import Protocol

from appliance.mainline.node_ids import Address

# One way, in seconds: half of all datagrams take longer than the median, 1 of 40 more than
# two and a half times as long. Round trips of 0.1 s with a long tail are what crawls report.
MEDIAN_LATENCY_S = 0.05
LATENCY_SPREAD = 0.5
LEAST_LATENCY_S = 0.002


class Machine(Protocol):
    """What can be plugged in: our node, or somebody who behaves worse."""

    @property
    def wake_at(self) -> float:
        """When `tick` must be called at the latest."""

    def receive(self, datagram: bytes, source: Address, now: float) -> None:
        """A datagram came."""

    def tick(self, now: float) -> None:
        """Time passed."""

    def take_datagrams(self) -> list[tuple[bytes, Address]]:
        """What is to be sent."""


class Wire:
    """Machines by address, and everything that is still to happen, in order.

    Two things at one moment happen in the order in which they were planned, so the same seed
    gives the same history.
    """

    def __init__(self, chance: random.Random, loss: float = 0.0) -> None:
        self.now = 0.0
        self.loss = loss
        self.sent = 0
        self.sent_bytes = 0
        self.delivered = 0
        self._chance = chance
        self._machines: dict[Address, Machine] = {}
        self._wakes_at: dict[Address, float] = {}
        self._listeners: dict[Address, Callable[[], None]] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0

    def plug(self, address: Address, machine: Machine) -> None:
        """From now on a machine is there."""
        self._machines[address] = machine
        self.flush(address)

    def unplug(self, address: Address) -> None:
        """It is gone, without a word."""
        del self._machines[address]
        self._wakes_at.pop(address, None)
        self._listeners.pop(address, None)

    def listen(self, address: Address, listener: Callable[[], None]) -> None:
        """Call this whenever the machine did something."""
        self._listeners[address] = listener

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Plan something."""
        self._planned += 1
        heapq.heappush(self._events, (moment, self._planned, action))

    def run_until(self, moment: float) -> None:
        """Let everything up to a moment happen."""
        events = self._events
        while events and events[0][0] <= moment:
            self.now, _, action = heapq.heappop(events)
            action()
        self.now = moment

    def flush(self, address: Address) -> None:
        """Send what a machine has, and note when it wants to be woken."""
        machine = self._machines[address]
        for datagram, to in machine.take_datagrams():
            self.sent += 1
            self.sent_bytes += len(datagram)
            if self._chance.random() >= self.loss:
                self.at(self.now + self._latency_s(), partial(self._deliver, to, datagram, address))
        wake_at = max(machine.wake_at, self.now)
        if wake_at < self._wakes_at.get(address, wake_at + 1):
            self._wakes_at[address] = wake_at
            self.at(wake_at, partial(self._wake, address, wake_at))
        listener = self._listeners.get(address)
        if listener is not None:
            listener()

    def _latency_s(self) -> float:
        spread = self._chance.lognormvariate(log(MEDIAN_LATENCY_S), LATENCY_SPREAD)
        return max(LEAST_LATENCY_S, spread)

    def _deliver(self, address: Address, datagram: bytes, source: Address) -> None:
        machine = self._machines.get(address)
        if machine is not None:
            self.delivered += 1
            machine.receive(datagram, source, self.now)
            self.flush(address)

    def _wake(self, address: Address, planned: float) -> None:
        # A machine that was to be woken earlier, or is gone, has made this plan void.
        if self._wakes_at.get(address) != planned:
            return
        del self._wakes_at[address]
        machine = self._machines[address]
        if machine.wake_at <= self.now:
            machine.tick(self.now)
        self.flush(address)
