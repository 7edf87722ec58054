"""Export over HTTP, and collectors that misbehave."""

import socket
import statistics
import time

import pytest

from agent import join
from collector import AT_ONCE, HttpCollector, attributes, respond
from dashboard import get_json, request
from server import DEADLINE
from test_tools import forward

HTTP = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
DASHBOARD = {"LOOM_DASHBOARD": "on", "LOOM_DASHBOARD_PORT": "0"}


@pytest.fixture
def collect():
    """Starts collectors; they are closed after the test."""
    started = []

    def start_one(*arguments, **more):
        started.append(HttpCollector(*arguments, **more))
        return started[-1]

    yield start_one
    for one in started:
        one.close()


def to(collector, path=""):
    """Returns the settings for a collector that receives over HTTP."""
    return HTTP | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}{path}"}


def call(server, **more):
    """Calls a tool that does not exist, which makes a span."""
    return forward(server, id="c1", name="none", arguments="{}", **more)


def metrics(server):
    """Returns the metrics of the server by their names."""
    lines = request(server, "/metrics")[2].decode().splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}


def wait_until(condition):
    """Waits until a condition holds."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_all_signals_arrive_with_their_paths_and_headers(start, collect):
    collector = collect()
    server = start(
        **to(collector, "/in/"),
        **AT_ONCE,
        **DASHBOARD,
        RUST_LOG="info",
        LOOM_PROJECT="shop",
        OTEL_EXPORTER_OTLP_HEADERS="api-key=k%20ey",
        OTEL_EXPORTER_OTLP_METRICS_HEADERS="other=1",
    )
    call(server)
    resource, scope, span = collector.take("tool.call")
    assert (resource["loom.project"], scope, attributes(span)["gen_ai.tool.name"]) == ("shop", "loom", "none")
    collector.take_metric("process.uptime")
    target, line = collector.take_line("listening")
    assert target == "loom_bridge::server" and attributes(line)["bridge"] == server.address
    seen = {}
    while len(seen) < 3:
        path, content_type, headers = collector.requests.get(timeout=DEADLINE)
        seen[path] = {name.lower(): header for name, header in headers.items()}
        assert content_type == "application/x-protobuf"
    assert set(seen) == {"/in/v1/traces", "/in/v1/metrics", "/in/v1/logs"}
    assert seen["/in/v1/traces"]["api-key"] == "k ey" and seen["/in/v1/metrics"]["other"] == "1"
    exports = {each["signal"]: each for each in get_json(server, "/api/runtime")["export"]}
    assert set(exports) == {"spans", "metrics", "logs"} and not any(each["failing"] for each in exports.values())
    assert exports["spans"]["collector"] == f"http://127.0.0.1:{collector.port}"


def test_the_endpoint_of_a_signal_is_used_as_it_is(start, collect):
    common, own = collect(), collect()
    settings = to(common) | {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{own.port}/own?key=k"}
    server = start(**settings, **AT_ONCE, OTEL_METRICS_EXPORTER="none")
    call(server)
    own.take("tool.call")
    assert own.requests.get(timeout=DEADLINE)[0] == "/own?key=k"
    assert common.requests.empty()


def test_a_user_in_the_endpoint_is_sent_as_a_header_and_never_shown(start, collect, tmp_path):
    collector = collect()
    address = f"http://ada:hush@127.0.0.1:{collector.port}"
    settings = HTTP | {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "RUST_LOG": "debug"}
    server = start(log=tmp_path / "log", **settings, **AT_ONCE)
    call(server)
    collector.take("tool.call")
    headers = collector.requests.get(timeout=DEADLINE)[2]
    assert headers["authorization"] == "Basic YWRhOmh1c2g="
    assert server.stop() == 0 and "hush" not in server.log.read_text()


def test_a_disabled_export_sends_nothing(start, collect):
    collector = collect()
    server = start(**to(collector), **AT_ONCE, **DASHBOARD, OTEL_SDK_DISABLED="true")
    call(server)
    assert get_json(server, "/api/runtime")["export"] == []
    assert server.stop() == 0 and collector.requests.empty()


def test_a_busy_collector_is_asked_again_when_it_says(start, collect):
    answered = []

    def busy_once(handler):
        answered.append(time.monotonic())
        if len(answered) == 1:
            respond(handler, 503, retry_after="1")
        else:
            respond(handler, 200)

    collector = collect(busy_once)
    none = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    server = start(**to(collector), **AT_ONCE, **DASHBOARD, **none)
    call(server)
    wait_until(lambda: metrics(server)["loom_spans_exported_total"] > 0)
    assert answered[1] - answered[0] >= 1
    assert metrics(server)["loom_spans_export_failed_total"] == 0


def test_a_collector_that_asks_for_a_long_pause_costs_spans_alone(start, collect):
    collector = collect(lambda handler: respond(handler, 429, retry_after="3600"))
    server = start(**to(collector), **AT_ONCE, **DASHBOARD)
    call(server)
    wait_until(lambda: metrics(server)["loom_spans_export_failed_total"] > 0)
    assert server.stop() == 0


def test_a_redirect_is_not_followed(start, collect):
    other = collect()
    collector = collect(lambda handler: respond(handler, 307, location=f"http://127.0.0.1:{other.port}/v1/traces"))
    server = start(**to(collector), **AT_ONCE, **DASHBOARD, OTEL_EXPORTER_OTLP_HEADERS="api-key=k")
    call(server)
    wait_until(lambda: metrics(server)["loom_spans_export_failed_total"] > 0)
    assert other.requests.empty()


def endless(handler):
    """Responds with a body that does not end."""
    handler.send_response(200)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    block = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    try:
        while True:
            handler.wfile.write(block)
    except OSError:
        handler.close_connection = True


def test_a_body_without_end_is_not_read_to_its_end(start, collect):
    server = start(**to(collect(endless)), **AT_ONCE, **DASHBOARD)
    before = get_json(server, "/api/runtime")["memory_bytes"]
    call(server)
    wait_until(lambda: metrics(server)["loom_spans_export_failed_total"] > 0)
    assert get_json(server, "/api/runtime")["memory_bytes"] - before < 64 << 20
    assert server.stop() == 0


def latency(server):
    """Returns the median time from publishing an event to its delivery, in seconds."""
    agent = join(server, "agent", ["t"])
    times = []
    for n in range(200):
        began = time.perf_counter()
        agent.publish("t", id=str(n))
        agent.receive_deliveries(1)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_that_never_answers_costs_nothing_but_spans(start, protocol):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        server = start(**settings, **AT_ONCE, **DASHBOARD, LOOM_HISTORY_ROWS_PER_SECOND="100000")
        assert latency(server) < latency(start(**DASHBOARD, LOOM_HISTORY_ROWS_PER_SECOND="100000")) * 3 + 0.005
        before = get_json(server, "/api/runtime")["memory_bytes"]
        agent = join(server, "many", ["m"])
        for n in range(10_000):
            agent.publish("m", id=str(n))
        agent.ping_through()
        assert get_json(server, "/api/runtime")["memory_bytes"] - before < 100 << 20
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 4, "the last export takes at most a second"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_an_export_ends_with_its_timeout(start, protocol, scheme):
    """The collector takes connections and says nothing, not even for TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"{scheme}://127.0.0.1:{silent.getsockname()[1]}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "500",
        }
        server = start(**settings, **AT_ONCE, **DASHBOARD, RUST_LOG="info")
        call(server)
        for what in ("spans", "metrics", "logs"):
            wait_until(lambda: metrics(server)[f"loom_{what}_export_failed_total"] > 0)
