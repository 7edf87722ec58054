"""Export over TLS, with authorities and certificates of our own."""

import pytest

from collector import AT_ONCE, Authority, Collector, HttpCollector
from test_logs import await_line
from test_otlp_http import call


@pytest.fixture
def authority(tmp_path):
    """Returns a certificate authority."""
    return Authority(tmp_path)


def collector_for(protocol, authority, asks_for_certificate):
    """Returns a collector that speaks TLS."""
    if protocol == "grpc":
        return Collector(credentials=authority.grpc_credentials(asks_for_certificate))
    return HttpCollector(tls=authority.http_context(asks_for_certificate))


def to(collector, protocol, **more):
    """Returns the settings for a collector that speaks TLS."""
    address = f"https://127.0.0.1:{collector.port}"
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol} | AT_ONCE | more


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_all_signals_arrive_over_tls(start, authority, protocol):
    collector = collector_for(protocol, authority, False)
    certificate = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority.file)}
    server = start(**to(collector, protocol, RUST_LOG="info", **certificate))
    call(server)
    collector.take("tool.call")
    collector.take_metric("process.uptime")
    collector.take_line("listening")
    collector.close()


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_gets_the_certificate_that_it_asks_for(start, authority, protocol):
    collector = collector_for(protocol, authority, True)
    certificate, key = authority.issue("client")
    server = start(
        **to(
            collector,
            protocol,
            OTEL_EXPORTER_OTLP_CERTIFICATE=str(authority.file),
            OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE=str(certificate),
            OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY=str(key),
            OTEL_METRICS_EXPORTER="none",
            OTEL_LOGS_EXPORTER="none",
        )
    )
    call(server)
    collector.take("tool.call")
    collector.close()


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_of_an_unknown_authority_gets_nothing(start, authority, tmp_path, protocol):
    collector = collector_for(protocol, authority, False)
    other = tmp_path / "other"
    other.mkdir()
    certificate = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(Authority(other).file)}
    server = start(log=tmp_path / "log", **to(collector, protocol, **certificate))
    call(server)
    await_line(server, "spans are not exported")
    assert collector.spans.empty() and "invalid peer certificate" in server.log.read_text()
    collector.close()


def test_a_key_of_another_certificate_is_refused(authority):
    from test_server import run

    certificate, _ = authority.issue("one")
    _, key = authority.issue("two")
    ended = run(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://127.0.0.1:4317",
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=str(certificate),
        OTEL_EXPORTER_OTLP_CLIENT_KEY=str(key),
    )
    assert ended.returncode == 2
    for expected in (str(certificate), str(key), "OTEL_EXPORTER_OTLP_CLIENT_KEY", "belong together"):
        assert expected in ended.stderr, ended.stderr
