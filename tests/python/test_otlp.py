"""Spans as an OTLP receiver decodes them."""

import queue
import time
from concurrent import futures

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agent import join
from dashboard import request
from server import DEADLINE
from test_server import run
from test_tools import forward

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
# Exports batches every 50 ms.
AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "50"}


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Receives spans over gRPC, on a free port unless one is given."""

    def __init__(self, port=0):
        self.received = queue.Queue()
        self.server = grpc.server(futures.ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    def Export(self, request, context):
        for of_resource in request.resource_spans:
            resource = {each.key: each.value.string_value for each in of_resource.resource.attributes}
            for of_scope in of_resource.scope_spans:
                for span in of_scope.spans:
                    self.received.put((resource, of_scope.scope.name, span))
        return trace_service_pb2.ExportTraceServiceResponse()

    def take(self, name):
        """Returns the next span with this name, with its resource and scope."""
        while True:
            resource, scope, span = self.received.get(timeout=DEADLINE)
            if span.name == name:
                return resource, scope, span

    def close(self):
        """Stops, and waits until the port is closed."""
        self.server.stop(None).wait(DEADLINE)


@pytest.fixture
def collector():
    """Returns a running collector."""
    one = Collector()
    yield one
    one.close()


def attributes(span):
    """Returns the attributes of a span."""
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


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


def test_other_protocols_are_refused_by_name():
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    ended = run(**endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf")
    assert ended.returncode == 2 and "OTEL_EXPORTER_OTLP_PROTOCOL" in ended.stderr and "gRPC" in ended.stderr
    ended = run(OTEL_EXPORTER_OTLP_ENDPOINT="https://user:secret@collector:4317")
    assert ended.returncode == 2 and "plain text" in ended.stderr and "secret" not in ended.stderr
    ended = run(OTEL_EXPORTER_OTLP_ENDPOINT="http://user:secret@[nonsense")
    assert ended.returncode == 2 and "OTEL_EXPORTER_OTLP_ENDPOINT" in ended.stderr and "secret" not in ended.stderr
