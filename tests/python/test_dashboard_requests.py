"""What the dashboard asks the runtime to do: calls of tools, and events."""

import json
from urllib.parse import urlsplit

import pytest

from agent import join
from dashboard import get_json, request
from server import DEADLINE
from test_runs import runs_when
from test_tools import complete, in_background

JSON = {"content-type": "application/json"}


@pytest.fixture
def dashboard(start):
    return start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="memory")


def post(server, path, body, **headers):
    """Sends a body as JSON. Returns the status, and the JSON of the response if it has any."""
    headers = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    body = body if isinstance(body, str) else json.dumps(body)
    status, _, content = request(server, path, "POST", headers=headers, body=body)
    return status, json.loads(content) if content.startswith(b"{") else content


def call(server, **body):
    return post(server, "/api/tools/call", body)


def publish(server, **body):
    return post(server, "/api/events", body)


def test_a_call_is_a_run_of_its_own(dashboard):
    clerk = join(dashboard, "clerk", tools=["fee"])
    thread, answers = in_background(lambda: call(dashboard, tool="fee", arguments={"amount": 3}, timeout_ms=9000))
    received = complete(clerk, output='{"fee": 6}')
    thread.join(DEADLINE)
    assert json.loads(received.arguments) == {"amount": 3} and received.timeout_ms == 9000
    ((status, answer),) = answers
    assert (status, answer["ok"], answer["result"], answer["error"]) == (200, True, {"fee": 6}, None)
    assert answer["duration_ms"] > 0
    runs_when(dashboard, bool, "tool=fee")
    (span,) = get_json(dashboard, f"/api/runs/{answer['run']}")["span_list"]
    assert (span["name"], span["tool"]) == ("tool.call", "fee")
    assert [json.loads(body["text"]) for body in span["bodies"]] == [{"amount": 3}, {"fee": 6}]
    assert received.headers["traceparent"].split("-")[1] == answer["run"]


def test_a_tool_that_fails_is_an_answer_and_an_unknown_one_is_none(dashboard):
    clerk = join(dashboard, "clerk", tools=["fee"])
    thread, answers = in_background(lambda: call(dashboard, tool="fee"))
    assert complete(clerk, status=1, error={"message": "out of paper"}).arguments == "{}"
    thread.join(DEADLINE)
    ((status, answer),) = answers
    assert (status, answer["ok"], answer["result"], answer["error"]) == (200, False, None, "out of paper")
    assert len(answer["run"]) == 32
    status, answer = call(dashboard, tool="fee", timeout_ms=50)
    assert (status, answer["ok"]) == (200, False) and "did not return a result within 50ms" in answer["error"]
    assert call(dashboard, tool="tax") == (404, {"error": "there is no tool of this name"})


def test_an_output_that_is_no_json_is_a_text(dashboard):
    clerk = join(dashboard, "clerk", tools=["say"])
    thread, answers = in_background(lambda: call(dashboard, tool="say"))
    complete(clerk, output="no json")
    thread.join(DEADLINE)
    assert answers[0][1]["result"] == "no json"


def test_an_event_reaches_its_subscribers_and_begins_a_run(dashboard):
    trader = join(dashboard, "trader", ["price"])
    payload = '{"b": 1.0,  "a": [1, 2]}'
    status, answer = post(
        dashboard, "/api/events", f'{{"topic": "price", "type": "quote", "payload": {payload}, "metadata": {{"k": "v"}}}}'
    )
    assert (status, answer["delivered"]) == (200, 1), answer
    delivery = trader.receive().delivery
    assert delivery.event.payload == payload.encode(), "byte by byte"
    assert (delivery.event.id, delivery.event.type, delivery.event.metadata["k"]) == (answer["id"], "quote", "v")
    assert delivery.traceparent.split("-")[1] == answer["run"]
    status, later = publish(dashboard, topic="order", traceparent=delivery.traceparent)
    assert (status, later["run"], later["delivered"]) == (200, answer["run"], 0)
    topics = lambda: [event["topic"] for event in get_json(dashboard, f"/api/events?run={answer['run']}")["events"]]
    runs_when(dashboard, lambda runs: len(topics()) == 2)
    assert topics() == ["order", "price"]
    publish(dashboard, topic="price", payload_hex="00ff")
    publish(dashboard, topic="price", payload_text="plain")
    assert [trader.receive().delivery.event.payload for _ in range(2)] == [b"\0\xff", b"plain"]


