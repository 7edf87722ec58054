"""What agents say to each other."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence, Union

from loom.v1 import event_pb2

Payload = Union[bytes, str, None, Mapping[str, Any], Sequence[Any], int, float]
"""Bytes as they are; a text as UTF-8; anything else as JSON."""


@dataclass(frozen=True)
class Event:
    """An event."""

    type: str
    payload: bytes = b""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    source: str = ""
    """The agent that published it, if it says so."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    timestamp_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    tags: Sequence[str] = ()
    priority: int = 0
    confidence: float = 0.0

    @classmethod
    def received(cls, message: event_pb2.Event) -> Event:
        """The event in a message."""
        return cls(
            type=message.type,
            payload=message.payload,
            id=message.id,
            source=message.source,
            metadata=dict(message.metadata),
            timestamp_ms=message.timestamp_ms,
            tags=tuple(message.tags),
            priority=message.priority,
            confidence=message.confidence,
        )

    def message(self) -> event_pb2.Event:
        """The message that carries it."""
        return event_pb2.Event(
            id=self.id,
            type=self.type,
            timestamp_ms=self.timestamp_ms,
            source=self.source,
            metadata=self.metadata,
            payload=self.payload,
            confidence=self.confidence,
            tags=self.tags,
            priority=self.priority,
        )

    @property
    def text(self) -> str:
        """The payload as UTF-8."""
        return self.payload.decode()

    def json(self) -> Any:
        """What the payload says as JSON."""
        return json.loads(self.payload)

    @property
    def sender(self) -> str:
        """The agent that published it."""
        return self.said("sender") or self.source

    @property
    def reply_to(self) -> str:
        """The topic on which an answer is awaited."""
        return self.said("reply_to") or f"agent.{self.sender}.replies"

    @property
    def correlation_id(self) -> Optional[str]:
        """The id of the request that this is about."""
        return self.said("correlation_id")

    @property
    def thread_id(self) -> Optional[str]:
        """The conversation that this is part of."""
        return self.said("thread_id")

    def said(self, key: str) -> Optional[str]:
        """What the metadata says of ``loom.KEY``, else of ``KEY``."""
        return self.metadata.get(f"loom.{key}") or self.metadata.get(key)


def encoded(payload: Payload) -> bytes:
    """The bytes of a payload."""
    if payload is None:
        return b""
    if isinstance(payload, bytes):
        return payload
    return (payload if isinstance(payload, str) else json.dumps(payload)).encode()
