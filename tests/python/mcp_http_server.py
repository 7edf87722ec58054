"""An MCP server over HTTP, made with the official SDK for JavaScript."""

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "node" / "mcp-http.mjs"
TOKEN = "hush-1234"


class McpHttpServer:
    """A process of `mcp-http.mjs`."""

    def __init__(self, kind="events"):
        folder = os.environ["LOOM_TEST_NODE"]
        command = ["node", str(SCRIPT), folder, TOKEN, kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.url

    def table(self, path="/mcp", token="${REMOTE_TOKEN}"):
        """Returns the server's table."""
        return {"url": self.url + path, "headers": {"Authorization": token}}

    def forget(self):
        """Lets the server forget its sessions, as one that was started again."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "forgotten\n"

    def close(self):
        """Ends the server."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
