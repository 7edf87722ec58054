"""The lines of the server's log in the history."""

import json
import os
import re
import subprocess
import time

from agent import join, register
from dashboard import get_json, request
from server import DEADLINE
from test_runs import settings
from test_tools import forward


def lines_when(server, is_complete, query=""):
    """Waits until the list of lines is complete, and returns it: rows are written a little later."""
    deadline = time.monotonic() + DEADLINE
    while not is_complete(lines := get_json(server, f"/api/logs?{query}")["lines"]):
        assert time.monotonic() < deadline, lines
        time.sleep(0.05)
    return lines


def has(message):
    return lambda lines: any(message in line["message"] for line in lines)


def ask(file, question):
    """Asks the history of a server that does not run."""
    command = [os.environ["LOOM_TEST_SERVER"], "history", str(file), question]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=DEADLINE).stdout)


def test_lines_are_in_the_history_whatever_the_filter_says(start, tmp_path):
    server = start(log=tmp_path / "log", **settings(tmp_path / "history.db", RUST_LOG="off"))
    join(server, "wörker", ["t"])
    lines = lines_when(server, has("agent registered"))
    (line,) = [line for line in lines if "agent registered" in line["message"]]
    assert (line["level"], line["target"]) == ("info", "loom_core::runtime")
    assert "agent=wörker" in line["message"]
    assert server.log.read_text() == ""
    (listening,) = [line for line in lines if "listening" in line["message"]]
    assert server.address in listening["message"] and listening["run"] is None


def test_a_line_of_a_run_has_its_id(start, tmp_path):
    server = start(**settings(tmp_path / "history.db"))
    join(server, "worker", ["t"])
    lines = lines_when(server, has("agent registered"))
    (line,) = [line for line in lines if "agent registered" in line["message"]]
    detail = get_json(server, f"/api/runs/{line['run']}")
    assert [(span["name"], span["span_id"]) for span in detail["span_list"]] == [("agent.register", line["span_id"])]
    assert get_json(server, f"/api/logs?run={line['run']}")["lines"] == [line]


def test_lines_survive_the_end_of_the_server(start, tmp_path):
    file = tmp_path / "history.db"
    first = start(**settings(file))
    join(first, "worker", ["t"])
    assert first.stop() == 0
    messages = [line["message"] for line in ask(file, "logs?limit=50")["lines"]]
    for expected in ("stopping", "agent registered", "listening"):
        assert any(expected in message for message in messages), messages
    assert ask(file, "logs?limit=1")["next"] is not None
    second = start(**settings(file))
    lines = lines_when(second, lambda lines: sum("listening" in line["message"] for line in lines) == 2)
    assert [line["timestamp"] for line in lines] == sorted((line["timestamp"] for line in lines), reverse=True)


def test_many_lines_leave_room_for_runs(start, tmp_path):
    server = start(**settings(tmp_path / "history.db"))
    for n in range(400):
        register(server, f"agent-{n % 4}", ["t"])
    forward(server, id="c", name="none", arguments="{}")
    deadline = time.monotonic() + DEADLINE
    while not get_json(server, "/api/runs?tool=none")["runs"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Each line is in the history, or counted: which of both depends on how many there were in a second.
    metrics = request(server, "/metrics")[2].decode()
    skipped = int(re.search(r"^loom_log_lines_skipped_total (\d+)$", metrics, re.MULTILINE)[1])
    kept = 400 - skipped

    def is_complete(lines):
        return sum("agent registered" in line["message"] for line in lines) == kept

    lines_when(server, is_complete, "limit=500")
