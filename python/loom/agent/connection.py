"""One connection to the bridge: registered, listening, until it breaks."""

from __future__ import annotations

import asyncio
import time
from typing import Any, AsyncIterator, Optional, Sequence, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from loom.v1 import action_pb2, bridge_pb2

HEARTBEAT = 15.0
"""Seconds between two heartbeats."""

ANSWER = 5.0
"""Seconds that the bridge may take to answer what costs it nothing."""

_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


Answer = TypeVar("Answer", bound=Message)


class Refused(Exception):
    """The bridge does not want this agent; trying again would not help."""


class Connection:
    """A channel to the bridge, and the stream on it once it is open."""

    def __init__(self, address: str, token: Optional[str]) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._writing = asyncio.Lock()
        self._stream: Any = None

    async def open(
        self, agent_id: str, topics: Sequence[str], tools: Sequence[action_pb2.ToolDescriptor]
    ) -> None:
        """Registers the agent and opens its stream; returns when it hears its topics.

        Raises:
            Refused: if the bridge says no.
            grpc.RpcError: if it cannot be reached.
        """
        request = bridge_pb2.AgentRegisterRequest(agent_id=agent_id, subscribed_topics=topics, tools=tools)
        response = await self._call("RegisterAgent", request, bridge_pb2.AgentRegisterResponse, ANSWER)
        if not response.success:
            raise Refused(response.error_message)
        method = self._channel.stream_stream(
            "/loom.v1.Bridge/EventStream",
            request_serializer=bridge_pb2.ClientEvent.SerializeToString,
            response_deserializer=bridge_pb2.ServerEvent.FromString,
        )
        self._stream = method(metadata=self._metadata)
        await self.say(bridge_pb2.ClientEvent(ack=bridge_pb2.Ack(message_id=agent_id)))
        # They come once the first message was understood.
        await asyncio.wait_for(self._stream.initial_metadata(), ANSWER)

    async def say(self, message: bridge_pb2.ClientEvent) -> None:
        """Sends a message; one at a time is all that a stream takes."""
        async with self._writing:
            await self._stream.write(message)

    async def hear(self) -> AsyncIterator[bridge_pb2.ServerEvent]:
        """The bridge's messages, until it ends the stream."""
        while True:
            message = await self._stream.read()
            if message is grpc.aio.EOF:
                return
            yield message

    async def call_tool(self, call: action_pb2.ToolCall) -> action_pb2.ToolResult:
        """Has a tool called, wherever it is."""
        limit = call.timeout_ms / 1000 + ANSWER
        return await self._call("ForwardToolCall", call, action_pb2.ToolResult, limit)

    async def beat(self) -> None:
        """Asks from time to time whether the bridge is there.

        Raises:
            grpc.RpcError: once it is not.
        """
        while True:
            await asyncio.sleep(HEARTBEAT)
            request = bridge_pb2.HeartbeatRequest(timestamp_ms=int(time.time() * 1000))
            await self._call("Heartbeat", request, bridge_pb2.HeartbeatResponse, ANSWER)

    async def leave(self) -> None:
        """Says goodbye: the bridge forgets the agent, and ends the stream."""
        if self._stream is not None and not self._stream.done():
            await self._stream.done_writing()

    async def close(self) -> None:
        """Ends it, whatever is going on."""
        if self._stream is not None:
            self._stream.cancel()
        await self._channel.close()

    async def _call(self, name: str, request: Message, response: type[Answer], limit: float) -> Answer:
        method: Any = self._channel.unary_unary(
            f"/loom.v1.Bridge/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        return cast(Answer, await method(request, timeout=limit, metadata=self._metadata))


LOST: tuple[type[Exception], ...] = (grpc.RpcError, asyncio.TimeoutError, asyncio.InvalidStateError, OSError)
"""What a connection that breaks raises."""


def why(error: BaseException) -> str:
    """What broke a connection, in one line."""
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or type(error).__name__
