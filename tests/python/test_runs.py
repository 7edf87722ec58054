"""The history of runs: what followed from what, over the dashboard's API and over restarts."""

import json
import sqlite3
import stat
import threading
import time
from contextlib import suppress

import pytest

from agent import join
from dashboard import EventStream, get_json, request
from otlp_spans import send_spans
from server import DEADLINE
from test_llm import generate, model, output, table  # noqa: F401 (model is a fixture)
from test_tools import complete, forward, in_background


@pytest.fixture
def file(tmp_path):
    return tmp_path / "history.db"


@pytest.fixture
def dashboard(start, file):
    """Returns a server with a dashboard and a history in a file."""
    return start(**settings(file))


def settings(file, **others):
    return dict(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY=str(file)) | others


def runs_when(server, is_complete, query=""):
    """Waits until the list of runs is complete, and returns it: rows are written a little later."""
    deadline = time.monotonic() + DEADLINE
    while not is_complete(runs := get_json(server, f"/api/runs?{query}")["runs"]):
        assert time.monotonic() < deadline, runs
        time.sleep(0.05)
    return runs


def chain(server, metadata=None):
    """A price, of which an agent makes an analysis with a tool, of which another makes an order."""
    market = join(server, "market")
    analyst = join(server, "analyst", ["price"])
    trader = join(server, "trader", ["analysis"])
    clerk = join(server, "clerk", tools=["fee"])
    market.publish("price", id="p1", payload=b'{"ask": 7, "api_key": "sk-hidden"}', metadata=metadata or {})
    delivery = analyst.receive().delivery
    thread, _ = in_background(
        lambda: forward(
            server, id="c1", name="fee", arguments='{"amount": 3}',
            headers={"traceparent": delivery.traceparent, "x-agent-id": "analyst"} | (metadata or {}),
        )  # fmt: skip
    )
    complete(clerk, output='{"fee": 6}')
    thread.join(DEADLINE)
    analyst.publish("analysis", id="a1", payload=b"needle in a haystack", metadata={"traceparent": delivery.traceparent} | (metadata or {}))
    trader.receive()
    trader.publish("order", id="o1", metadata={"correlation_id": "a1"} | (metadata or {}))
    trader.ping_through()


def is_whole(runs):
    return [run for run in runs if run["trigger"] == "price" and run["spans"] >= 6]


