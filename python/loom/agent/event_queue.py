"""Events that wait for the handler of an agent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Deque, Optional

from .event import Event
from .tracing import RunContext

_log = logging.getLogger("loom.agent")

MAX_EVENTS = 10_000
"""Events that wait at most, by default."""

MAX_BYTES = 64 << 20
"""Bytes of payload that wait at most."""

_REPORT_INTERVAL = 10.0
"""Shortest time between two reports of dropped events, in seconds."""


class EventQueue:
    """Events in order of arrival, limited in number and bytes: the oldest are dropped, counted and reported.

    Args:
        agent_id: named in reports.
        max_events: events that wait at most.
    """

    def __init__(self, agent_id: str, max_events: int = MAX_EVENTS) -> None:
        self.dropped = 0
        """Events that were dropped since the agent was created."""
        self._agent_id = agent_id
        self._max_events = max_events
        self._events: Deque[tuple[str, Event, Optional[RunContext]]] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._last_report = float("-inf")

    def put(self, topic: str, event: Event, run: Optional[RunContext] = None) -> None:
        """Appends an event of a run; drops the oldest ones beyond the limit, never the event itself."""
        self._events.append((topic, event, run))
        self._bytes += len(event.payload)
        dropped = 0
        while len(self._events) > 1 and (len(self._events) > self._max_events or self._bytes > MAX_BYTES):
            self._bytes -= len(self._events.popleft()[1].payload)
            dropped += 1
        self._arrived.set()
        if dropped:
            self._count(dropped)

    async def get(self) -> tuple[str, Event, Optional[RunContext]]:
        """Removes the oldest event; waits for one if there is none."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        topic, event, run = self._events.popleft()
        self._bytes -= len(event.payload)
        return topic, event, run

    def _count(self, dropped: int) -> None:
        self.dropped += dropped
        now = time.monotonic()
        if now - self._last_report >= _REPORT_INTERVAL:
            self._last_report = now
            message = "agent %s: on_event is too slow: events dropped so far: %d"
            _log.warning(message, self._agent_id, self.dropped)
