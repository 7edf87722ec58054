"""The public interface of an agent: subscribe, publish, request, call tools, offer tools."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import signal
import uuid
from types import TracebackType
from typing import Any, Awaitable, Callable, Coroutine, Iterable, Mapping, Optional

from loom.v1 import action_pb2, bridge_pb2

from ..config import load_project_config
from .connection import CONNECTION_ERRORS, Connection, Registration, describe
from .event import Event, Payload, encode_payload
from .session import Session
from .tools import Tool, ToolError, error_result

log = logging.getLogger("loom.agent")

Handler = Callable[["Agent", str, Event], Optional[Awaitable[None]]]
"""Receives the agent, the topic as it was subscribed (such as ``talk.*``), and the event."""


class Agent:
    """An agent in this process; its tasks run in the event loop that called :meth:`start`.

    When the connection to the bridge is lost, the agent connects and registers again, after 0.5 s at first and 10 s at
    most; messages that are published in the meantime wait. Events are handled one at a time, in order of arrival.

    Args:
        agent_id: the agent's name; a later agent of the same name replaces the registration and gets the tool calls.
        topics: topics to subscribe; ``p.*`` matches all topics that begin with ``p.``.
        tools: functions that others may call, with or without the decorator :func:`loom.tool`.
        on_event: called for each event; a plain function or a coroutine function.
        address: ``host:port`` of the bridge, by default the configured one.
        token: bearer token for the bridge, by default ``LOOM_BRIDGE_TOKEN``.

    Raises:
        ConfigurationError: if the project's configuration is needed for the address, and is invalid.
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
    ) -> None:
        self.agent_id = agent_id
        self.replies = f"agent.{agent_id}.replies"
        """Topic on which this agent receives replies."""
        self.topics = [*dict.fromkeys([*topics, self.replies])]
        self.tools = {offered.name: offered for offered in map(Tool.of, tools)}
        self.address = address or os.environ.get("LOOM_BRIDGE_ADDR") or load_project_config().bridge.address
        self._token = token or os.environ.get("LOOM_BRIDGE_TOKEN")
        self._on_event = on_event
        self._session: Optional[Session] = None
        self._pending_replies: dict[str, asyncio.Future[Event]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

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
        self._events: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()
        self._session = Session(self.address, self._token, registration, self._handle_message)
        self._start_task(self._handle_events())
        try:
            await self._session.start(timeout)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Unregisters the agent and closes the connection; drops events that are not handled yet."""
        session, self._session = self._session, None
        if session is None:
            return
        await session.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for reply in self._pending_replies.values():
            reply.cancel()

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
        """Starts the agent in a new event loop and runs it until Ctrl+C or SIGTERM.

        Raises:
            ConnectionError: if the bridge refuses the agent, or there is no connection after 30 seconds.
        """
        try:
            asyncio.run(self._run_until_signal())
        except KeyboardInterrupt:
            pass

    async def publish(
        self,
        topic: str,
        payload: Payload = None,
        *,
        type: str = "event",
        metadata: Optional[Mapping[str, str]] = None,
    ) -> Event:
        """Publishes an event; waits for a connection if there is none.

        Delivery is at most once: an event that was sent when the connection was lost may be lost too.

        Args:
            topic: the topic.
            payload: bytes, text, ``None``, or a value that JSON can represent.
            type: application-defined type of the event.
            metadata: additional metadata.

        Returns:
            The published event.

        Raises:
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the agent is not started.
            TypeError: if JSON cannot represent ``payload``.
        """
        event = Event(
            type=type,
            payload=encode_payload(payload),
            source=self.agent_id,
            metadata={"loom.sender": self.agent_id, **(metadata or {})},
        )
        await self._publish(topic, event)
        return event

    async def request(
        self, topic: str, payload: Payload = None, *, type: str = "request", timeout: float = 5.0
    ) -> Event:
        """Publishes an event and waits for the first reply.

        Args:
            topic: the topic.
            payload: bytes, text, ``None``, or a value that JSON can represent.
            type: application-defined type of the event.
            timeout: longest wait for the reply, in seconds.

        Returns:
            The reply.

        Raises:
            asyncio.TimeoutError: if no reply arrives in time.
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
            },
        )
        reply = self._pending_replies[request_id] = asyncio.get_running_loop().create_future()
        try:
            await self._publish(topic, event)
            return await asyncio.wait_for(reply, timeout)
        finally:
            del self._pending_replies[request_id]

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
        self, name: str, arguments: Optional[Mapping[str, Any]] = None, *, timeout: float = 30.0
    ) -> Any:
        """Calls a tool of the runtime, of an MCP server or of an agent.

        Args:
            name: name of the tool, such as ``llm:generate``.
            arguments: arguments by name; values that JSON can represent.
            timeout: longest run time of the tool, in seconds.

        Returns:
            The output of the tool, parsed as JSON; ``None`` without an output.

        Raises:
            ToolError: if the tool does not exist, rejects the arguments, fails or exceeds ``timeout``.
            grpc.RpcError: if the connection is lost.
            ConnectionError: if the bridge refuses the agent.
            RuntimeError: if the agent is not started.
        """
        call = action_pb2.ToolCall(
            id=str(uuid.uuid4()),
            name=name,
            arguments=json.dumps(dict(arguments or {})),
            headers={"x-agent-id": self.agent_id},
            timeout_ms=int(timeout * 1000),
        )
        call.correlation_id = call.id
        connection = await self._started_session().connected()
        result = await connection.call_tool(call)
        if result.status != action_pb2.TOOL_OK:
            raise ToolError(result.error.code, result.error.message)
        return json.loads(result.output) if result.output else None

    emit = publish
    """Alias of :meth:`publish`."""

    async def _run_until_signal(self) -> None:
        signalled = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, signalled.set)
            except NotImplementedError:
                pass  # On Windows, Ctrl+C raises KeyboardInterrupt instead.
        async with self:
            await signalled.wait()

    def _started_session(self) -> Session:
        if self._session is None:
            raise RuntimeError(f"agent {self.agent_id!r} is not started; call start() or use `async with`")
        return self._session

    async def _publish(self, topic: str, event: Event) -> None:
        publish = bridge_pb2.Publish(topic=topic, event=event.message())
        await self._started_session().send(bridge_pb2.ClientEvent(publish=publish))

    def _handle_message(self, connection: Connection, message: bridge_pb2.ServerEvent) -> None:
        kind = message.WhichOneof("msg")
        if kind == "delivery":
            self._deliver(message.delivery.topic, Event.received(message.delivery.event))
        elif kind == "tool_call":
            self._start_task(self._run_tool(connection, message.tool_call))
        elif kind == "err":
            log.error("agent %s: error from the runtime: %s: %s", self.agent_id, message.err.code, message.err.message)

    def _deliver(self, topic: str, event: Event) -> None:
        """Passes a reply to the request that waits for it, any other event to the queue of the handler."""
        reply = self._pending_replies.get(event.correlation_id or "")
        if topic == self.replies and reply is not None:
            if not reply.done():
                reply.set_result(event)
        elif self._on_event is not None:
            self._events.put_nowait((topic, event))

    async def _handle_events(self) -> None:
        """Calls the handler for one event after another.

        Events come through a queue, so a handler may wait for a reply, which arrives on the same stream.
        """
        while self._on_event is not None:
            topic, event = await self._events.get()
            try:
                result = self._on_event(self, topic, event)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                log.exception("agent %s: on_event failed: event %s on topic %s", self.agent_id, event.type, topic)

    async def _run_tool(self, connection: Connection, call: action_pb2.ToolCall) -> None:
        """Executes a call and sends its result on the connection of the call."""
        called = self.tools.get(call.name)
        if called is None:
            message = f"agent {self.agent_id!r} has no tool {call.name!r}"
            result = error_result(call, action_pb2.TOOL_NOT_FOUND, "NOT_FOUND", message)
        else:
            result = await called.answer(call)
        try:
            await connection.send(bridge_pb2.ClientEvent(tool_result=result))
        except CONNECTION_ERRORS as error:
            log.warning("agent %s: cannot send the result of tool %s: %s", self.agent_id, call.name, describe(error))

    def _start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Starts a task that :meth:`stop` cancels."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