def test_a_chain_of_events_and_calls_is_one_run(dashboard, file):
    chain(dashboard)
    (run,) = is_whole(runs_when(dashboard, is_whole))
    assert {"id", "trigger", "agents", "started_at", "duration_ms", "status", "events", "tokens", "error"} <= set(run)
    assert run["agents"][0] == "market" and set(run["agents"]) >= {"market", "analyst", "trader"}
    assert (run["events"], run["status"], run["error"]) == (3, "running", None)
    detail = get_json(dashboard, f"/api/runs/{run['id']}")
    spans = {span["name"]: span for span in detail["span_list"] if span["topic"] in (None, "price")}
    called = spans["tool.call"]
    assert [(body["kind"], json.loads(body["text"])) for body in called["bodies"]] == [
        ("input", {"amount": 3}),
        ("output", {"fee": 6}),
    ]
    assert called["parent_span_id"] == spans["event.deliver"]["span_id"]
    (payload,) = spans["event.publish"]["bodies"]
    assert json.loads(payload["text"])["ask"] == 7
    assert "sk-hidden" not in json.dumps(detail), "values under such keys are not kept"
    assert get_json(dashboard, f"/api/bodies/{payload['id']}")["text"] == payload["text"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    published = get_json(dashboard, f"/api/events?run={run['id']}")["events"]
    assert [event["topic"] for event in published] == ["order", "analysis", "fee", "price"], "newest first"
    (call,) = [event for event in published if event["event_type"] == "tool_invoked"]
    assert (call["event_id"], call["sender"], call["outcome"], call["error"]) == ("c1", "analyst", "ok", None)
    assert call["duration_ms"] >= 0 and call["payload_preview"] == '{"amount": 3}'


def test_runs_are_found_by_what_took_part_and_by_words(dashboard):
    chain(dashboard)
    (run,) = is_whole(runs_when(dashboard, is_whole))
    for query in ["agent=trader", "topic=order", "tool=fee", "status=running", f"since={run['started_at']}", "min_ms=0"]:
        assert run["id"] in [found["id"] for found in get_json(dashboard, f"/api/runs?{query}")["runs"]], query
    for query in ["agent=nobody", "topic=none", "status=failed", "min_ms=60000"]:
        assert run["id"] not in [found["id"] for found in get_json(dashboard, f"/api/runs?{query}")["runs"]], query
    (found,) = runs_when(dashboard, bool, "q=hayst")
    assert found["id"] == run["id"]
    for query, words in [("state=ok", "expected one of"), ("status=done", "expected a status"), ("limit=x", "limit"), ("since=now", "expected a time")]:
        status, _, body = request(dashboard, f"/api/runs?{query}")
        assert status == 400 and words in json.loads(body)["error"], (query, body)
    for path in ["/api/runs/x", f"/api/runs/{'0' * 32}", "/api/bodies/x", "/api/bodies/999999999"]:
        assert request(dashboard, path)[0] == 404, path


def test_a_failed_call_makes_a_failed_run(dashboard):
    forward(dashboard, id="c1", name="none", arguments="{}")
    (run,) = runs_when(dashboard, lambda runs: any(run["error"] for run in runs), "tool=none")
    assert run["error"] == "Tool not found: none"
    failed = get_json(dashboard, "/api/overview")
    assert failed["total"]["errors"] >= 1 and failed["errors"][0]["error"] == "Tool not found: none", failed


def test_the_history_outlives_a_killed_server(start, dashboard, file):
    chain(dashboard)
    (run,) = is_whole(runs_when(dashboard, is_whole))
    time.sleep(1.0)
    dashboard.process.kill()
    dashboard.process.wait(DEADLINE)
    after = start(**settings(file))
    (kept,) = is_whole(get_json(after, "/api/runs?")["runs"])
    assert (kept["id"], kept["events"]) == (run["id"], run["events"])
    assert kept["status"] in ("ok", "partial")


def test_content_can_be_left_out(start, file):
    server = start(**settings(file, LOOM_DASHBOARD_CONTENT="off"))
    chain(server)
    (run,) = is_whole(runs_when(server, is_whole))
    detail = json.dumps(get_json(server, f"/api/runs/{run['id']}"))
    events = json.dumps(get_json(server, "/api/events"))
    assert server.stop() == 0
    everything = detail + events + b"".join(path.read_bytes() for path in file.parent.glob("history.db*")).decode("latin-1")
    for content in ["needle in a haystack", "haystack", '"amount"', '"fee": 6']:
        assert content not in everything, content


def test_without_content_the_live_streams_have_no_previews(start, file):
    server = start(**settings(file, LOOM_DASHBOARD_CONTENT="off"))
    streams = [EventStream(server), EventStream(server, "/api/stream")]
    chain(server)
    for stream in streams:
        activity, seen = [], set()
        while not {"event_published", "event_delivered", "tool_invoked"} <= seen or len(activity) < 6:
            name, data = stream.next()
            if name is None:
                activity.append(data)
                seen.add(data["event_type"])
        assert {data["payload_preview"] for data in activity} == {""}, activity
    pages = ["/api/spans/recent?limit=1000", "/api/tools", "/api/flow", "/api/topology", "/api/overview", "/api/runtime"]
    shown = "".join(json.dumps(get_json(server, page)) for page in pages)
    for content in ["needle", '"ask"', '"amount"', '"fee": 6']:
        assert content not in shown, content


def test_registrations_are_no_runs_of_the_list_and_are_found_by_id(dashboard):
    join(dashboard, "quiet")
    forward(dashboard, id="c1", name="none", arguments="{}")

    def is_registration(run):
        return run["trigger"] == "agent.register"

    all_runs = runs_when(dashboard, lambda runs: any(map(is_registration, runs)) and len(runs) > 1, "registrations=true")
    (registration,) = filter(is_registration, all_runs)
    listed = get_json(dashboard, "/api/runs")["runs"]
    assert listed and not any(map(is_registration, listed)), listed
    assert get_json(dashboard, f"/api/runs/{registration['id']}")["id"] == registration["id"]
    assert [run["id"] for run in get_json(dashboard, f"/api/runs?q={registration['id'][:12]}")["runs"]] == [registration["id"]]
    status, _, body = request(dashboard, "/api/runs?registrations=perhaps")
    assert status == 400 and "registrations" in json.loads(body)["error"]


def test_a_run_costs_what_its_models_cost_at_the_time(start, model, file):
    api = model(({"userMessage": "hello"}, {"content": "hi"}))
    price = {"input": 1_000_000, "free*": {"input": 0}}

    def costs(count, **prices):
        providers = {"test": table(api, **prices), "other": table(api)}
        server = start(**settings(file, LOOM_LLM_PROVIDERS=json.dumps(providers)))
        output(generate(server, {"prompt": "hello"}))
        runs = runs_when(server, lambda runs: sum(run["tokens"] > 0 for run in runs) == count)
        assert server.stop() == 0
        return [(run["cost"], run["input_tokens"], run["is_cost_partial"]) for run in runs if run["tokens"]]

    ((cost, tokens, is_partial),) = costs(1, price=price)
    assert tokens > 0 and (cost, is_partial) == (tokens, False)
    unpriced, before = costs(2)
    assert (unpriced[0], before[0]) == (None, cost), "the price was applied when the call ended"


def test_secret_runs_have_no_content_anywhere(dashboard, file):
    chain(dashboard, {"loom.secret": "true"})
    (run,) = is_whole(runs_when(dashboard, is_whole))
    assert run["is_secret"]
    pages = [f"/api/runs/{run['id']}", "/api/events", "/api/runs?", "/api/spans/recent?limit=1000"]
    shown = "".join(json.dumps(get_json(dashboard, page)) for page in pages)
    assert dashboard.stop() == 0
    shown += b"".join(path.read_bytes() for path in file.parent.glob("history.db*")).decode("latin-1")
    for content in ["needle in a haystack", "haystack", '"amount"', '"fee": 6', '"ask"']:
        assert content not in shown, content


@pytest.mark.parametrize(
    "mark",
    [{"loom.secret": "true"}, {"baggage": "a=b,loom.secret=true"}, {}],
    ids=["metadata", "baggage", "late"],
)
def test_errors_of_secret_runs_keep_their_type_alone(start, file, tmp_path, mark):
    log = tmp_path / "log"
    server = start(log, **settings(file, RUST_LOG="debug"))
    run = "c3" * 16
    headers = {"traceparent": f"00-{run}-{'0' * 15}1-01"}
    clerk = join(server, "clerk", tools=["pin"])
    thread, results = in_background(lambda: forward(server, id="c1", name="pin", arguments="{}", headers=headers | mark))
    complete(clerk, status="TOOL_ERROR", error={"code": "BAD_PIN", "message": "invalid: 'needle'"})
    thread.join(DEADLINE)
    assert "needle" in results[0].error.message, "the caller learns what failed"
    attributes = {"note": "a needle", "error.type": "ValueError"}
    send_spans(server, [{"trace": run, "id": 7, "name": "parse", "error": "ValueError: needle", "attributes": attributes}])
    runs_when(server, lambda runs: any(one["id"] == run and one["spans"] >= 2 for one in runs))
    if not mark:
        join(server, "market").publish("price", id="p1", metadata=headers | {"loom.secret": "true"})
    (found,) = [one for one in runs_when(server, lambda runs: any(one["id"] == run and one["is_secret"] for one in runs)) if one["id"] == run]
    time.sleep(1)
    pages = [f"/api/runs/{run}", f"/api/traces/{run}", "/api/events", "/api/runs?", "/api/spans/recent?limit=1000", "/api/overview"]
    shown = "".join(json.dumps(get_json(server, page)) for page in [*pages, *(["/api/tools"] if mark else [])])
    assert found["status"] != "ok" and "error (secret run)" in shown
    assert "BAD_PIN" in shown and "ValueError" in shown
    shown += "".join(path.read_bytes().decode("latin-1") for path in file.parent.glob("history.db*"))
    assert server.stop() == 0
    shown += log.read_text() + file.read_bytes().decode("latin-1")
    assert "needle" not in shown


def test_a_call_that_runs_names_its_run_also_after_a_crash(start, file):
    server = start(**settings(file))
    join(server, "clerk", tools=["slow"])

    def call():
        with suppress(Exception):  # The server is killed.
            forward(server, id="c1", name="slow", arguments="{}", headers={"x-agent-id": "analyst"})

    in_background(call)
    (run,) = runs_when(server, bool)
    assert (run["trigger"], run["agents"], run["status"]) == ("slow", ["analyst"], "running")
    server.process.kill()
    server.process.wait(DEADLINE)
    (found,) = runs_when(start(**settings(file)), bool)
    assert (found["id"], found["trigger"], found["agents"]) == (run["id"], "slow", ["analyst"])


def test_runs_can_be_removed(dashboard):
    chain(dashboard)
    (run,) = is_whole(runs_when(dashboard, is_whole))
    elsewhere = {"Origin": "https://example.com"}
    assert request(dashboard, f"/api/runs/{run['id']}", "DELETE", headers=elsewhere)[0] == 403
    status, _, body = request(dashboard, f"/api/runs/{run['id']}", "DELETE")
    assert (status, json.loads(body)) == (200, {"removed": 1})
    assert request(dashboard, f"/api/runs/{run['id']}")[0] == 404
    assert request(dashboard, f"/api/runs/{run['id']}", "DELETE")[0] == 404
    assert request(dashboard, "/api/runs?older_than_ms=3600000", "DELETE")[0] == 200
    assert request(dashboard, "/api/runs", "DELETE")[0] == 200
    assert get_json(dashboard, "/api/runs?")["runs"] == []


def test_without_a_history_requests_say_how_to_have_one(start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="off")
    status, _, body = request(server, "/api/runs")
    assert status == 404 and json.loads(body) == {"error": "the history is off; set LOOM_HISTORY to a file or to memory"}


def test_a_file_that_is_no_history_stays_and_memory_is_used(start, tmp_path):
    file, log = tmp_path / "notes.db", tmp_path / "log"
    with sqlite3.connect(file) as other:
        other.execute("create table notes (text)")
        other.execute("insert into notes values ('mine')")
    other.close()
    before = file.read_bytes()
    server = start(log, **settings(file))
    chain(server)
    assert is_whole(runs_when(server, is_whole))
    assert get_json(server, "/api/history")["fallback"]
    assert "history" in log.read_text()
    assert server.stop() == 0
    assert file.read_bytes() == before


def test_a_second_server_leaves_the_file_to_the_first(start, dashboard, file):
    second = start(**settings(file))
    assert get_json(dashboard, "/api/history")["fallback"] is None
    assert get_json(second, "/api/history")["fallback"]


def test_many_readers_and_a_writer_do_not_hinder_each_other(dashboard):
    chain(dashboard)
    failures = []

    def read():
        for _ in range(20):
            status, _, body = request(dashboard, "/api/runs?q=needle")
            if status != 200:
                failures.append(body)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    agent = join(dashboard, "busy")
    for number in range(2000):
        agent.publish("t", id=str(number))
    for reader in readers:
        reader.join(DEADLINE)
    assert not failures
