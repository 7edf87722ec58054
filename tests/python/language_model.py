"""A server with OpenAI's API and configured responses."""

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

KEY = "sk-test-4f1c9a"
"""The only API key that the server accepts."""


def node_program(name):
    """Returns the path of a program of the Node packages for tests."""
    folder = os.environ.get("LOOM_TEST_NODE")
    assert folder, "LOOM_TEST_NODE must name the folder with node_modules"
    return str(Path(folder) / "node_modules" / ".bin" / name)


class LanguageModel:
    """A process of `llmock`. A fixture is (matched request, response)."""

    def __init__(self, folder, fixtures, *options):
        file = folder / "fixtures.json"
        entries = [{"match": match, "response": response} for match, response in fixtures]
        file.write_text(json.dumps({"fixtures": entries}))
        command = [node_program("llmock"), "-p", "0", "-f", str(file), *options]
        environment = {"PATH": os.environ["PATH"], "AIMOCK_API_KEYS": KEY}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found[1]
                return
        raise AssertionError("llmock has ended before it listened")

    def requests(self):
        """Returns the requests so far."""
        request = urllib.request.Request(f"{self.url}/__aimock/journal")
        request.add_header("authorization", f"Bearer {KEY}")
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def close(self):
        """Kills the process."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
