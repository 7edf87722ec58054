"""Publishes what came into a run once more, for tests of agents: the Python side of ``loom runs replay``.

The events of a file that ``loom runs export`` wrote go to a running runtime over its dashboard, in a new run that is
linked to the one in the file.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional, Union

from .errors import ConfigurationError
from .exported_run import Json, read
from .exported_run import ReplayError as ReplayError

_REQUEST_TIMEOUT = 30.0
_INTERVAL = 0.05


@dataclass(frozen=True)
class ReplayedRun:
    """A run that was made by a replay."""

    id: str
    """Id of the new run; empty if the runtime does not record it."""
    replay_of: str
    """Id of the run in the file."""
    published: List[Json]
    """The events that were published: ``id``, ``topic`` and ``delivered``, the number of subscriptions."""
    dashboard_url: str
    """Where the runtime's dashboard is."""

    def detail(self) -> Json:
        """What the runtime has recorded of the run so far, as ``GET /api/runs/<id>`` answers it.

        Raises:
            ReplayError: nothing of the run is recorded, or not yet.
        """
        return _request(self.dashboard_url, f"/api/runs/{self.id}")

    def events(self) -> List[Json]:
        """The events of the run so far, oldest first: those that were replayed, and those that agents published."""
        page = _request(self.dashboard_url, f"/api/events?run={self.id}&limit=1000")
        return list(reversed(page["events"]))

    def topics(self) -> List[str]:
        """The topics of :meth:`events`."""
        return [str(event["topic"]) for event in self.events()]

    def wait(self, until: Callable[[ReplayedRun], bool], timeout: float = 10.0) -> ReplayedRun:
        """Waits until something is true of the run: it is recorded a moment after it happens.

        Args:
            until: called with this run, again and again; a :class:`ReplayError` within counts as false.
            timeout: seconds.

        Raises:
            TimeoutError: it was not true in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                if until(self):
                    return self
            except ReplayError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"run {self.id} is not as expected after {timeout} s")
            time.sleep(_INTERVAL)


def replay(
    file: Union[str, "os.PathLike[str]"],
    to: Optional[str] = None,
    speed: Optional[float] = None,
    *,
    dashboard_url: Optional[str] = None,
) -> ReplayedRun:
    """Publishes the events of a file that ``loom runs export`` wrote, with the gaps between them.

    Nothing is published if an event of the file is not complete. Blocks: a coroutine calls it with
    ``asyncio.to_thread``.

    Args:
        file: the file.
        to: topic for all events, instead of each event's own.
        speed: how many times as fast as the events came; 1 by default.
        dashboard_url: URL of the runtime's dashboard; ``LOOM_DASHBOARD_URL`` by default.

    Raises:
        ReplayError: the file is not complete, or the runtime refuses an event.
        ConfigurationError: no dashboard is known, or the speed is not positive.
    """
    url = dashboard_url or os.environ.get("LOOM_DASHBOARD_URL", "")
    if not url:
        raise ConfigurationError(
            "LOOM_DASHBOARD_URL is not set: a replay needs a runtime with a dashboard",
            exit_code=2,
            kind="usage",
            hint="use the fixture loom_runtime with loom_mode = full, or `loom exec -- pytest`",
        )
    factor = 1.0 if speed is None else speed
    if not factor > 0:
        raise ConfigurationError(f"speed must be positive, got {speed}", exit_code=2, kind="usage")
    run = read(Path(file))
    trace = secrets.token_hex(16)
    begin, due = time.monotonic(), 0.0
    published: List[Json] = []
    identifier = ""
    for event in run["events"]:
        due += float(event.get("gap_ms", 0)) / factor / 1000
        time.sleep(max(0.0, begin + due - time.monotonic()))
        answer = _request(url, "/api/events", _body(event, to, run["run"], trace))
        identifier = answer["run"] or ""
        published.append({"id": answer["id"], "topic": to or event["topic"], "delivered": answer["delivered"]})
    return ReplayedRun(identifier, run["run"], published, url)


def _body(event: Json, to: Optional[str], run: str, trace: str) -> Json:
    payload = "payload_hex" if "payload_hex" in event else "payload"
    return {
        "topic": to or event["topic"],
        "type": event.get("type", ""),
        "metadata": {**(event.get("metadata") or {}), "loom.replay_of": run},
        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
        "payload_hex" if payload == "payload_hex" else "payload_text": event[payload],
    }


def _request(dashboard_url: str, path: str, body: Optional[Json] = None) -> Json:
    headers = {"content-type": "application/json"}
    token = os.environ.get("LOOM_BRIDGE_TOKEN")
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(dashboard_url.rstrip("/") + path, data, headers)
    # The runtime is not behind the proxy that the environment may name.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_REQUEST_TIMEOUT) as response:
            answer: Json = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        with error:
            content = error.read(65_536)
        try:
            reason = str(json.loads(content)["error"])
        except (ValueError, KeyError, TypeError):
            reason = f"{error.code} {error.reason}"
        raise ReplayError(f"the dashboard at {dashboard_url} refused {path}: {reason}") from error
    except (OSError, ValueError) as error:
        raise ReplayError(f"the dashboard at {dashboard_url} does not answer: {error}") from error
