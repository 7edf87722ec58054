"""An agent: hears topics, publishes events, offers tools and calls those of others."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import signal
import uuid
from types import TracebackType
from typing import Any, Awaitable, Callable, Iterable, Mapping, Optional

from loom.v1 import action_pb2, bridge_pb2

from ..config import load_project_config
from .connection import LOST, Connection, Refused, why
from .event import Event, Payload, encoded
from .tools import Tool, ToolError, failed

log = logging.getLogger("loom.agent")

Handler = Callable[["Agent", str, Event], Optional[Awaitable[None]]]
"""Takes the agent, the topic as it was subscribed, and the event."""

_FIRST_DELAY, _LONGEST_DELAY = 0.5, 10.0
"""Seconds between two attempts to reach the bridge; each waits twice as long as the one before."""

_GOODBYE = 2.0
"""Seconds that the bridge may take to end the stream."""


class Agent:
    """An agent of this process; all of it runs in the event loop that :meth:`start` was called in.

    A connection that breaks is made again, and the agent registered again; what is published meanwhile waits.
    Events are handled one after another, in the order in which they came.

    Args:
        agent_id: its name; a second agent of this name takes its place.
        topics: what it hears. One that ends in ``.*`` stands for all that begin like it.
        tools: functions that others may call, plain or declared with :func:`loom.tool`.
        on_event: called with the agent, the topic and the event; plain or ``async``.
        address: of the bridge, by default what environment and ``loom.toml`` say.
        token: that the bridge wants to see, by default ``LOOM_BRIDGE_TOKEN``.
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
        """The topic on which answers to this agent come."""
        self.topics = [*dict.fromkeys([*topics, self.replies])]
        self.tools = {declared.name: declared for declared in map(Tool.of, tools)}
        self.address = address or os.environ.get("LOOM_BRIDGE_ADDR") or load_project_config().bridge.address
        self._token = token or os.environ.get("LOOM_BRIDGE_TOKEN")
        self._on_event = on_event
        self._connection: Optional[Connection] = None
        self._awaited: dict[str, asyncio.Future[Event]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._life: Optional[asyncio.Task[None]] = None
        self._stopping = False

    async def start(self, timeout: float = 30.0) -> None:
        """Connects; returns when the agent hears its topics.

        Raises:
            ConnectionError: if the bridge refuses the agent, or cannot be reached for ``timeout`` seconds.
        """
        if self._life is not None:
            raise RuntimeError(f"{self.agent_id} is started already")
        self._stopping = False
        self._changed = asyncio.Condition()
        self._events: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()
        self._refusal: Optional[str] = None
        self._life = asyncio.create_task(self._live())
        self._spawn(self._handle())
        try:
            await asyncio.wait_for(self._connected(), timeout)
        except asyncio.TimeoutError:
            await self.stop()
            raise ConnectionError(f"the bridge at {self.address} could not be reached for {timeout:g} s") from None
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Says goodbye to the bridge and ends; what was heard and not yet handled is dropped."""
        self._stopping = True
        life, self._life = self._life, None
        if life is None:
            return
        if self._connection is not None:
            try:
                await self._connection.leave()
                await asyncio.wait({life}, timeout=_GOODBYE)
            except LOST:
                pass  # It is gone as it is.
        for task in (life, *self._tasks):
            task.cancel()
        await asyncio.gather(life, *self._tasks, return_exceptions=True)
        for awaited in self._awaited.values():
            awaited.cancel()

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
        """Starts, and stays until Ctrl+C or SIGTERM."""

        async def live() -> None:
            end = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                try:
                    loop.add_signal_handler(number, end.set)
                except NotImplementedError:
                    pass  # There, Ctrl+C raises KeyboardInterrupt.
            async with self:
                await end.wait()

        try:
            asyncio.run(live())
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
        """Publishes an event, waiting for a connection where there is none; answers what was published.

        Nobody says whether it arrived: a connection that breaks may lose what was just sent.
        """
        said = {"loom.sender": self.agent_id, **(metadata or {})}
        event = Event(type=type, payload=encoded(payload), source=self.agent_id, metadata=said)
        await self._publish(topic, event)
        return event

    async def request(
        self, topic: str, payload: Payload = None, *, type: str = "request", timeout: float = 5.0
    ) -> Event:
        """Publishes an event and waits for the first answer to it.

        Raises:
            asyncio.TimeoutError: if none came in ``timeout`` seconds.
        """
        correlation = str(uuid.uuid4())
        said = {
            "loom.sender": self.agent_id,
            "loom.correlation_id": correlation,
            "loom.reply_to": self.replies,
        }
        event = Event(type=type, payload=encoded(payload), id=correlation, source=self.agent_id, metadata=said)
        awaited = self._awaited[correlation] = asyncio.get_running_loop().create_future()
        try:
            await self._publish(topic, event)
            return await asyncio.wait_for(awaited, timeout)
        finally:
            del self._awaited[correlation]

    async def reply(self, to: Event, payload: Payload = None, *, type: str = "reply") -> Event:
        """Answers an event."""
        said = {"loom.correlation_id": to.correlation_id or to.id}
        if to.thread_id:
            said["loom.thread_id"] = to.thread_id
        return await self.publish(to.reply_to, payload, type=type, metadata=said)

    async def call_tool(
        self, name: str, arguments: Optional[Mapping[str, Any]] = None, *, timeout: float = 30.0
    ) -> Any:
        """Calls a tool of the runtime, of an MCP server or of an agent, and answers what its output says.

        Raises:
            ToolError: if it fails, or is not there.
            grpc.RpcError: if the bridge is not there.
        """
        call = action_pb2.ToolCall(
            id=str(uuid.uuid4()),
            name=name,
            arguments=json.dumps(dict(arguments or {})),
            headers={"x-agent-id": self.agent_id},
            timeout_ms=int(timeout * 1000),
        )
        call.correlation_id = call.id
        result = await (await self._connected()).call_tool(call)
        if result.status != action_pb2.TOOL_OK:
            raise ToolError(result.error.code, result.error.message)
        return json.loads(result.output) if result.output else None

    emit = publish
    """What :meth:`publish` is called elsewhere."""

    async def _publish(self, topic: str, event: Event) -> None:
        publish = bridge_pb2.Publish(topic=topic, event=event.message())
        await self._say(bridge_pb2.ClientEvent(publish=publish))

    async def _say(self, message: bridge_pb2.ClientEvent) -> None:
        while True:
            connection = await self._connected()
            try:
                return await connection.say(message)
            except LOST:
                await self._set(None, instead_of=connection)

    async def _connected(self) -> Connection:
        """The connection, once there is one."""
        if self._life is None:
            raise RuntimeError(f"{self.agent_id} is not started")
        async with self._changed:
            await self._changed.wait_for(lambda: self._connection is not None or self._refusal is not None)
        if self._connection is None:
            raise ConnectionError(f"the bridge at {self.address} refuses {self.agent_id}: {self._refusal}")
        return self._connection

    async def _set(self, connection: Optional[Connection], instead_of: Optional[Connection] = None) -> None:
        async with self._changed:
            if instead_of is None or self._connection is instead_of:
                self._connection = connection
            self._changed.notify_all()

    async def _live(self) -> None:
        """One connection after another."""
        delay = _FIRST_DELAY
        while not self._stopping:
            connection = Connection(self.address, self._token)
            try:
                await connection.open(
                    self.agent_id, self.topics, [declared.descriptor() for declared in self.tools.values()]
                )
                await self._set(connection)
                delay = _FIRST_DELAY
                await self._listen(connection)
                told = "the bridge ended the stream"
            except Refused as refused:
                self._refusal = str(refused)
                await self._set(None)
                return
            except Exception as error:  # Whatever broke it, the next one may hold.
                told = why(error)
            finally:
                await self._set(None)
                await connection.close()
            if not self._stopping:
                log.warning("%s: lost the bridge (%s); again in %g s", self.agent_id, told, delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)

    async def _listen(self, connection: Connection) -> None:
        """Takes in what comes, until the stream ends or the bridge does not answer any more."""
        beat = asyncio.create_task(connection.beat())
        listen = asyncio.create_task(self._take_in(connection))
        try:
            done, _ = await asyncio.wait({beat, listen}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (beat, listen):
                task.cancel()
            await asyncio.gather(beat, listen, return_exceptions=True)

    async def _take_in(self, connection: Connection) -> None:
        async for message in connection.hear():
            kind = message.WhichOneof("msg")
            if kind == "delivery":
                self._deliver(message.delivery.topic, Event.received(message.delivery.event))
            elif kind == "tool_call":
                self._spawn(self._answer(connection, message.tool_call))
            elif kind == "err":
                log.error("%s: %s: %s", self.agent_id, message.err.code, message.err.message)

    def _deliver(self, topic: str, event: Event) -> None:
        awaited = self._awaited.get(event.correlation_id or "")
        if topic == self.replies and awaited is not None:
            if not awaited.done():
                awaited.set_result(event)
        elif self._on_event is not None:
            self._events.put_nowait((topic, event))

    async def _handle(self) -> None:
        """Hands over one event after another; a handler may wait for what the stream brings meanwhile."""
        while self._on_event is not None:
            topic, event = await self._events.get()
            try:
                handled = self._on_event(self, topic, event)
                if inspect.isawaitable(handled):
                    await handled
            except Exception:
                log.exception("%s: on_event failed for %s on %s", self.agent_id, event.type, topic)

    async def _answer(self, connection: Connection, call: action_pb2.ToolCall) -> None:
        wanted = self.tools.get(call.name)
        if wanted is None:
            why_not = f"{self.agent_id} has no tool {call.name}"
            result = failed(call, action_pb2.TOOL_NOT_FOUND, "NOT_FOUND", why_not)
        else:
            result = await wanted.answer(call)
        try:
            await connection.say(bridge_pb2.ClientEvent(tool_result=result))
        except LOST as error:
            log.warning("%s: the result of %s was lost (%s)", self.agent_id, call.name, why(error))

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
