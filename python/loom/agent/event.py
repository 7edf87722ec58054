"""Events that agents publish and receive."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence, Union

from loom.v1 import event_pb2

Payload = Union[bytes, str, None, Mapping[str, Any], Sequence[Any], int, float]
"""Payload of an event: bytes as they are, text as UTF-8, ``None`` as no bytes, any other value as JSON."""


@dataclass(frozen=True)
class Event:
    """An event with its payload and metadata."""

    type: str
    """Application-defined type, such as ``price``."""
    payload: bytes = b""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    source: str = ""
    """Agent id of the publisher, if the publisher set it; see :attr:`sender`."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """Free-form metadata; keys of this SDK begin with ``loom.``."""
    timestamp_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    """Time of creation, in milliseconds since the Unix epoch."""
    tags: Sequence[str] = ()
    priority: int = 0
    confidence: float = 0.0

    @classmethod
    def received(cls, message: event_pb2.Event) -> Event:
        """Converts a protobuf message into an event."""
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
        """Converts the event into a protobuf message."""
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
        """Payload as text.

        Raises:
            UnicodeDecodeError: if the payload is not UTF-8.
        """
        return self.payload.decode()

    def json(self) -> Any:
        """Returns the payload, parsed as JSON.

        Raises:
            ValueError: if the payload is not JSON.
        """
        return json.loads(self.payload)

    @property
    def sender(self) -> str:
        """Agent id of the publisher: metadata ``loom.sender``, else ``source``."""
        return self._metadata_value("sender") or self.source

    @property
    def reply_to(self) -> str:
        """Topic for replies: metadata ``loom.reply_to``, else the sender's topic for replies."""
        return self._metadata_value("reply_to") or f"agent.{self.sender}.replies"

    @property
    def correlation_id(self) -> Optional[str]:
        """Id of the request that this event belongs to: metadata ``loom.correlation_id``."""
        return self._metadata_value("correlation_id")

    @property
    def thread_id(self) -> Optional[str]:
        """Id of the conversation that this event belongs to: metadata ``loom.thread_id``."""
        return self._metadata_value("thread_id")

    def said(self, key: str) -> Optional[str]:
        """Returns the metadata value of ``loom.KEY``, else of ``KEY``; ``None`` if both are missing or empty."""
        return self._metadata_value(key)

    def _metadata_value(self, key: str) -> Optional[str]:
        return self.metadata.get(f"loom.{key}") or self.metadata.get(key)


def encode_payload(payload: Payload) -> bytes:
    """Converts a payload into bytes.

    Raises:
        TypeError: if JSON cannot represent the payload.
    """
    if payload is None:
        return b""
    if isinstance(payload, bytes):
        return payload
    return (payload if isinstance(payload, str) else json.dumps(payload)).encode()
