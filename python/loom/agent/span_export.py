"""Sends the spans of an agent to the runtime, which shows them in the run that they belong to."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Awaitable, Callable, Optional

import grpc
import grpc.aio

from loom.v1 import spans_pb2

from .connection import CONNECTION_ERRORS, Connection, describe
from .tracing import AttributeValue, FinishedSpan

_log = logging.getLogger("loom.agent")

_INTERVAL = 0.25
"""Time between two exports, in seconds."""

_MAX_WAITING = 2048
"""Spans that wait for the next export at most; the oldest are dropped."""

_LAST_EXPORT_TIMEOUT = 1.0
"""Longest time for the last spans of an agent that stops, in seconds."""

_MAX_TEXT = 4096
"""Longest text of an attribute or error, in characters; the rest is cut off."""

_NOT_SENT: tuple[type[Exception], ...] = (*CONNECTION_ERRORS, ConnectionError, RuntimeError)
"""Exceptions of spans that were not sent: the connection is lost, refused or ended."""

_KINDS = {
    "internal": spans_pb2.Span.SPAN_KIND_INTERNAL,
    "consumer": spans_pb2.Span.SPAN_KIND_CONSUMER,
    "server": spans_pb2.Span.SPAN_KIND_SERVER,
}


class SpanExport:
    """The spans of one agent on their way to the runtime. Losing the runtime costs spans, and nothing else.

    Args:
        agent_id: the agent's name.
        connected: returns the connection; waits for one if there is none.
    """

    def __init__(self, agent_id: str, connected: Callable[[], Awaitable[Connection]]) -> None:
        self._agent_id = agent_id
        self._connected = connected
        self._waiting: deque[FinishedSpan] = deque(maxlen=_MAX_WAITING)
        self._is_refused = False
        self._task: Optional[asyncio.Task[None]] = None

    def add(self, span: FinishedSpan) -> None:
        """Queues a span; may be called from any thread."""
        if not self._is_refused:
            self._waiting.append(span)

    def start(self) -> None:
        """Begins to send spans; needs a running event loop."""
        self._task = asyncio.create_task(self._send_always())

    async def stop(self) -> None:
        """Sends what waits, for at most one second, and ends."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            await asyncio.wait_for(self._send_waiting(), _LAST_EXPORT_TIMEOUT)
        except _NOT_SENT as error:
            _log.debug("agent %s: the last spans were not sent: %s", self._agent_id, describe(error))

    async def _send_always(self) -> None:
        while not self._is_refused:
            await asyncio.sleep(_INTERVAL)
            try:
                await self._send_waiting()
            except _NOT_SENT as error:
                _log.debug("agent %s: spans were not sent: %s", self._agent_id, describe(error))

    async def _send_waiting(self) -> None:
        """Sends the spans that wait; those that the runtime does not accept are lost."""
        if not self._waiting or self._is_refused:
            return
        connection = await self._connected()
        spans = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            await connection.export_spans(self._request(spans))
        except grpc.aio.AioRpcError as error:
            # A runtime without this service will not have it later.
            self._is_refused = error.code() is grpc.StatusCode.UNIMPLEMENTED
            raise

    def _request(self, spans: list[FinishedSpan]) -> spans_pb2.ExportTraceServiceRequest:
        resource = spans_pb2.Resource(attributes=[_attribute("service.name", self._agent_id)])
        scope = spans_pb2.InstrumentationScope(name="loom.agent")
        of_scope = spans_pb2.ScopeSpans(scope=scope, spans=[_message(span) for span in spans])
        of_resource = spans_pb2.ResourceSpans(resource=resource, scope_spans=[of_scope])
        return spans_pb2.ExportTraceServiceRequest(resource_spans=[of_resource])


def _message(span: FinishedSpan) -> spans_pb2.Span:
    failed = span.error is not None
    code = spans_pb2.Status.STATUS_CODE_ERROR if failed else spans_pb2.Status.STATUS_CODE_OK
    return spans_pb2.Span(
        trace_id=bytes.fromhex(span.context.trace_id),
        span_id=bytes.fromhex(span.context.span_id),
        parent_span_id=bytes.fromhex(span.parent.span_id) if span.parent else b"",
        name=span.name,
        kind=_KINDS[span.kind],
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=[_attribute(key, value) for key, value in span.attributes.items()],
        status=spans_pb2.Status(code=code, message=(span.error or "")[:_MAX_TEXT]),
        flags=1,
    )


def _attribute(key: str, value: AttributeValue) -> spans_pb2.KeyValue:
    if isinstance(value, bool):
        any_value = spans_pb2.AnyValue(bool_value=value)
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        any_value = spans_pb2.AnyValue(int_value=value)
    elif isinstance(value, float):
        any_value = spans_pb2.AnyValue(double_value=value)
    else:
        any_value = spans_pb2.AnyValue(string_value=str(value)[:_MAX_TEXT])
    return spans_pb2.KeyValue(key=key, value=any_value)
