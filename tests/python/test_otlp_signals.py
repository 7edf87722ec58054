"""Metrics, log lines and the content of calls, as a collector gets them."""

import json

import pytest

from agent import join
from collector import AT_ONCE, Collector, attributes
from dashboard import request
from language_model import LanguageModel
from otlp_spans import send_spans
from server import DEADLINE
from test_llm import HELLO, TEXT, generate, table
from test_mcp import call, filesystem
from test_tools import complete, forward, in_background

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CONTENT = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}


@pytest.fixture
def collector():
    """Returns a running collector."""
    one = Collector()
    yield one
    one.close()


@pytest.fixture
def model(tmp_path):
    """Returns a running server of a language model."""
    one = LanguageModel(tmp_path, [HELLO])
    yield one
    one.close()


def to(collector, **more):
    """Returns the settings for a collector."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}"} | AT_ONCE | more


def with_model(model):
    """Returns the settings for a language model."""
    return {"LOOM_LLM_PROVIDERS": json.dumps({"local": table(model)})}


def call_tool(server, arguments="{}", output="{}", tool="fee", **more):
    """Calls the tool of an agent, which responds with this output."""
    clerk = join(server, f"clerk-{tool}", tools=[tool])
    thread, _ = in_background(lambda: forward(server, id="c1", name=tool, arguments=arguments, **more))
    complete(clerk, output=output)
    thread.join(DEADLINE)


def test_metrics_are_what_the_dashboard_counts(start, collector):
    server = start(**to(collector))
    listener = join(server, "listener", ["t"])
    for n in range(3):
        listener.publish("t", id=str(n))
    listener.receive_deliveries(3)
    call_tool(server)
    forward(server, id="c2", name="none", arguments="{}")

    def has(amount):
        return lambda points: [point.as_int for point in points] == [amount]

    metric, (point,) = collector.take_metric("messaging.client.sent.messages", has(3))
    assert (metric.unit, attributes(point)) == ("{message}", {"messaging.system": "loom"})
    assert metric.sum.is_monotonic
    collector.take_metric("messaging.client.consumed.messages", has(3))
    collector.take_metric("loom.agents", has(2))
    collector.take_metric("loom.subscriptions")
    collector.take_metric("loom.events.queued", has(0))
    collector.take_metric("loom.events.dropped", has(0))
    _, points = collector.take_metric("loom.tool.calls", lambda points: sum(each.as_int for each in points) == 2)
    calls = {attributes(each)["outcome"]: each.as_int for each in points}
    assert calls == {"ok": 1, "error": 0, "timeout": 0, "not_found": 1, "invalid_arguments": 0}
    metric, points = collector.take_metric("loom.tool.call.duration", lambda points: len(points) == 2)
    labels = [attributes(each) for each in points]
    assert {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "fee"} in labels
    assert {"gen_ai.operation.name": "execute_tool", "error.type": "NOT_FOUND"} in labels
    assert all(0 < each.sum < DEADLINE and each.count == 1 for each in points)
    assert collector.take_metric("process.memory.usage")[1][0].as_int > 1 << 20
    assert 0 < collector.take_metric("process.uptime")[1][0].as_double < 60 * DEADLINE


def test_tokens_and_times_of_language_models_are_histograms(start, collector, model):
    server = start(**to(collector), **with_model(model))
    assert generate(server, {"prompt": "hello"}).status == 0
    metric, points = collector.take_metric("gen_ai.client.token.usage", lambda points: len(points) == 2)
    common = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "local", "gen_ai.request.model": "m"}
    kinds = {}
    for point in points:
        labels = attributes(point)
        kinds[labels.pop("gen_ai.token.type")] = point.sum
        assert labels == common and point.explicit_bounds[1] == 4
    _, _, span = collector.take("llm.generate")
    of_span = attributes(span)
    assert kinds == {"input": of_span["gen_ai.usage.input_tokens"], "output": of_span["gen_ai.usage.output_tokens"]}
    metric, (point,) = collector.take_metric("gen_ai.client.operation.duration")
    assert metric.unit == "s" and attributes(point) == common and point.count == 1


def test_times_of_mcp_calls_are_a_histogram(start, collector, tmp_path):
    server = start(**to(collector), LOOM_MCP_SERVERS=json.dumps({"files": filesystem(tmp_path)}))
    assert call(server, "files:list_allowed_directories", {}).status == 0
    assert call(server, "files:read_text_file", {"path": "/none"}).status != 0
    metric, points = collector.take_metric("mcp.client.operation.duration", lambda points: len(points) == 2)
    labels = [attributes(point) for point in points]
    assert metric.unit == "s" and all(each["mcp.method.name"] == "tools/call" for each in labels)
    assert {each["gen_ai.tool.name"] for each in labels} == {"files:list_allowed_directories", "files:read_text_file"}
    assert [each["error.type"] for each in labels if "error.type" in each] == ["EXECUTION_ERROR"]


def test_lines_have_their_level_and_their_run_and_follow_the_filter(start, collector, tmp_path):
    dashboard = {"LOOM_DASHBOARD": "on", "LOOM_DASHBOARD_PORT": "0"}
    server = start(**to(collector), **dashboard, RUST_LOG="info,loom_bridge::server=warn", log=tmp_path / "log")
    join(server, "worker", ["t"])
    target, line = collector.take_line("agent registered")
    assert (line.severity_text, line.severity_number, target) == ("INFO", 9, "loom_core::runtime")
    assert attributes(line)["agent"] == "worker" and attributes(line)["topics"] == "1"
    _, _, registered = collector.take("agent.register")
    assert (line.trace_id, line.span_id) == (registered.trace_id, registered.span_id)
    assert abs(line.time_unix_nano - registered.end_time_unix_nano) < DEADLINE * 10**9
    put = {"headers": {"content-type": "application/json"}, "method": "PUT"}
    assert request(server, "/api/log-level", body='{"level": "debug"}', **put)[0] == 200
    join(server, "other")
    collector.take_line("agent registered")
    assert server.stop() == 0
    seen = [collector.logs.get_nowait() for _ in range(collector.logs.qsize())]
    of_export = ("h2", "hyper", "tonic", "tower", "opentelemetry")
    assert not [target for target, _ in seen if target.split("::")[0] in of_export]
    assert not [line for _, line in seen if "listening" in line.body.string_value]
    assert len(seen) < 100, "no export causes another one"


def test_content_is_exported_only_on_request(start, collector, model):
    server = start(**to(collector), **with_model(model))
    assert generate(server, {"prompt": "hello"}).status == 0
    call_tool(server, arguments='{"amount": 3}')
    names = ("llm.generate", "tool.call", "tool.call")
    for name in names:
        assert not [key for key in attributes(collector.take(name)[2]) if "messages" in key or "arguments" in key]


def test_content_has_the_attributes_of_the_conventions(start, collector, model):
    server = start(**to(collector, **CONTENT), **with_model(model))
    assert generate(server, {"prompt": "hello", "system": "Be kind."}).status == 0
    span = attributes(collector.take("llm.generate")[2])
    part = {"type": "text", "content": "hello"}
    assert json.loads(span["gen_ai.input.messages"]) == [{"role": "user", "parts": [part]}]
    assert json.loads(span["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be kind."}]
    (answer,) = json.loads(span["gen_ai.output.messages"])
    assert answer["parts"] == [{"type": "text", "content": TEXT}] and answer["finish_reason"] == "stop"
    call_tool(server, arguments='{"amount": 3, "api_key": "hush"}', output='{"fee": 6, "token": "hush"}')
    collector.take("tool.call")
    span = attributes(collector.take("tool.call")[2])
    assert json.loads(span["gen_ai.tool.call.arguments"]) == {"amount": 3, "api_key": "***"}
    assert json.loads(span["gen_ai.tool.call.result"]) == {"fee": 6, "token": "***"}


def test_content_is_cut_and_that_of_secret_runs_left_out(start, collector):
    server = start(**to(collector, **CONTENT))
    call_tool(server, arguments=json.dumps({"x": "y" * 200_000}))
    arguments = attributes(collector.take("tool.call")[2])["gen_ai.tool.call.arguments"]
    assert len(arguments) == 64 << 10 and arguments.startswith('{"x": "yy')
    call_tool(server, tool="hidden", headers={"loom.secret": "true"})
    span = attributes(collector.take("tool.call")[2])
    assert span["gen_ai.tool.name"] == "hidden" and "gen_ai.tool.call.arguments" not in span


def test_much_content_is_divided_among_requests(start, collector):
    server = start(**to(collector, **CONTENT, OTEL_BSP_SCHEDULE_DELAY="2000"))
    clerk = join(server, "clerk", tools=["fee"])
    arguments = json.dumps({"x": "y" * (64 << 10)})
    calls = [in_background(lambda: forward(server, id=f"c{n}", name="fee", arguments=arguments))[0] for n in range(80)]
    for _ in calls:
        complete(clerk, output="{}")
    for thread in calls:
        thread.join(DEADLINE)
    for _ in calls:
        span = attributes(collector.take("tool.call")[2])
        assert len(span["gen_ai.tool.call.arguments"]) == 64 << 10


def test_content_of_agents_is_exported_on_request_and_not_of_secret_runs(start, collector):
    server = start(**to(collector, **CONTENT))
    said = {"gen_ai.input.messages": '[{"role": "user", "api_key": "hush"}]'}
    send_spans(server, [{"trace": TRACE, "id": 1, "name": "chat", "attributes": said}])
    span = attributes(collector.take("chat")[2])
    assert json.loads(span["gen_ai.input.messages"]) == [{"role": "user", "api_key": "***"}]
    secret = "b" * 32
    metadata = {"traceparent": f"00-{secret}-{'0' * 15}1-01", "loom.secret": "true"}
    market = join(server, "market")
    market.publish("price", id="p1", metadata=metadata)
    market.ping_through()
    send_spans(server, [{"trace": secret, "id": 2, "name": "hidden chat", "attributes": said}])
    assert "gen_ai.input.messages" not in attributes(collector.take("hidden chat")[2])
    quiet = start(**to(collector))
    send_spans(quiet, [{"trace": TRACE, "id": 3, "name": "quiet chat", "attributes": said}])
    assert "gen_ai.input.messages" not in attributes(collector.take("quiet chat")[2])
