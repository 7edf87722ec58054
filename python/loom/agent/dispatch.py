"""What arrives for an agent: events for its handler, replies for its requests, calls of its tools."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Callable, Coroutine, Generator, Mapping, Optional

from loom.v1 import action_pb2, bridge_pb2

from .calling import call
from .connection import CONNECTION_ERRORS, Connection, describe
from .event import Event
from .event_queue import EventQueue
from .tools import Tool, error_result
from .tracing import FinishedSpan, RunContext, Span

log = logging.getLogger("loom.agent")

EventHandler = Callable[[str, Event], Any]
"""Receives the topic that was published, and the event; a plain function or a coroutine function."""


class Dispatcher:
    """Hands the messages of the bridge to the functions of one agent.

    Args:
        agent_id: the agent's name.
        replies: topic on which the agent receives replies.
        tools: functions that others may call, by name.
        on_event: called for each event.
        max_queued_events: events that wait for ``on_event`` at most.
        on_span: called for the span of each event and call that was handled.
    """

    def __init__(
        self,
        agent_id: str,
        replies: str,
        tools: Mapping[str, Tool],
        on_event: Optional[EventHandler],
        max_queued_events: int,
        on_span: Callable[[FinishedSpan], None],
    ) -> None:
        self._agent_id = agent_id
        self._replies = replies
        self._tools = tools
        self._on_event = on_event
        self._max_queued_events = max_queued_events
        self._on_span = on_span
        self._events: Optional[EventQueue] = None
        self._pending_replies: dict[str, asyncio.Future[Event]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def dropped_events(self) -> int:
        """Events that were dropped since the last start."""
        return 0 if self._events is None else self._events.dropped

    def start(self) -> None:
        """Starts to call ``on_event``; needs a running event loop."""
        self._events = EventQueue(self._agent_id, self._max_queued_events)
        if self._on_event is not None:
            self._start_task(self._handle_events(self._on_event, self._events))

    async def stop(self) -> None:
        """Cancels what runs and the requests that wait for a reply; drops events that are not handled yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for reply in self._pending_replies.values():
            reply.cancel()

    @contextmanager
    def reply_to(self, request_id: str) -> Generator[asyncio.Future[Event], None, None]:
        """Returns a future for the reply to a request; later replies are events."""
        reply = self._pending_replies[request_id] = asyncio.get_running_loop().create_future()
        try:
            yield reply
        finally:
            del self._pending_replies[request_id]

    def handle(self, connection: Connection, message: bridge_pb2.ServerEvent) -> None:
        """Handles a message of the bridge; does not block."""
        kind = message.WhichOneof("msg")
        if kind == "delivery":
            delivery = message.delivery
            event = Event.received(delivery.event)
            run = RunContext.received(delivery.traceparent, event.metadata)
            self._deliver(delivery.published_topic or delivery.topic, event, run)
        elif kind == "tool_call":
            self._start_task(self._run_tool(connection, message.tool_call))
        elif kind == "err":
            log.error("agent %s: error from the runtime: %s: %s", self._agent_id, message.err.code, message.err.message)

    def _deliver(self, topic: str, event: Event, run: Optional[RunContext]) -> None:
        """Passes a reply to the request that waits for it, any other event to the queue of the handler."""
        reply = self._pending_replies.get(event.correlation_id or "")
        if topic == self._replies and reply is not None:
            if not reply.done():
                reply.set_result(event)
        elif self._on_event is not None and self._events is not None:
            self._events.put(topic, event, run)

    async def _handle_events(self, on_event: EventHandler, events: EventQueue) -> None:
        """Calls the handler for one event after another.

        Events come through a queue, so a handler may wait for a reply, which arrives on the same stream. Plain handlers
        have a thread of their own, so that they cannot use up the threads of the event loop.
        """
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"loom-{self._agent_id}")
        try:
            while True:
                topic, event, run = await events.get()
                try:
                    with self._span("event.handle", "consumer", run, {"topic": topic, "event_id": event.id}):
                        await call(on_event, topic, event, executor=executor)
                except Exception as error:
                    self._log_failure(topic, event, error, is_secret=run is not None and run.is_secret)
        finally:
            executor.shutdown(wait=False)

    def _log_failure(self, topic: str, event: Event, error: Exception, *, is_secret: bool) -> None:
        """Logs a failed handler; in a secret run without the error's message, which may repeat the event."""
        text = "agent %s: on_event failed: event %s on topic %s"
        if is_secret:
            log.error(text + ": %s (secret run)", self._agent_id, event.type, topic, type(error).__name__)
        else:
            log.error(text, self._agent_id, event.type, topic, exc_info=error)

    async def _run_tool(self, connection: Connection, request: action_pb2.ToolCall) -> None:
        """Executes a call and sends its result on the connection of the call."""
        called = self._tools.get(request.name)
        if called is None:
            message = f"agent {self._agent_id!r} has no tool {request.name!r}"
            result = error_result(request, action_pb2.TOOL_NOT_FOUND, "NOT_FOUND", message)
        else:
            run = RunContext.received(None, request.headers)
            with self._span("tool.execute", "server", run, {"tool": request.name, "call_id": request.id}) as span:
                result = await called.answer(request)
                if span is not None and result.status != action_pb2.TOOL_OK:
                    span.set("error.type", result.error.code)
                    span.fail(result.error.message)
        try:
            try:
                await connection.send(bridge_pb2.ClientEvent(tool_result=result))
            except ValueError as error:
                result = error_result(request, action_pb2.TOOL_ERROR, "RESULT_TOO_LARGE", f"result of {request.name}: {error}")
                await connection.send(bridge_pb2.ClientEvent(tool_result=result))
        except CONNECTION_ERRORS as error:
            log.warning("agent %s: cannot send the result of tool %s: %s", self._agent_id, request.name, describe(error))

    @contextmanager
    def _span(
        self, name: str, kind: str, run: Optional[RunContext], attributes: Mapping[str, str]
    ) -> Generator[Optional[Span], None, None]:
        """Handles a message as a span of its run; one that belongs to no run has none."""
        if run is None:
            yield None
        else:
            with Span(name, self._on_span, attributes, kind=kind, parent=run) as span:
                yield span

    def _start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Starts a task that :meth:`stop` cancels."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
