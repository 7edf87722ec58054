"""A reverse proxy that serves the dashboard below a prefix, as nginx does with `proxy_pass http://dashboard/`."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from server import DEADLINE

PREFIX = "/tools/loom"


class PrefixProxy:
    """Forwards requests below `PREFIX`; all others are answered with 404, and recorded."""

    def __init__(self, dashboard):
        proxy = self
        self.strays = []
        upstream = urlsplit(dashboard).netloc

        class Handler(BaseHTTPRequestHandler):
            """One connection of the browser."""

            def forward(self):
                """Forwards one request, and the parts of the response as they come."""
                if not self.path.startswith(f"{PREFIX}/"):
                    proxy.strays.append(self.path)
                    return self.send_error(404)
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                connection = http.client.HTTPConnection(upstream, timeout=DEADLINE)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                connection.request(self.command, self.path[len(PREFIX) :], body, headers)
                response = connection.getresponse()
                self.send_response(response.status)
                for name in ("content-type", "content-security-policy", "cache-control"):
                    if name in response.headers:
                        self.send_header(name, response.headers[name])
                self.end_headers()
                try:
                    while part := response.read1():
                        self.wfile.write(part)
                        self.wfile.flush()
                except OSError:
                    pass  # the browser has gone
                connection.close()

            do_GET = do_POST = forward

            def log_message(self, *_):
                """Logs nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}{PREFIX}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Stops the proxy."""
        self.server.shutdown()
        self.server.server_close()
