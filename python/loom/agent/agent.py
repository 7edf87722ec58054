"""The public interface of an agent: subscribe, publish, request, call tools, offer tools."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from functools import partial
from types import TracebackType
from typing import Any, Awaitable, Callable, Iterable, Mapping, Optional

from loom.v1 import action_pb2, bridge_pb2

from ..command import PathLike
from ..config import effective_project_config
from . import registry
from .connection import Registration
from .dispatch import Dispatcher
from .endpoint import Endpoint
from .event import Event, Payload, encode_payload
from .event_queue import MAX_EVENTS
from .registry import Seat
from .session import Session
from .span_export import SpanExport
from .tools import Tool, ToolError
from .tracing import AttributeValue, Span, outgoing

Handler = Callable[["Agent", str, Event], Optional[Awaitable[None]]]
"""Receives the agent, the topic that was published, and the event. A coroutine function runs in the event loop of the
agent, a plain function in a thread; see :attr:`Agent.loop`."""


class Agent:
    """An agent in this process; its tasks run in the event loop that called :meth:`start`.

    When the connection to the bridge is lost, the agent connects and registers again, after 0.5 s at first and 10 s at
    most; messages that are published in the meantime wait. Events are handled one at a time, in order of arrival; if
    more than ``max_queued_events`` or 64 MiB of them wait, the oldest are dropped, counted in :attr:`dropped_events` and
    reported in the log.

    Args:
        agent_id: the agent's name. A second agent of the same name in this process takes over, and the first one fails
            with ``ConnectionError``; one in another process replaces the registration and gets the tool calls.
        topics: topics to subscribe; ``p.*`` matches all topics that begin with ``p.``.
        tools: functions that others may call, with or without the decorator :func:`loom.tool`.
        on_event: called for each event; a coroutine function, or a plain function, which runs in a thread.
        address: ``host:port`` of the bridge, by default the configured one; ``https://host:port`` for TLS with
            publicly trusted certificates.
        token: bearer token for the bridge, by default ``LOOM_BRIDGE_TOKEN``.
        ca: PEM file of the certificates that are trusted, by default ``LOOM_BRIDGE_TLS_CA``; turns TLS on.
        cert: PEM file of the client certificate, by default ``LOOM_BRIDGE_TLS_CLIENT_CERT``.
        key: PEM file of its private key, by default ``LOOM_BRIDGE_TLS_CLIENT_KEY``.
        max_queued_events: events that wait for ``on_event`` at most.

    What the agent does while it handles an event or a call of its tools belongs to the same run: messages that it
    publishes and tools that it calls in the handler, in coroutines and threads that it waits for, and in :meth:`span`.

    Raises:
        ConfigurationError: if the token is empty, a file cannot be read, or the project's configuration is needed for
            the address and is invalid.
    """

    def __init__(
        self,
        agent_id: str,
        topics: Iterable[str] = (),
        tools: Iterable[Callable[..., Any]] = (),
        on_event: Optional[Handler] = None,
        *,
        address: Optional[str] = None,
        token: Optional[str] = None,
        ca: Optional[PathLike] = None,
        cert: Optional[PathLike] = None,
        key: Optional[PathLike] = None,
        max_queued_events: int = MAX_EVENTS,
    ) -> None:
        self.agent_id = agent_id
        self.replies = f"agent.{agent_id}.replies"
        """Topic on which this agent receives replies."""
        self.topics = [*dict.fromkeys([*topics, self.replies])]
        self.tools = {offered.name: offered for offered in map(Tool.of, tools)}
        configured = address or os.environ.get("LOOM_BRIDGE_ADDR", "").strip()
        self._endpoint = Endpoint.of(
            configured or effective_project_config().bridge.address, token=token, ca=ca, cert=cert, key=key
        )
        self.address = self._endpoint.address
        handler = None if on_event is None else partial(on_event, self)
        self._spans = SpanExport(agent_id, lambda: self._started_session().connected())
        self._dispatcher = Dispatcher(
            agent_id, self.replies, self.tools, handler, max_queued_events, self._spans.add
        )
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._signalled: Optional[asyncio.Event] = None
        self._seat = Seat(self._leave)
        self._session: Optional[Session] = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the started agent, for code in other threads, such as a plain ``on_event``:
        ``asyncio.run_coroutine_threadsafe(agent.publish(topic, payload), agent.loop).result()``.

        Raises:
            RuntimeError: if the agent was never started.
        """
        if self._loop is None:
            raise RuntimeError(f"agent {self.agent_id!r} is not started; call start() or use `async with`")
        return self._loop

    @property
    def dropped_events(self) -> int:
        """Events that were dropped since the last start because ``on_event`` was too slow."""
        return self._dispatcher.dropped_events

    async def start(self, timeout: float = 30.0) -> None:
        """Connects to the bridge; returns when the agent receives events of its topics.

        Args:
            timeout: longest wait in seconds.

        Raises:
            ConnectionError: if the bridge refuses the agent, or there is no connection after ``timeout`` seconds.
            RuntimeError: if the agent is already started.
        """
        if self._session is not None:
            raise RuntimeError(f"agent {self.agent_id!r} is already started; call stop() first")
        registration = Registration(
            self.agent_id, self.topics, [offered.descriptor() for offered in self.tools.values()]
        )
        self._loop = asyncio.get_running_loop()
        self._session = Session(self._endpoint, registration, self._dispatcher.handle)
        self._dispatcher.start()
        try:
            await self._session.start(timeout)
        except BaseException:
            await self.stop()
            raise
        self._spans.start()
        registry.take(self.address, self.agent_id, self._seat)

    async def stop(self) -> None:
        """Unregisters the agent and closes the connection; drops events that are not handled yet."""
        if self._session is not None:
            await self._spans.stop()
        session, self._session = self._session, None
        if session is None:
            return
        registry.release(self.address, self.agent_id, self._seat)
        await session.stop()
        await self._dispatcher.stop()

    async def __aenter__(self) -> Agent:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.stop()

    def run(self) -> None:
        """Starts the agent in a new event loop and runs it until Ctrl+C, SIGTERM or :meth:`request_stop`.

        In another thread than the main one, which receives no signals, only :meth:`request_stop` ends it.

        Raises:
            ConnectionError: if the bridge refuses the agent, or there is no connection after 30 seconds.
        """
        try:
            asyncio.run(self._run_until_signal())
        except KeyboardInterrupt:
            pass

    def request_stop(self) -> None:
        """Makes :meth:`run` stop the agent and return. May be called from any thread."""
        if self._loop is not None and self._signalled is not None:
            self._loop.call_soon_threadsafe(self._signalled.set)

    async def publish(
        self,
        topic: str,
        payload: Payload = None,
        *,
        type: str = "event",
        metadata: Optional[Mapping[str, str]] = None,
        secret: bool = False,
    ) -> Event:
        """Publishes an event; waits for a connection if there is none.

        Delivery is at most once: an event that was sent when the connection was lost may be lost too.

        Args:
            topic: the topic.
            payload: bytes, text, ``None``, or a value that JSON can represent.
            type: application-defined type of the event.
            metadata: additional metadata.
            secret: whether the runtime must not keep or show the content of this event, and of what follows from it.

        Returns:
            The published event.

        Raises:
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the agent is not started.
            TypeError: if JSON cannot represent ``payload``.
            ValueError: if the event is larger than the runtime accepts (``LOOM_MAX_MESSAGE_BYTES``).
        """
        event = Event(
            type=type,
            payload=encode_payload(payload),
            source=self.agent_id,
            metadata={"loom.sender": self.agent_id, **outgoing(secret=secret), **(metadata or {})},
        )
        await self._publish(topic, event)
        return event

    async def request(
        self,
        topic: str,
        payload: Payload = None,
        *,
        type: str = "request",
        timeout: float = 5.0,
        secret: bool = False,
    ) -> Event:
        """Publishes an event and waits for the first reply.

        Args:
            topic: the topic.
            payload: bytes, text, ``None``, or a value that JSON can represent.
            type: application-defined type of the event.
            timeout: longest wait for a connection and the reply, in seconds.
            secret: whether the runtime must not keep or show the content of this event, and of what follows from it.

        Returns:
            The reply.

        Raises:
            asyncio.TimeoutError: if no reply arrives in time.
            ValueError: if the event is larger than the runtime accepts.
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the agent is not started.
            TypeError: if JSON cannot represent ``payload``.
        """
        request_id = str(uuid.uuid4())
        event = Event(
            type=type,
            payload=encode_payload(payload),
            id=request_id,
            source=self.agent_id,
            metadata={
                "loom.sender": self.agent_id,
                "loom.correlation_id": request_id,
                "loom.reply_to": self.replies,
                **outgoing(secret=secret),
            },
        )
        with self._dispatcher.reply_to(request_id) as reply:
            return await asyncio.wait_for(self._exchange(topic, event, reply), timeout)

    async def _exchange(self, topic: str, event: Event, reply: asyncio.Future[Event]) -> Event:
        await self._publish(topic, event)
        return await reply

    async def reply(self, to: Event, payload: Payload = None, *, type: str = "reply") -> Event:
        """Publishes a reply to an event.

        Args:
            to: the event, usually a request.
            payload: bytes, text, ``None``, or a value that JSON can represent.
            type: application-defined type of the reply.

        Returns:
            The reply.

        Raises:
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the agent is not started.
            TypeError: if JSON cannot represent ``payload``.
        """
        metadata = {"loom.correlation_id": to.correlation_id or to.id}
        if to.thread_id:
            metadata["loom.thread_id"] = to.thread_id
        return await self.publish(to.reply_to, payload, type=type, metadata=metadata)

    async def call_tool(
        self,
        name: str,
        arguments: Optional[Mapping[str, Any]] = None,
        *,
        timeout: float = 30.0,
        secret: bool = False,
    ) -> Any:
        """Calls a tool of the runtime, of an MCP server or of an agent.

        Args:
            name: name of the tool, such as ``llm:generate``.
            arguments: arguments by name; values that JSON can represent.
            timeout: longest wait for a connection, and then longest run time of the tool, in seconds.
            secret: whether the runtime must not keep or show arguments and output.

        Returns:
            The output of the tool, parsed as JSON; ``None`` without an output.

        Raises:
            ToolError: if the tool does not exist, rejects the arguments, fails or exceeds ``timeout``; with the code
                ``UNAVAILABLE`` if there is no connection within ``timeout``.
            ValueError: if the call is larger than the runtime accepts.
            grpc.RpcError: if the connection is lost.
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the agent is not started.
        """
        request = action_pb2.ToolCall(
            id=str(uuid.uuid4()),
            name=name,
            arguments=json.dumps(dict(arguments or {})),
            headers={"x-agent-id": self.agent_id, **outgoing(secret=secret)},
            timeout_ms=int(timeout * 1000),
        )
        request.correlation_id = request.id
        try:
            connection = await asyncio.wait_for(self._started_session().connected(), timeout)
        except asyncio.TimeoutError:
            raise ToolError("UNAVAILABLE", f"no connection to the runtime within {timeout:g} s") from None
        try:
            result = await connection.call_tool(request)
        except asyncio.TimeoutError:
            message = f"the runtime did not return the result of {name} within {timeout:g} s"
            raise ToolError("TIMEOUT", message) from None
        if result.status != action_pb2.TOOL_OK:
            raise ToolError(result.error.code, result.error.message)
        return json.loads(result.output) if result.output else None

    def span(self, name: str, **attributes: AttributeValue) -> Span:
        """Returns a span of the agent's work, for ``with`` and ``async with``.

        The run of what the agent handles shows it with its duration and attributes; messages that are published and
        tools that are called within it are its children. An exception that leaves it makes the run a failed one. Outside
        of a handler it begins a run.

        Args:
            name: what is done, such as ``plan``.
            attributes: values that are shown with it.
        """
        return Span(name, self._spans.add, attributes)

    emit = publish
    """Alias of :meth:`publish`."""

    async def _run_until_signal(self) -> None:
        signalled = self._signalled = asyncio.Event()
        self._loop = loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, signalled.set)
            except (NotImplementedError, RuntimeError, ValueError):
                pass  # On Windows, Ctrl+C raises KeyboardInterrupt; only the main thread receives signals.
        async with self:
            await signalled.wait()

    def _started_session(self) -> Session:
        if self._session is None:
            raise RuntimeError(f"agent {self.agent_id!r} is not started; call start() or use `async with`")
        return self._session

    async def _publish(self, topic: str, event: Event) -> None:
        publish = bridge_pb2.Publish(topic=topic, event=event.message())
        await self._started_session().send(bridge_pb2.ClientEvent(publish=publish))

    def _leave(self) -> None:
        """Ends the session because another agent of this id has taken over; called in the thread of that agent."""
        session, loop = self._session, self._loop
        if session is not None and loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(session.supersede(), loop)
