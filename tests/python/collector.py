"""OpenTelemetry collectors: they receive spans, metrics and log lines over gRPC or HTTP, with or without TLS."""

import datetime
import ipaddress
import queue
import ssl
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from server import DEADLINE

AT_ONCE = {
    "OTEL_BSP_SCHEDULE_DELAY": "50",
    "OTEL_BLRP_SCHEDULE_DELAY": "50",
    "OTEL_METRIC_EXPORT_INTERVAL": "100",
}
"""Exports every 50 ms, and metrics every 100 ms."""


def value(any_value):
    """Returns the value of an attribute."""
    return getattr(any_value, any_value.WhichOneof("value") or "string_value")


def attributes(of):
    """Returns the attributes of a span, a data point or a log line."""
    return {each.key: value(each.value) for each in of.attributes}


class Received:
    """What a collector has received."""

    def __init__(self):
        self.spans, self.metrics, self.logs = queue.Queue(), queue.Queue(), queue.Queue()
        self.headers = queue.Queue()

    def add(self, request):
        """Takes a request of any of the three signals apart."""
        for of_resource in getattr(request, "resource_spans", ()):
            for of_scope in of_resource.scope_spans:
                for span in of_scope.spans:
                    self.spans.put((attributes(of_resource.resource), of_scope.scope.name, span))
        for of_resource in getattr(request, "resource_metrics", ()):
            for of_scope in of_resource.scope_metrics:
                for metric in of_scope.metrics:
                    self.metrics.put((attributes(of_resource.resource), metric))
        for of_resource in getattr(request, "resource_logs", ()):
            for of_scope in of_resource.scope_logs:
                for line in of_scope.log_records:
                    self.logs.put((of_scope.scope.name, line))

    def take(self, name):
        """Returns the next span with this name, with its resource and scope."""
        while True:
            resource, scope, span = self.spans.get(timeout=DEADLINE)
            if span.name == name:
                return resource, scope, span

    def take_metric(self, name, is_complete=lambda points: True):
        """Returns the next metric with this name whose points are complete, and its points."""
        while True:
            _, metric = self.metrics.get(timeout=DEADLINE)
            points = list(getattr(metric, metric.WhichOneof("data")).data_points)
            if metric.name == name and is_complete(points):
                return metric, points

    def take_line(self, text):
        """Returns the next log line with this text in its message, and its target."""
        while True:
            target, line = self.logs.get(timeout=DEADLINE)
            if text in line.body.string_value:
                return target, line


class Collector(Received):
    """Receives over gRPC, on a free port unless one is given; over TLS with credentials."""

    def __init__(self, port=0, credentials=None):
        super().__init__()
        self.server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        received = self

        class Services:
            def Export(self, request, context):
                received.headers.put(dict(context.invocation_metadata()))
                received.add(request)
                return trace_service_pb2.ExportTraceServiceResponse()

        for add in (
            trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
            metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
            logs_service_pb2_grpc.add_LogsServiceServicer_to_server,
        ):
            add(Services(), self.server)
        address = f"127.0.0.1:{port}"
        if credentials:
            self.port = self.server.add_secure_port(address, credentials)
        else:
            self.port = self.server.add_insecure_port(address)
        self.server.start()

    def close(self):
        """Stops, and waits until the port is closed."""
        self.server.stop(None).wait(DEADLINE)


REQUESTS = {
    "/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "/v1/logs": logs_service_pb2.ExportLogsServiceRequest,
}


class HttpCollector(Received):
    """Receives over HTTP; `answer`, if one is given, gets the request's handler and responds instead."""

    def __init__(self, answer=None, tls=None):
        super().__init__()
        self.requests = queue.Queue()
        received = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                received.requests.put((self.path, self.headers["content-type"], dict(self.headers)))
                if answer:
                    return answer(self)
                path = self.path.split("?")[0]
                of_path = [each for end, each in REQUESTS.items() if path.endswith(end)]
                received.add((of_path or [trace_service_pb2.ExportTraceServiceRequest])[0].FromString(body))
                respond(self, 200)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Stops, and closes the port."""
        self.server.shutdown()
        self.server.server_close()


def respond(handler, status, **headers):
    """Responds with a status and without a body."""
    handler.send_response(status)
    for name, header in {"content-length": "0", **headers}.items():
        handler.send_header(name.replace("_", "-"), header)
    handler.end_headers()


class Authority:
    """A certificate authority that makes certificates for this machine, as files in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        certificate = self._sign(self.name, self.key.public_key(), x509.BasicConstraints(ca=True, path_length=None))
        self.file = self._write("authority.pem", certificate.public_bytes(serialization.Encoding.PEM))

    def _write(self, name, content):
        file = self.folder / name
        file.write_bytes(content)
        return file

    def _sign(self, subject, public_key, *extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(hours=1))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name):
        """Makes a certificate and its private key. Returns both files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(
            subject,
            key.public_key(),
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return (
            self._write(f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM)),
            self._write(f"{name}.key", pem),
        )

    def grpc_credentials(self, asks_for_certificate):
        """Returns the credentials of a gRPC server."""
        certificate, key = self.issue("grpc-server")
        roots = self.file.read_bytes() if asks_for_certificate else None
        pair = [(key.read_bytes(), certificate.read_bytes())]
        return grpc.ssl_server_credentials(pair, roots, asks_for_certificate)

    def http_context(self, asks_for_certificate):
        """Returns the TLS of an HTTP server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue("http-server"))
        if asks_for_certificate:
            context.load_verify_locations(self.file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
