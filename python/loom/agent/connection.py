"""One connection to the bridge: registration, event stream, heartbeat."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, AsyncIterator, Optional, Sequence, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from loom.v1 import action_pb2, bridge_pb2

_HEARTBEAT_INTERVAL = 15.0
"""Time between two heartbeats, in seconds."""

_RESPONSE_TIMEOUT = 5.0
"""Longest wait for a response to registration, heartbeat or stream opening, in seconds."""

# The runtime limits the size of messages; gRPC's own default of 4 MiB for the receiver would be a second limit.
_CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

CONNECTION_ERRORS: tuple[type[Exception], ...] = (
    grpc.RpcError,
    asyncio.TimeoutError,
    asyncio.InvalidStateError,
    OSError,
)
"""Exceptions of a connection that was lost."""

Response = TypeVar("Response", bound=Message)


class RegistrationRefused(Exception):
    """The bridge refused to register the agent; another attempt would have the same result."""


@dataclass(frozen=True)
class Registration:
    """What an agent registers at the bridge."""

    agent_id: str
    topics: Sequence[str]
    tools: Sequence[action_pb2.ToolDescriptor]

    def request(self) -> bridge_pb2.AgentRegisterRequest:
        """Returns the protobuf message of the registration."""
        return bridge_pb2.AgentRegisterRequest(
            agent_id=self.agent_id, subscribed_topics=self.topics, tools=self.tools
        )


class Connection:
    """A gRPC channel to the bridge, and the event stream on it after :meth:`open`.

    Args:
        address: ``host:port`` of the bridge.
        token: bearer token for the bridge, if it requires one.
    """

    def __init__(self, address: str, token: Optional[str]) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._write_lock = asyncio.Lock()
        self._stream: Any = None

    async def open(self, registration: Registration) -> None:
        """Registers the agent and opens its stream; returns when the agent receives events of its topics.

        Raises:
            RegistrationRefused: if the bridge refuses the agent.
            grpc.RpcError: if the bridge cannot be reached or returns an error.
            asyncio.TimeoutError: if the bridge does not open the stream in time.
        """
        response = await self._call("RegisterAgent", registration.request(), bridge_pb2.AgentRegisterResponse)
        if not response.success:
            raise RegistrationRefused(response.error_message)
        method = self._channel.stream_stream(
            "/loom.v1.Bridge/EventStream",
            request_serializer=bridge_pb2.ClientEvent.SerializeToString,
            response_deserializer=bridge_pb2.ServerEvent.FromString,
        )
        self._stream = method(metadata=self._metadata)
        ack = bridge_pb2.Ack(message_id=registration.agent_id)
        await self.send(bridge_pb2.ClientEvent(ack=ack))
        # The bridge sends response headers after it has processed the first message: the subscriptions exist.
        await asyncio.wait_for(self._stream.initial_metadata(), _RESPONSE_TIMEOUT)

    async def send(self, message: bridge_pb2.ClientEvent) -> None:
        """Writes a message to the stream.

        Raises:
            Exception: one of ``CONNECTION_ERRORS``, if the connection is lost.
        """
        # A stream allows one write at a time.
        async with self._write_lock:
            await self._stream.write(message)

    async def messages(self) -> AsyncIterator[bridge_pb2.ServerEvent]:
        """Yields the messages of the bridge until it ends the stream.

        Raises:
            grpc.RpcError: if the stream ends with an error.
        """
        while True:
            message = await self._stream.read()
            if message is grpc.aio.EOF:
                return
            yield message

    async def call_tool(self, call: action_pb2.ToolCall) -> action_pb2.ToolResult:
        """Calls a tool of the runtime or of an agent and waits for its result.

        Raises:
            grpc.RpcError: if the connection is lost.
        """
        # The bridge enforces the limit of the call; the additional time is for its response.
        timeout = call.timeout_ms / 1000 + _RESPONSE_TIMEOUT
        return await self._call("ForwardToolCall", call, action_pb2.ToolResult, timeout)

    async def send_heartbeats(self) -> None:
        """Sends a heartbeat every 15 seconds; does not return.

        Raises:
            grpc.RpcError: if the bridge does not respond.
        """
        while True:
            await asyncio.sleep(_HEARTBEAT_INTERVAL)
            request = bridge_pb2.HeartbeatRequest(timestamp_ms=int(time.time() * 1000))
            await self._call("Heartbeat", request, bridge_pb2.HeartbeatResponse)

    async def half_close(self) -> None:
        """Announces that no further message follows; the bridge then unregisters the agent and ends the stream.

        Raises:
            Exception: one of ``CONNECTION_ERRORS``, if the connection is lost.
        """
        if self._stream is not None and not self._stream.done():
            await self._stream.done_writing()

    async def close(self) -> None:
        """Cancels the stream and closes the channel."""
        if self._stream is not None:
            self._stream.cancel()
        await self._channel.close()

    async def _call(
        self, name: str, request: Message, response: type[Response], timeout: float = _RESPONSE_TIMEOUT
    ) -> Response:
        """Calls a method of the bridge.

        Args:
            name: name of the method.
            request: its request.
            response: class of its response.
            timeout: longest wait for the response, in seconds.

        Raises:
            grpc.RpcError: if the call fails or exceeds ``timeout``.
        """
        method: Any = self._channel.unary_unary(
            f"/loom.v1.Bridge/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        return cast(Response, await method(request, timeout=timeout, metadata=self._metadata))


def is_unavailable(error: BaseException) -> bool:
    """Returns whether ``error`` means that the bridge cannot be reached."""
    return isinstance(error, grpc.aio.AioRpcError) and error.code() is grpc.StatusCode.UNAVAILABLE


def describe(error: BaseException) -> str:
    """Describes the error of a connection in one line."""
    status = error.code() if isinstance(error, grpc.aio.AioRpcError) else None
    if isinstance(error, asyncio.TimeoutError) or status is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"no response within {_RESPONSE_TIMEOUT:g} s"
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or type(error).__name__