def test_a_replayed_event_names_the_run_that_it_is_from(dashboard):
    _, answer = publish(dashboard, topic="price", metadata={"loom.replay_of": "f" * 32})
    runs_when(dashboard, bool, "topic=price")
    (span,) = get_json(dashboard, f"/api/runs/{answer['run']}")["span_list"]
    assert span["attributes"]["replay_of"] == "f" * 32


@pytest.mark.parametrize(
    "path, body, words",
    [
        ("/api/tools/call", {}, "missing field `tool`"),
        ("/api/tools/call", {"tool": "t", "args": {}}, "unknown field `args`"),
        ("/api/tools/call", "{", "EOF"),
        ("/api/events", {"payload": 1}, "missing field `topic`"),
        ("/api/events", {"topic": ""}, "topic must not be empty"),
        ("/api/events", {"topic": "t", "payload": 1, "payload_text": "1"}, "expected one of"),
        ("/api/events", {"topic": "t", "payload_hex": "0x"}, "hexadecimal"),
        ("/api/events", {"topic": "t", "traceparent": "00-1-1-00"}, "traceparent"),
        ("/api/events", {"topic": "t" * 1025}, "at most 1024 are allowed"),
    ],
)
def test_malformed_requests_are_refused(dashboard, path, body, words):
    status, answer = post(dashboard, path, body)
    assert status == 400 and words in answer["error"], answer


@pytest.mark.parametrize("path, body", [("/api/tools/call", {"tool": "t"}), ("/api/events", {"topic": "t"})])
def test_only_the_own_page_and_programs_may_ask(start, dashboard, path, body):
    own = urlsplit(dashboard.dashboard).netloc
    known = 404 if "tools" in path else 200
    for headers, expected in [
        ({}, known),
        ({"origin": f"http://{own}"}, known),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"content_type": "text/plain"}, 415),
    ]:
        assert post(dashboard, path, body, **headers)[0] == expected, headers
    large = json.dumps(body | {"x": "y" * (4 << 20)})
    assert post(dashboard, path, large)[0] == 413
    guarded = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_BRIDGE_TOKEN="s3cret")
    assert post(guarded, path, body)[0] == 401
    assert post(guarded, path, body, authorization="Bearer s3cret")[0] == known


def test_sixteen_calls_wait_at_the_same_time_and_a_further_one_is_refused(dashboard):
    clerk = join(dashboard, "clerk", tools=["fee"])
    waiting = [in_background(lambda: call(dashboard, tool="fee")) for _ in range(16)]
    received = [clerk.receive().tool_call for _ in range(16)]
    status, answer = call(dashboard, tool="fee")
    assert (status, answer) == (429, {"error": "16 calls of the dashboard wait for a result; wait until one has ended"})
    for each in received:
        clerk.send(tool_result={"id": each.id, "output": "1"})
    for thread, answers in waiting:
        thread.join(DEADLINE)
        assert answers[0][0] == 200, answers
    thread, answers = in_background(lambda: call(dashboard, tool="fee"))
    complete(clerk, output="2")
    thread.join(DEADLINE)
    assert answers[0][1]["result"] == 2


def test_a_stopping_server_does_not_wait_for_a_tool(start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0")
    clerk = join(server, "clerk", tools=["slow"])
    thread, answers = in_background(lambda: call(server, tool="slow", timeout_ms=600_000))
    assert clerk.receive().tool_call.name == "slow"
    assert server.stop() == 0
    thread.join(DEADLINE)
    assert not thread.is_alive()
