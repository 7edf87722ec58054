"""An HTTP client of the dashboard."""

import http.client
import json
import queue
import threading
from urllib.parse import urlsplit

from server import DEADLINE


def request(server, path, method="GET", host=None, headers=None, body=None):
    """Sends a request. Returns status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(server.dashboard).netloc, timeout=DEADLINE)
    host_header = {"Host": host} if host else {}
    connection.request(method, path, headers=host_header | (headers or {}), body=body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def get_json(server, path, token=None):
    """Sends a GET request, with the token if one is given, and returns the JSON of the response."""
    status, headers, body = request(server, path, headers={"Authorization": f"Bearer {token}"} if token else None)
    assert status == 200 and headers["content-type"] == "application/json", (status, body)
    return json.loads(body)


class EventStream:
    """A stream of server-sent events; every event as (name, data)."""

    def __init__(self, server, path="/api/events/stream"):
        self.connection = http.client.HTTPConnection(urlsplit(server.dashboard).netloc, timeout=DEADLINE)
        self.connection.request("GET", path)
        self.response = self.connection.getresponse()
        assert self.response.headers["content-type"] == "text/event-stream"
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.next() == ("ping", {})

    def _read(self):
        name = None
        for line in self.response:
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                self.events.put((name, json.loads(value)))
                name = None
        self.events.put(None)

    def next(self):
        """Returns the next event, or None at the end."""
        return self.events.get(timeout=DEADLINE)
