"""The place of an agent's work in a run, and spans of that work.

What an agent does while it handles an event or a call of its tools belongs to the same run: messages that it publishes
and tools that it calls carry the W3C ``traceparent`` and ``baggage`` of what it handles. They follow the context
variables of Python: into coroutines, tasks, and the threads in which plain functions run. A thread that the agent
starts itself has them with ``contextvars.copy_context().run(function)``.
"""

from __future__ import annotations

import re
import secrets
import time
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Callable, Mapping, Optional, Union

AttributeValue = Union[str, bool, int, float]
"""Value of an attribute of a span."""

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")

_MAX_BAGGAGE_BYTES = 8192
"""Longest baggage that is carried on, as W3C Baggage asks of everybody; a longer one is left out."""

SECRET_ERROR = "error (secret run)"
"""Error message of a failed span of a secret run: a message often repeats its input."""

_SECRET = "loom.secret=true"
"""Baggage of a run whose content nothing may record."""


@dataclass(frozen=True)
class RunContext:
    """A span of a run, and what the run carries along."""

    trace_id: str
    span_id: str
    sampled: bool = True
    """Whether the spans of the run are recorded."""
    baggage: str = ""
    """W3C baggage."""

    @classmethod
    def new(cls) -> RunContext:
        """Returns the first span of a new run."""
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    @classmethod
    def received(cls, traceparent: Optional[str], metadata: Mapping[str, str]) -> Optional[RunContext]:
        """Returns the context of a message that arrived; ``None`` where it names none.

        Args:
            traceparent: the context that the runtime says.
            metadata: metadata of the message, which may hold ``traceparent``, ``baggage`` and ``loom.secret``.
        """
        match = _TRACEPARENT.fullmatch(traceparent or metadata.get("traceparent", ""))
        if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
            return None
        context = cls(match[1], match[2], bool(int(match[3], 16) & 1), _bounded(metadata.get("baggage", "")))
        return context.as_secret() if metadata.get("loom.secret") == "true" else context

    @property
    def traceparent(self) -> str:
        """The context as W3C ``traceparent``."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    @property
    def is_secret(self) -> bool:
        """Whether the content of the run is not to be recorded."""
        return _SECRET in (entry.partition(";")[0].strip() for entry in self.baggage.split(","))

    def child(self) -> RunContext:
        """Returns a new span of the run."""
        return replace(self, span_id=secrets.token_hex(8))

    def as_secret(self) -> RunContext:
        """Returns the context of a run whose content is not to be recorded."""
        if self.is_secret:
            return self
        return replace(self, baggage=",".join(filter(None, [_SECRET, self.baggage])))

    def metadata(self) -> dict[str, str]:
        """Returns what a message of the run carries."""
        metadata = {"traceparent": self.traceparent}
        if self.baggage:
            metadata["baggage"] = self.baggage
        if self.is_secret:
            metadata["loom.secret"] = "true"
        return metadata


@dataclass
class FinishedSpan:
    """A span that has ended."""

    context: RunContext
    parent: Optional[RunContext]
    name: str
    kind: str
    """``internal``, ``consumer`` or ``server``."""
    start_ns: int
    end_ns: int = 0
    attributes: dict[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    error: Optional[str] = None


_current: ContextVar[Optional[RunContext]] = ContextVar("loom_run", default=None)


def current() -> Optional[RunContext]:
    """Returns the context of what this task or thread handles; ``None`` outside of runs."""
    return _current.get()


def outgoing(*, secret: bool = False) -> dict[str, str]:
    """Returns the metadata that connects a message with what this task or thread handles.

    Args:
        secret: whether nothing may record the content of the message, and of what follows from it.
    """
    context = current()
    if context is not None:
        return (context.as_secret() if secret else context).metadata()
    return {"baggage": _SECRET, "loom.secret": "true"} if secret else {}


class Span:
    """A piece of work of an agent within a run; made by :meth:`loom.Agent.span`.

    Use it with ``with`` or ``async with``. An exception that leaves the block makes the span, and so the run, a failed
    one. Outside of a run a span begins a new one. In a secret run the type of the exception is recorded, and no message.
    """

    def __init__(
        self,
        name: str,
        on_end: Callable[[FinishedSpan], None],
        attributes: Optional[Mapping[str, AttributeValue]] = None,
        *,
        kind: str = "internal",
        parent: Optional[RunContext] = None,
    ) -> None:
        self._name = name
        self._on_end = on_end
        self._attributes = dict(attributes or {})
        self._kind = kind
        self._parent = parent
        self._span: Optional[FinishedSpan] = None
        self._token: Optional[Token[Optional[RunContext]]] = None

    @property
    def traceparent(self) -> str:
        """The open span as W3C ``traceparent``.

        Raises:
            RuntimeError: if the span was not entered.
        """
        return self._opened().context.traceparent

    def set(self, key: str, value: AttributeValue) -> None:
        """Sets an attribute of the span."""
        self._attributes[key] = value

    def fail(self, message: str) -> None:
        """Makes the span a failed one, without an exception.

        Raises:
            RuntimeError: if the span was not entered.
        """
        self._opened().error = message

    def __enter__(self) -> Span:
        parent = self._parent or current()
        context = RunContext.new() if parent is None else parent.child()
        self._span = FinishedSpan(context, parent, self._name, self._kind, time.time_ns())
        self._token = _current.set(context)
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        span = self._opened()
        if self._token is not None:
            _current.reset(self._token)
        if error is not None and span.error is None:
            name = type(error).__name__
            span.error = f"{name}: {error}"
            self._attributes.setdefault("error.type", name)
        span.attributes = self._attributes
        if span.context.is_secret:
            span.attributes["loom.secret"] = True
            span.error = span.error and SECRET_ERROR
        span.end_ns = max(time.time_ns(), span.start_ns)
        self._span = None
        if span.context.sampled:
            self._on_end(span)

    async def __aenter__(self) -> Span:
        return self.__enter__()

    async def __aexit__(self, *reason: Any) -> None:
        self.__exit__(*reason)

    def _opened(self) -> FinishedSpan:
        if self._span is None:
            raise RuntimeError(f"span {self._name!r} is not open; use it with `with agent.span(...)`")
        return self._span


def _bounded(baggage: str) -> str:
    return baggage if len(baggage.encode()) <= _MAX_BAGGAGE_BYTES else ""
