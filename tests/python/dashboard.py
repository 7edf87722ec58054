"""The dashboard as an HTTP client sees it."""

import http.client
import json
import queue
import threading
from urllib.parse import urlsplit

from server import DEADLINE


def ask(server, path, method="GET", host=None, headers=None, body=None):
    """One request; answers status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(server.dashboard).netloc, timeout=DEADLINE)
    sent = {"Host": host} if host else {}
    connection.request(method, path, headers=sent | (headers or {}), body=body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def ask_json(server, path):
    """One request that must answer JSON."""
    status, headers, body = ask(server, path)
    assert status == 200 and headers["content-type"] == "application/json", (status, body)
    return json.loads(body)


class Watch:
    """A stream of server-sent events: every event as (name, data)."""

    def __init__(self, server, path="/api/events/stream"):
        self.connection = http.client.HTTPConnection(urlsplit(server.dashboard).netloc, timeout=DEADLINE)
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()
        assert self.answer.headers["content-type"] == "text/event-stream"
        self.heard = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.next() == ("ping", {})

    def _read(self):
        name = None
        for line in self.answer:
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                self.heard.put((name, json.loads(value)))
                name = None
        self.heard.put(None)

    def next(self):
        """The next event, or None at the end."""
        return self.heard.get(timeout=DEADLINE)
