"""The file that ``loom runs export`` writes, checked before anything of it is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, cast

from .errors import LoomError

_MAX_BYTES = 256 << 20
_MAX_EVENTS = 10_000
_MAX_GAP_MS = 3_600_000.0
_REPLACED = "***"

Json = Dict[str, Any]


class ReplayError(LoomError):
    """A run cannot be replayed: its file is not complete, or the runtime refuses it."""


def read(file: Path) -> Json:
    """Reads a file and checks that all of it can be published.

    Raises:
        ReplayError: the file cannot be read, is no exported run, or an event is not complete.
    """
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ReplayError(f"could not replay {file}: it is larger than {_MAX_BYTES >> 20} MiB")
        run = _mapping(json.loads(file.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise ReplayError(f"could not replay {file}: {error}") from error
    problem = _problem(run)
    if problem:
        raise ReplayError(f"could not replay {file}: {problem}")
    return run


def _problem(run: Json) -> Optional[str]:
    if run.get("schema") != 1 or not isinstance(run.get("run"), str):
        return "it is no exported run of schema 1"
    events = _list(run.get("events"))
    if not 0 < len(events) <= _MAX_EVENTS:
        return f"it needs 1 to {_MAX_EVENTS} events"
    for number, event in enumerate(map(_mapping, events), 1):
        problem = _problem_of_event(event)
        if problem:
            return f"event {number} on {event.get('topic')} {problem}; nothing was published"
    return None


def _problem_of_event(event: Json) -> Optional[str]:
    if not isinstance(event.get("topic"), str) or not event["topic"]:
        return "needs a topic"
    gap = event.get("gap_ms", 0)
    if not isinstance(gap, (int, float)) or not 0 <= gap <= _MAX_GAP_MS:
        return "needs a gap_ms of at most an hour"
    if event.get("is_cut"):
        return "has only the beginning of its payload"
    kept = [key for key in ("payload", "payload_hex") if isinstance(event.get(key), str)]
    if not kept:
        return "has no payload: it was not kept"
    if len(kept) > 1:
        return "needs either payload or payload_hex"
    if kept == ["payload_hex"] and not _is_hexadecimal(event["payload_hex"]):
        return "has a payload_hex that is no pairs of hexadecimal digits"
    if not all(isinstance(value, str) for value in _mapping(event.get("metadata")).values()):
        return "has metadata that is not text"
    redacted = list(map(str, _list(event.get("redacted"))))
    redacted += _replaced(event.get("metadata"))
    redacted += _replaced(_content(event))
    return f"has values that were redacted: {', '.join(redacted)}" if redacted else None


def _content(event: Json) -> object:
    """The payload, if it is JSON."""
    try:
        return json.loads(event["payload"]) if "payload" in event else None
    except (ValueError, RecursionError):
        return None


def _is_hexadecimal(digits: str) -> bool:
    return len(digits) % 2 == 0 and set(digits) <= set("0123456789abcdefABCDEF")


def _replaced(value: object) -> List[str]:
    """The keys whose values the history replaced."""
    entries = _mapping(value)
    found = [key for key, entry in entries.items() if entry == _REPLACED]
    for entry in [*entries.values(), *_list(value)]:
        found += _replaced(entry)
    return found


def _mapping(value: object) -> Json:
    """An object of JSON; an empty one for everything else."""
    return cast(Json, value) if isinstance(value, dict) else {}


def _list(value: object) -> List[object]:
    """A list of JSON; an empty one for everything else."""
    return cast("List[object]", value) if isinstance(value, list) else []
