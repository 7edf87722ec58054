"""One connection to the bridge: registration, event stream, heartbeat."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, AsyncIterator, Optional, Sequence, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from loom.v1 import action_pb2, bridge_pb2, spans_pb2

from .endpoint import Endpoint

_HEARTBEAT_INTERVAL = 15.0
"""Time between two heartbeats, in seconds."""

_RESPONSE_TIMEOUT = 5.0
"""Longest wait for a response to registration, heartbeat or stream opening, in seconds."""

_MESSAGE_LIMIT = "loom-max-message-bytes"
"""Response metadata of the event stream: the largest message that the bridge accepts, in bytes."""

CONNECTION_ERRORS: tuple[type[Exception], ...] = (
    grpc.RpcError,
    asyncio.TimeoutError,
    asyncio.InvalidStateError,
    OSError,
)
"""Exceptions of a connection that was lost."""

_REFUSALS = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
"""Codes with which the bridge refuses a token or a user."""

Response = TypeVar("Response", bound=Message)


class RegistrationRefused(Exception):
    """The bridge refused the agent or its token; another attempt would have the same result."""


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
        endpoint: the bridge.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._channel = endpoint.channel()
        self._metadata = endpoint.metadata()
        self._max_message_bytes: Optional[int] = None
        self._write_lock = asyncio.Lock()
        self._stream: Any = None

    async def open(self, registration: Registration) -> None:
        """Registers the agent and opens its stream; returns when the agent receives events of its topics.

        Raises:
            RegistrationRefused: if the bridge refuses the agent or its token.
            grpc.RpcError: if the bridge cannot be reached or returns another error.
            asyncio.TimeoutError: if the bridge does not open the stream in time.
        """
        try:
            await self._open(registration)
        except grpc.aio.AioRpcError as error:
            if error.code() in _REFUSALS:
                raise RegistrationRefused(error.details() or error.code().name) from error
            raise

    async def _open(self, registration: Registration) -> None:
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
        headers = await asyncio.wait_for(self._stream.initial_metadata(), _RESPONSE_TIMEOUT)
        limit = next((value for key, value in headers if key == _MESSAGE_LIMIT), None)
        self._max_message_bytes = int(limit) if limit is not None and str(limit).isdigit() else None

    async def send(self, message: bridge_pb2.ClientEvent) -> None:
        """Writes a message to the stream.

        Raises:
            ValueError: if the message is larger than the bridge accepts.
            Exception: one of ``CONNECTION_ERRORS``, if the connection is lost.
        """
        self._check_size(message)
        # A stream allows one write at a time.
        async with self._write_lock:
            await self._stream.write(message)

    def _check_size(self, message: Message) -> None:
        """Refuses a message that the bridge would answer by ending the stream.

        Raises:
            ValueError: if the message is larger than the bridge accepts.
        """
        limit, size = self._max_message_bytes, message.ByteSize()
        if limit is not None and size > limit:
            expected = f"the runtime accepts at most {limit} bytes (LOOM_MAX_MESSAGE_BYTES)"
            raise ValueError(f"the message has {size} bytes; {expected}")

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
            ValueError: if the call is larger than the bridge accepts.
            asyncio.TimeoutError: if the bridge does not answer although the limit of the call has passed.
            grpc.RpcError: if the connection is lost.
        """
        self._check_size(call)
        # The bridge enforces the limit of the call; the additional time is for its response.
        timeout = call.timeout_ms / 1000 + _RESPONSE_TIMEOUT
        try:
            return await self._call("ForwardToolCall", call, action_pb2.ToolResult, timeout)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise asyncio.TimeoutError from error
            raise

    async def export_spans(self, request: spans_pb2.ExportTraceServiceRequest) -> None:
        """Sends spans to the OTLP trace service of the bridge.

        Raises:
            grpc.RpcError: if the bridge does not take them.
        """
        name = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        await self._call(name, request, spans_pb2.ExportTraceServiceResponse)

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
            name: name of the method, by default of the service ``Bridge``.
            request: its request.
            response: class of its response.
            timeout: longest wait for the response, in seconds.

        Raises:
            grpc.RpcError: if the call fails or exceeds ``timeout``.
        """
        method: Any = self._channel.unary_unary(
            name if name.startswith("/") else f"/loom.v1.Bridge/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        return cast(Response, await method(request, timeout=timeout, metadata=self._metadata))


def is_unavailable(error: BaseException) -> bool:
    """Returns whether ``error`` means that the bridge cannot be reached."""
    return isinstance(error, grpc.aio.AioRpcError) and error.code() is grpc.StatusCode.UNAVAILABLE


def is_unanswered(error: BaseException) -> bool:
    """Returns whether ``error`` means that something accepts connections and did not answer in time."""
    status = error.code() if isinstance(error, grpc.aio.AioRpcError) else None
    return isinstance(error, asyncio.TimeoutError) or status is grpc.StatusCode.DEADLINE_EXCEEDED


def handshake_failure(error: BaseException) -> Optional[str]:
    """Returns why no secure channel could be made, if ``error`` means that something listens and TLS failed."""
    details = (error.details() or "") if isinstance(error, grpc.aio.AioRpcError) else ""
    if "security handshaker" in details:
        return "the certificates or the key cannot be used"
    if "handshake failed" not in details:
        return None
    # gRPC names the address and OpenSSL's source before the reason.
    return details.rpartition("OPENSSL_internal:")[2] or details


def describe(error: BaseException) -> str:
    """Describes the error of a connection in one line."""
    if is_unanswered(error):
        return f"no response within {_RESPONSE_TIMEOUT:g} s"
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error) or type(error).__name__
