"""Spans that an agent sends to the bridge by OTLP."""

import time

from server import DEADLINE


def send_spans(server, spans, part=1000):
    """Sends spans, each as a dict {trace, id, parent, name, agent, start_ms, ms, error, attributes}; times are from now."""
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

    stub = trace_service_pb2_grpc.TraceServiceStub(server.channel)
    now = time.time_ns()
    for at in range(0, len(spans), part):
        request = trace_service_pb2.ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        for span in spans[at : at + part]:
            _add(scope.spans.add(), span, now)
        stub.Export(request, timeout=DEADLINE)


def _add(sent, span, now):
    sent.trace_id = bytes.fromhex(span["trace"])
    sent.span_id = span["id"].to_bytes(8, "big")
    sent.name = span["name"]
    if parent := span.get("parent"):
        sent.parent_span_id = parent.to_bytes(8, "big")
    sent.start_time_unix_nano = now + int(span.get("start_ms", 0) * 1e6)
    sent.end_time_unix_nano = sent.start_time_unix_nano + int(span.get("ms", 1) * 1e6)
    for key, value in {"agent": span.get("agent", "planner"), **span.get("attributes", {})}.items():
        field = {bool: "bool_value", int: "int_value", str: "string_value"}[type(value)]
        setattr(sent.attributes.add(key=key).value, field, value)
    if error := span.get("error"):
        sent.status.code, sent.status.message = 2, error
