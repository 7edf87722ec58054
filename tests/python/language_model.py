"""A real server that speaks OpenAI's wire, with answers made to measure."""

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

KEY = "sk-test-4f1c9a"
"""The only key that it takes."""


def node_program(name):
    """A program of the node packages that the tests bring."""
    folder = os.environ.get("LOOM_TEST_NODE")
    assert folder, "LOOM_TEST_NODE must name the folder with node_modules"
    return str(Path(folder) / "node_modules" / ".bin" / name)


class LanguageModel:
    """A process of `llmock`. A fixture is (what the user says, what comes back)."""

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
        raise AssertionError("llmock ended before it listened")

    def requests(self):
        """The requests so far."""
        request = urllib.request.Request(f"{self.url}/__aimock/journal")
        request.add_header("authorization", f"Bearer {KEY}")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def close(self):
        """Leaves nothing behind."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
