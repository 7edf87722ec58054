"""Spans of the runtime's work in the dashboard's API."""

import pytest

from agent import join
from dashboard import EventStream, get_json, request
from server import DEADLINE
from test_tools import complete, forward, in_background

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def dashboard(start):
    """Returns a server with a dashboard."""
    return start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0")


def recent(server, name=None):
    """Returns the latest spans, newest first; only those with this name, if given."""
    return [span for span in get_json(server, "/api/spans/recent?limit=1000") if name in (None, span["name"])]


def await_trace(server, trace, count):
    """Waits until a trace has this many spans, and returns them: a span ends just after its work is visible."""
    while len(spans := get_json(server, f"/api/traces/{trace}")) < count:
        pass
    return spans


def test_an_event_and_its_deliveries_are_one_trace(dashboard):
    near = join(dashboard, "near", ["t", "t"])
    far = join(dashboard, "far", ["t"])
    near.publish("t", id="e1", payload=b"x")
    near.receive_deliveries(2)
    far.receive_deliveries(1)
    (published,) = recent(dashboard, "event.publish")
    assert set(published) == {
        "trace_id", "span_id", "parent_span_id", "name", "start_time", "duration", "attributes", "status",
        "error_message",
    }  # fmt: skip
    assert published["attributes"] == {"topic": "t", "event_id": "e1", "agent": "near"}
    assert published["parent_span_id"] is None and published["status"] == "unset"
    assert len(published["trace_id"]) == 32 and len(published["span_id"]) == 16
    trace = await_trace(dashboard, published["trace_id"], 4)
    delivered = [span for span in trace if span["name"] == "event.deliver"]
    assert sorted(span["attributes"]["agent"] for span in delivered) == ["far", "near", "near"]
    assert {span["parent_span_id"] for span in delivered} == {published["span_id"]}
    assert all(span["duration"] > 0 for span in trace)
    assert [span["start_time"] for span in trace] == sorted(span["start_time"] for span in trace)
    registered = recent(dashboard, "agent.register")
    assert [span["attributes"]["agent"] for span in registered] == ["far", "near"], "newest first"


@pytest.mark.parametrize(
    "metadata",
    [{"traceparent": PARENT}, {"trace_id": TRACE, "span_id": SPAN, "trace_flags": "01"}, {"loom.traceparent": PARENT}],
)
def test_a_publishers_trace_is_continued(dashboard, metadata):
    agent = join(dashboard, "agent", ["t"])
    agent.publish("t", id="e", metadata=metadata)
    event = agent.receive().delivery.event
    assert dict(event.metadata) == metadata, "nothing is added"
    trace = await_trace(dashboard, TRACE, 2)
    published, delivered = sorted(trace, key=lambda span: span["name"], reverse=True)
    assert (published["name"], published["parent_span_id"]) == ("event.publish", SPAN)
    assert (delivered["name"], delivered["parent_span_id"]) == ("event.deliver", published["span_id"])


@pytest.mark.parametrize("header", ["", "00-0-0-01", f"00-{TRACE}-{'0' * 16}-01", "x" * 10_000])
def test_an_invalid_traceparent_begins_a_new_trace(dashboard, header):
    agent = join(dashboard, "agent", ["t"])
    agent.publish("t", metadata={"traceparent": header})
    agent.receive_deliveries(1)
    (published,) = recent(dashboard, "event.publish")
    assert published["parent_span_id"] is None and published["trace_id"] != TRACE


def test_spans_of_calls_have_a_status(dashboard):
    from loom.v1 import action_pb2

    worker = join(dashboard, "worker", tools=["t"])
    thread, _ = in_background(
        lambda: forward(dashboard, id="c1", name="t", arguments="{}", headers={"traceparent": PARENT, "x-agent-id": "caller"})
    )
    complete(worker, output="1")
    thread.join(DEADLINE)
    (succeeded,) = await_trace(dashboard, TRACE, 1)
    assert (succeeded["name"], succeeded["status"], succeeded["parent_span_id"]) == ("tool.call", "ok", SPAN)
    assert succeeded["attributes"] == {"tool": "t", "call_id": "c1", "agent": "caller"}
    forward(dashboard, id="c2", name="none", arguments="{}")
    thread, _ = in_background(lambda: forward(dashboard, id="c3", name="t", arguments="{}"))
    complete(worker, status=action_pb2.TOOL_ERROR, error=action_pb2.ToolError(code="X", message="failed"))
    thread.join(DEADLINE)
    while len(calls := recent(dashboard, "tool.call")) < 3:
        pass
    outcomes = [(span["attributes"]["call_id"], span["status"], span["attributes"].get("code"), span["error_message"]) for span in calls]
    assert outcomes == [
        ("c3", "error", "X", "failed"),
        ("c2", "error", "NOT_FOUND", "Tool not found: none"),
        ("c1", "ok", None, None),
    ]


def test_limits_are_checked_and_unknown_traces_are_empty(dashboard):
    join(dashboard, "a")
    join(dashboard, "b")
    assert len(get_json(dashboard, "/api/spans/recent")) == 2
    assert len(get_json(dashboard, "/api/spans/recent?limit=1")) == 1
    assert get_json(dashboard, "/api/spans/recent?limit=0") == []
    for limit in ["1001", "-1", "x", ""]:
        assert request(dashboard, f"/api/spans/recent?limit={limit}")[0] == 400, limit
    for unknown in [TRACE, "x", "0" * 31, "é"]:
        assert get_json(dashboard, f"/api/traces/{unknown.replace('é', '%C3%A9')}") == []


def test_the_stream_sends_new_spans_only(dashboard):
    join(dashboard, "before")
    stream = EventStream(dashboard, "/api/spans/stream")
    join(dashboard, "after")
    name, spans = stream.next()
    assert name == "spans"
    assert [(span["name"], span["attributes"]["agent"]) for span in spans] == [("agent.register", "after")]
    assert dashboard.stop() == 0, "an observer does not delay the end"
    assert stream.next() is None


def test_event_spans_have_a_budget_and_do_not_replace_others(start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY_ROWS_PER_SECOND="20")
    agent = join(server, "agent", ["t"])
    for n in range(5000):
        agent.publish("t", id=str(n))
    agent.ping_through()
    names = [span["name"] for span in recent(server)]
    assert "agent.register" in names
    assert 0 < len(names) - 1 < 500, "at most one budget per second of the test"
    skipped = [line for line in request(server, "/metrics")[2].decode().splitlines() if line.startswith("loom_event_spans_skipped_total")]
    assert float(skipped[0].split()[1]) > 0


def test_a_budget_of_zero_records_no_event_spans(start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY_ROWS_PER_SECOND="0")
    agent = join(server, "agent", ["t"])
    agent.publish("t", metadata={"traceparent": PARENT})
    agent.receive_deliveries(1)
    assert [span["name"] for span in recent(server)] == ["agent.register"]
