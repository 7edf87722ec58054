"""Spans as an OTLP receiver decodes them."""

import json
import time

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agent import join
from collector import AT_ONCE, Collector, attributes
from dashboard import request
from server import DEADLINE
from test_server import run
from test_tools import forward

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def collector():
    """Returns a running collector."""
    one = Collector()
    yield one
    one.close()


def test_spans_are_exported_completely(start, collector):
    server = start(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.port}",
        OTEL_SERVICE_NAME="shop",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test",
        **AT_ONCE,
    )
    agent = join(server, "agent", ["t"])
    agent.publish("t", id="e1", metadata={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    agent.receive_deliveries(1)
    forward(server, id="c1", name="none", arguments="{}")

    resource, scope, registered = collector.take("agent.register")
    assert resource["service.name"] == "shop" and resource["deployment.environment"] == "test"
    assert resource["service.version"] and scope == "loom"
    assert attributes(registered) == {"gen_ai.agent.name": "agent", "topics": 1, "tools": 0}
    _, _, published = collector.take("event.publish")
    assert (published.trace_id.hex(), published.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(published) == {
        "messaging.system": "loom", "messaging.operation.type": "send", "messaging.destination.name": "t",
        "messaging.message.id": "e1", "gen_ai.agent.name": "agent",
    }  # fmt: skip
    assert published.kind == Span.SPAN_KIND_PRODUCER
    now = time.time_ns()
    assert now - DEADLINE * 10**9 < published.start_time_unix_nano <= published.end_time_unix_nano <= now
    # The span of a delivery may end before that of the publishing, so their order is not checked.
    _, _, call = collector.take("tool.call")
    assert (call.status.code, call.status.message) == (Status.STATUS_CODE_ERROR, "Tool not found: none")


def test_the_last_spans_are_exported_when_the_server_stops(start, collector):
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT=f"127.0.0.1:{collector.port}", OTEL_BSP_SCHEDULE_DELAY="600000")
    agent = join(server, "agent", ["t"])
    agent.publish("t", id="last")
    agent.receive_deliveries(1)
    assert server.stop() == 0
    resource, _, published = collector.take("event.publish")
    assert attributes(published)["messaging.message.id"] == "last" and resource["service.name"] == "loom-bridge-server"


def test_an_unreachable_collector_blocks_nothing_and_is_found_again(start):
    stopped = Collector()
    stopped.close()
    address = f"http://127.0.0.1:{stopped.port}"
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", OTEL_EXPORTER_OTLP_ENDPOINT=address, **AT_ONCE)
    agent = join(server, "agent", ["t"])
    for n in range(5000):
        agent.publish("t", id=str(n))
    agent.ping_through()
    while "loom_spans_export_failed_total 0\n" in request(server, "/metrics")[2].decode():
        pass
    restarted = Collector(stopped.port)
    while "loom_spans_exported_total 0\n" in request(server, "/metrics")[2].decode():
        forward(server, id="again", name="none", arguments="{}")
    # What is exported first may be what was queued before.
    forward(server, id="last", name="none", arguments="{}")
    restarted.take("tool.call")
    restarted.close()
    start_time = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - start_time < 8, "the last export is short"


def test_a_collector_that_does_not_respond_blocks_nothing(start):
    """The collector accepts connections and sends nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        server = start(OTEL_EXPORTER_OTLP_ENDPOINT=address, LOOM_HISTORY_ROWS_PER_SECOND="100000", **AT_ONCE)
        agent = join(server, "agent", ["t"])
        for n in range(10_000):
            agent.publish("t", id=str(n))
        agent.ping_through()
        assert server.stop() == 0


def test_invalid_settings_are_refused_by_name(tmp_path):
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://user:secret@127.0.0.1:4318"}
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("secret")
    for variables, expected in [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "expected grpc or http/protobuf, got"),
        ({"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "gprc"}, "expected grpc or http/protobuf, got"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:secret@[nonsense"}, "expected http://host:port"),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "ftp://user:secret@host"}, "expected http://host:port"),
        ({"OTEL_EXPORTER_OTLP_HEADERS": "secret"}, "expected name=value"),
        ({"OTEL_TRACES_EXPORTER": "jaeger"}, "expected otlp or none"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "often"}, "milliseconds"),
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "none.pem")}, str(tmp_path / "none.pem")),
        ({"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": str(no_pem)}, f"invalid certificate {no_pem}"),
        ({"OTEL_EXPORTER_OTLP_CLIENT_KEY": str(no_pem)}, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
    ]:
        (name,) = variables
        ended = run(**endpoint | variables)
        assert ended.returncode == 2 and name in ended.stderr and expected in ended.stderr, ended.stderr
        assert "secret" not in ended.stderr


def test_a_server_takes_the_spans_of_another_one(start):
    receiver = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_BRIDGE_TOKEN="hush")
    headers = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hush"}
    sender = start(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.address, OTEL_SERVICE_NAME="inner", **headers, **AT_ONCE)
    forward(sender, id="c1", name="none", arguments="{}", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})

    token = {"authorization": "Bearer hush"}

    def is_there(answer):
        status, _, body = answer
        return status == 200 and any(span["name"] == "tool.call" for span in json.loads(body)["span_list"])

    deadline = time.monotonic() + DEADLINE
    while not is_there(answer := request(receiver, f"/api/runs/{TRACE}", headers=token)):
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    spans = json.loads(answer[2])["span_list"]
    (call,) = [span for span in spans if span["name"] == "tool.call"]
    assert (call["tool"], call["parent_span_id"], call["agent"]) == ("none", PARENT, "inner")
