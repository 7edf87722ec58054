"""The dashboard over plain HTTP."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent import Agent, join, register
from dashboard import EventStream, get_json, request
from relay import Relay
from server import DEADLINE
from test_tools import complete, forward, in_background


@pytest.fixture
def dashboard(start):
    """Returns a server with a dashboard."""
    return start(LOOM_DASHBOARD="Yes", LOOM_DASHBOARD_PORT="0")


def test_the_dashboard_is_off_by_default(server):
    assert server.dashboard is None


def test_the_page_loads_nothing_from_other_sites(dashboard):
    for path, kind in [("/", "text/html"), ("/static/app.js", "text/javascript"), ("/static/base.css", "text/css")]:
        status, headers, body = request(dashboard, path)
        assert status == 200 and headers["content-type"].startswith(kind)
        assert "access-control-allow-origin" not in headers
        assert "default-src 'none'" in headers["content-security-policy"]
        text = body.decode().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text


def test_unknown_paths_and_methods_are_refused(dashboard):
    for path in ["/nope", "/static/nope", "/static/../Cargo.toml", "/api", "/static/"]:
        assert request(dashboard, path)[0] == 404, path
    for path in ["/", "/api/topology", "/api/events/stream", "/metrics"]:
        assert request(dashboard, path, "POST")[0] == 405, path


def test_hosts_of_other_sites_are_refused(dashboard):
    for host, status in [("evil.example", 403), ("localhost", 200), ("127.0.0.1:1", 200), ("[::1]", 200)]:
        assert request(dashboard, "/api/topology", host=host)[0] == status, host


def test_topology_counts_deliveries(dashboard):
    worker = join(dashboard, "worker", ["b", "p.*", "b"], ["tool"])
    join(dashboard, "idle")
    worker.publish("b", id="1")
    worker.publish("p.x", id="2")
    worker.receive_deliveries(3)
    topology = get_json(dashboard, "/api/topology")
    assert set(topology) == {"agents", "edges", "timestamp"}
    assert topology["agents"] == [
        {"id": "idle", "topics": [], "capabilities": [], "connected": True},
        {"id": "worker", "topics": ["b", "p.*", "b"], "capabilities": ["tool"], "connected": True},
    ]
    assert topology["edges"] == [
        {"from_topic": "b", "to_agent": "worker", "event_count": 2},
        {"from_topic": "p.*", "to_agent": "worker", "event_count": 1},
    ]


def test_agents_that_are_away_are_listed_on_request(dashboard):
    stream = EventStream(dashboard)

    def agents(query=""):
        return [agent["id"] for agent in get_json(dashboard, f"/api/topology{query}")["agents"]]

    assert register(dashboard, "new").success
    assert register(dashboard, "gone").success
    with Relay(dashboard.address) as relay:
        Agent(dashboard, "gone", channel=dashboard.connect(relay.address)).listen()
        assert (agents(), agents("?away=true")) == (["gone"], ["gone", "new"])
        relay.cut()
    happened = [stream.next()[1] for _ in range(3)]
    assert [event["event_type"] for event in happened] == ["agent_registered", "agent_registered", "agent_away"]
    assert (happened[-1]["sender"], happened[-1]["topic"]) == ("gone", "system.agent.away")
    assert (agents(), agents("?away=true")) == ([], ["gone", "new"])
    back = Agent(dashboard, "gone").listen()
    assert stream.next()[1]["event_type"] == "agent_back"
    assert agents() == ["gone"]
    back.call.cancel()
    assert stream.next()[1]["event_type"] == "agent_unregistered"
    assert (agents(), agents("?away=true")) == ([], ["new"])


def test_metrics_and_flow_are_measured(dashboard):
    worker = join(dashboard, "worker", ["t"], ["tool"])
    publisher = join(dashboard, "publisher")
    for n in range(10):
        publisher.publish("t", id=str(n))
    worker.receive_deliveries(10)
    metrics = get_json(dashboard, "/api/metrics")
    assert (metrics["active_agents"], metrics["active_subscriptions"]) == (2, 1)
    assert 0 < metrics["events_per_sec"] <= 10 and metrics["tool_invocations_per_sec"] == 0
    flow = get_json(dashboard, "/api/flow")
    nodes = {node["id"]: (node["node_type"], node["event_count"], node["topics"]) for node in flow["nodes"]}
    assert nodes == {
        "EventBus": ("eventbus", 20, ["t"]),
        "publisher": ("agent", 10, ["t"]),
        "worker": ("agent", 10, ["t"]),
    }
    flows = {(each["source"], each["target"], each["topic"]): each["count"] for each in flow["flows"]}
    assert flows == {("publisher", "EventBus", "t"): 10, ("EventBus", "worker", "t"): 10}
    text = request(dashboard, "/metrics")[2].decode().splitlines()
    for line in ["loom_events_published_total 10", "loom_events_delivered_total 10", "loom_agents 2"]:
        assert line in text


def test_the_stream_sends_activity(dashboard):
    stream = EventStream(dashboard)
    assert get_json(dashboard, "/api/events/status") == {"subscribers": 1}
    agent = join(dashboard, "agent", ["t"], ["tool"])
    agent.publish("t", id="e", metadata={"loom.thread_id": "th", "correlation_id": "co"}, payload="é".encode() * 200)
    agent.receive_deliveries(1)
    from loom.v1 import action_pb2

    call = action_pb2.ToolCall(id="c", name="tool", arguments='{"x":1}', timeout_ms=1)
    dashboard.bridge().ForwardToolCall(call, timeout=DEADLINE)
    agent.half_close()
    agent.end()
    activity = [stream.next() for _ in range(5)]
    assert all(name is None for name, _ in activity), "events are unnamed"
    keys = ["event_type", "event_id", "topic", "sender", "thread_id", "correlation_id", "payload_preview"]
    assert [[data[key] for key in keys] for _, data in activity] == [
        ["agent_registered", "register_agent", "system.agent.register", "agent", None, None, ""],
        ["event_published", "e", "t", "agent", "th", "co", "é" * 100],
        ["event_delivered", "e", "t", "agent", "th", "co", "é" * 100],
        ["tool_invoked", "c", "tool", None, None, None, '{"x":1}'],
        ["agent_unregistered", "unregister_agent", "system.agent.unregister", "agent", None, None, ""],
    ]
    assert all(data["timestamp"].endswith("Z") for _, data in activity)
    assert dashboard.stop() == 0, "an observer does not delay the end"
    assert stream.next() is None


def test_a_slow_observer_gets_the_number_of_missed_events(dashboard):
    connection = http.client.HTTPConnection(urlsplit(dashboard.dashboard).netloc, timeout=DEADLINE)
    connection.request("GET", "/api/events/stream")
    response = connection.getresponse()
    assert response.readline() == b"event: ping\n"
    agent = join(dashboard, "agent")
    total = 60_000
    for n in range(total):
        agent.publish("t" * 400, id=str(n))
    agent.ping()
    received = missed = 0
    name = None
    while received + missed < total + 1:
        key, _, value = response.readline().decode().rstrip("\n").partition(": ")
        if key == "event":
            name = value
        elif key == "data" and name == "lagged":
            missed += json.loads(value)["missed"]
            name = None
        elif key == "data" and name is None:
            received += 1
        elif key == "data":
            name = None
    assert missed > 0
    connection.close()


def test_probes_are_answered(dashboard):
    assert request(dashboard, "/healthz")[0] == 200
    assert request(dashboard, "/readyz")[0] == 200


def use_tools(server):
    """Joins an agent and calls its tool twice: the first call succeeds, the second one fails. Returns the agent."""
    from loom.v1 import action_pb2

    worker = join(server, "worker", tools=['say "hi"', "idle"])
    call = dict(name='say "hi"', arguments="{}", headers={"x-agent-id": "caller"})
    outcomes = [
        dict(output="1"),
        dict(status=action_pb2.TOOL_ERROR, error=action_pb2.ToolError(code="TOOL_ERROR", message="out of breath")),
    ]
    for outcome in outcomes:
        thread, _ = in_background(lambda: forward(server, id="c", **call))
        complete(worker, **outcome)
        thread.join(DEADLINE)
    forward(server, id="c", name="made up", arguments="{}")
    return worker


def test_tools_have_providers_and_usage(dashboard):
    worker = use_tools(dashboard)
    tools = {tool["name"]: tool for tool in get_json(dashboard, "/api/tools")["tools"]}
    own = tools.pop("llm:generate")
    assert (own["provider"], own["agents"]) == ("native", [])
    assert set(tools) == {'say "hi"', "idle"}, "calls of an unknown tool are not counted"
    used = tools['say "hi"']
    assert (used["calls"], used["errors"], used["last_error"]) == (2, 1, "out of breath")
    assert (used["provider"], used["agents"], used["available"]) == ("agent", ["worker"], True)
    assert used["parameters_schema"] == {}
    assert 0 < used["p50_ms"] <= used["p95_ms"] <= used["max_ms"] and used["mean_ms"] > 0
    idle = tools["idle"]
    assert (idle["calls"], idle["mean_ms"], idle["p95_ms"], idle["last_call_ms"]) == (0, None, None, None)
    worker.half_close()
    worker.end()
    after = {tool["name"]: tool for tool in get_json(dashboard, "/api/tools")["tools"]}
    assert set(after) == {'say "hi"', "llm:generate"} and not after['say "hi"']["available"], "the usage of a withdrawn tool is kept"


def test_the_caller_of_a_tool_is_the_sender(dashboard):
    stream = EventStream(dashboard)
    use_tools(dashboard)
    activity = [stream.next()[1] for _ in range(3)]
    assert [(event["event_type"], event["sender"]) for event in activity[1:]] == [("tool_invoked", "caller")] * 2


def test_the_history_has_one_sample_per_second(dashboard):
    agent = join(dashboard, "agent", ["t"])
    agent.publish("t", id="1")
    agent.receive_deliveries(1)
    samples = []
    while sum(sample["events"] for sample in samples) < 1 or len(samples) < 2:
        history = get_json(dashboard, "/api/metrics/history")
        samples = history["samples"]
    assert history["interval_ms"] == 1000
    assert set(samples[0]) == {
        "timestamp_ms", "active_agents", "active_subscriptions", "events", "deliveries", "dropped", "tool_calls",
        "tool_errors", "queued", "memory_bytes", "tool_p95_ms",
    }  # fmt: skip
    assert samples[-1]["active_agents"] == samples[-1]["active_subscriptions"] == 1
    assert sum(sample["deliveries"] for sample in samples) == 1
    assert 500 < samples[1]["timestamp_ms"] - samples[0]["timestamp_ms"] < 5000


def test_metrics_are_readable_by_prometheus(dashboard):
    use_tools(dashboard)
    _, headers, body = request(dashboard, "/metrics")
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert all(family.documentation and family.type != "unknown" for family in families.values())
    outcomes = {sample.labels["outcome"]: sample.value for sample in families["loom_tool_calls"].samples}
    assert outcomes == {"ok": 1, "error": 1, "timeout": 0, "not_found": 1, "invalid_arguments": 0}
    latency = families["loom_tool_call_duration_seconds"]
    assert latency.type == "histogram" and {sample.labels["tool"] for sample in latency.samples} == {'say "hi"'}
    buckets = [(float(s.labels["le"]), s.value) for s in latency.samples if s.name.endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == (float("inf"), 2)
    assert [value for _, value in buckets] == sorted(value for _, value in buckets), "buckets are cumulative"
    values = {s.name: s.value for s in latency.samples if not s.name.endswith("_bucket")}
    assert values["loom_tool_call_duration_seconds_count"] == 2 and values["loom_tool_call_duration_seconds_sum"] > 0


def change_level(server, level, **headers):
    """Requests another log level. Returns the status."""
    all_headers = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return request(server, "/api/log-level", "PUT", headers=all_headers, body=json.dumps({"level": level}))[0]


def test_the_log_level_can_be_changed_by_the_own_page_only(dashboard):
    own = urlsplit(dashboard.dashboard).netloc
    assert get_json(dashboard, "/api/log-level") == {"level": "warn"}
    assert change_level(dashboard, "debug", origin="http://evil.example") == 403
    assert change_level(dashboard, "debug", origin="null") == 403
    assert change_level(dashboard, "debug", sec_fetch_site="cross-site") == 403
    assert change_level(dashboard, "debug", content_type="text/plain") == 415, "a form of another page cannot send JSON"
    assert change_level(dashboard, "louder") == 422
    assert get_json(dashboard, "/api/log-level") == {"level": "warn"}
    assert change_level(dashboard, "error", origin=f"http://{own}") == 200
    assert change_level(dashboard, "info,loom_core=debug") == 200
    assert get_json(dashboard, "/api/log-level") == {"level": "info,loom_core=debug"}
    for method in ["POST", "DELETE", "PATCH"]:
        assert request(dashboard, "/api/log-level", method)[0] == 405


def test_a_change_requires_the_token(start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_BRIDGE_TOKEN="s3cret")
    assert change_level(server, "debug") == 401
    assert change_level(server, "debug", authorization="Bearer wrong") == 401
    assert change_level(server, "debug", authorization="Bearer s3cret") == 200
