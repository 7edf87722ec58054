"""The dashboard over plain HTTP."""

import http.client
import json
import queue
import threading
from urllib.parse import urlsplit

import pytest

from agent import join
from server import DEADLINE


@pytest.fixture
def dashboard(start):
    """A server with a dashboard."""
    return start(LOOM_DASHBOARD="Yes", LOOM_DASHBOARD_PORT="0")


def ask(server, path, method="GET", host=None):
    """One request; answers status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(server.dashboard).netloc, timeout=DEADLINE)
    connection.request(method, path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def ask_json(server, path):
    """One request that must answer JSON."""
    status, headers, body = ask(server, path)
    assert status == 200 and headers["content-type"] == "application/json"
    return json.loads(body)


class Watch:
    """The event stream: every event as (name, data)."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(urlsplit(server.dashboard).netloc, timeout=DEADLINE)
        self.connection.request("GET", "/api/events/stream")
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


def test_without_leave_there_is_no_dashboard(server):
    assert server.dashboard is None


def test_the_page_needs_nothing_from_elsewhere(dashboard):
    for path, kind in [("/", "text/html"), ("/static/app.js", "text/javascript"), ("/static/app.css", "text/css")]:
        status, headers, body = ask(dashboard, path)
        assert status == 200 and headers["content-type"].startswith(kind)
        assert "access-control-allow-origin" not in headers
        assert "default-src 'none'" in headers["content-security-policy"]
        text = body.decode().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text


def test_unknown_paths_and_wrong_methods(dashboard):
    for path in ["/nope", "/static/nope", "/static/../Cargo.toml", "/api", "/static/"]:
        assert ask(dashboard, path)[0] == 404, path
    for path in ["/", "/api/topology", "/api/events/stream", "/metrics"]:
        assert ask(dashboard, path, "POST")[0] == 405, path


def test_names_of_other_sites_are_refused(dashboard):
    for host, status in [("evil.example", 403), ("localhost", 200), ("127.0.0.1:1", 200), ("[::1]", 200)]:
        assert ask(dashboard, "/api/topology", host=host)[0] == status, host


def test_topology_counts_deliveries(dashboard):
    worker = join(dashboard, "worker", ["b", "p.*", "b"], ["tool"])
    join(dashboard, "idle")
    worker.publish("b", id="1")
    worker.publish("p.x", id="2")
    worker.hear_deliveries(3)
    topology = ask_json(dashboard, "/api/topology")
    assert set(topology) == {"agents", "edges", "timestamp"}
    assert topology["agents"] == [
        {"id": "idle", "topics": [], "capabilities": [], "connected": True},
        {"id": "worker", "topics": ["b", "p.*", "b"], "capabilities": ["tool"], "connected": True},
    ]
    assert topology["edges"] == [
        {"from_topic": "b", "to_agent": "worker", "event_count": 2},
        {"from_topic": "p.*", "to_agent": "worker", "event_count": 1},
    ]


def test_metrics_and_flow_are_measured(dashboard):
    worker = join(dashboard, "worker", ["t"], ["tool"])
    speaker = join(dashboard, "speaker")
    for n in range(10):
        speaker.publish("t", id=str(n))
    worker.hear_deliveries(10)
    metrics = ask_json(dashboard, "/api/metrics")
    assert (metrics["active_agents"], metrics["active_subscriptions"]) == (2, 1)
    assert 0 < metrics["events_per_sec"] <= 10 and metrics["tool_invocations_per_sec"] == 0
    flow = ask_json(dashboard, "/api/flow")
    nodes = {node["id"]: (node["node_type"], node["event_count"], node["topics"]) for node in flow["nodes"]}
    assert nodes == {
        "EventBus": ("eventbus", 20, ["t"]),
        "speaker": ("agent", 10, ["t"]),
        "worker": ("agent", 10, ["t"]),
    }
    flows = {(each["source"], each["target"], each["topic"]): each["count"] for each in flow["flows"]}
    assert flows == {("speaker", "EventBus", "t"): 10, ("EventBus", "worker", "t"): 10}
    text = ask(dashboard, "/metrics")[2].decode().splitlines()
    for line in ["loom_events_published_total 10", "loom_events_delivered_total 10", "loom_agents 2"]:
        assert line in text


def test_the_stream_tells_what_happens(dashboard):
    watch = Watch(dashboard)
    assert ask_json(dashboard, "/api/events/status") == {"subscribers": 1}
    agent = join(dashboard, "agent", ["t"], ["tool"])
    agent.publish("t", id="e", metadata={"loom.thread_id": "th", "correlation_id": "co"}, payload="é".encode() * 200)
    agent.hear_deliveries(1)
    from loom.v1 import action_pb2

    call = action_pb2.ToolCall(id="c", name="tool", arguments='{"x":1}', timeout_ms=1)
    dashboard.bridge().ForwardToolCall(call, timeout=DEADLINE)
    agent.half_close()
    agent.end()
    told = [watch.next() for _ in range(5)]
    assert all(name is None for name, _ in told), "events are unnamed"
    keys = ["event_type", "event_id", "topic", "sender", "thread_id", "correlation_id", "payload_preview"]
    assert [[data[key] for key in keys] for _, data in told] == [
        ["agent_registered", "register_agent", "system.agent.register", "agent", None, None, ""],
        ["event_published", "e", "t", "agent", "th", "co", "é" * 100],
        ["event_delivered", "e", "t", "agent", "th", "co", "é" * 100],
        ["tool_invoked", "c", "tool", None, None, None, '{"x":1}'],
        ["agent_unregistered", "unregister_agent", "system.agent.unregister", "agent", None, None, ""],
    ]
    assert all(data["timestamp"].endswith("Z") for _, data in told)
    assert dashboard.stop() == 0, "a watcher does not hold up the end"
    assert watch.next() is None


def test_a_watcher_that_lags_is_told(dashboard):
    watch_socket = http.client.HTTPConnection(urlsplit(dashboard.dashboard).netloc, timeout=DEADLINE)
    watch_socket.request("GET", "/api/events/stream")
    answer = watch_socket.getresponse()
    assert answer.readline() == b"event: ping\n"
    agent = join(dashboard, "agent")
    total = 60_000
    for n in range(total):
        agent.publish("t" * 400, id=str(n))
    agent.ping()
    told = missed = 0
    name = None
    while told + missed < total + 1:
        key, _, value = answer.readline().decode().rstrip("\n").partition(": ")
        if key == "event":
            name = value
        elif key == "data" and name == "lagged":
            missed += json.loads(value)["missed"]
            name = None
        elif key == "data" and name is None:
            told += 1
        elif key == "data":
            name = None
    assert missed > 0
    watch_socket.close()


def test_probes(dashboard):
    assert ask(dashboard, "/healthz")[0] == 200
    assert ask(dashboard, "/readyz")[0] == 200
