"""Log lines: their format, their level, and that they hold no secrets."""

import json

import pytest

from agent import join
from dashboard import request
from test_server import run
from test_tools import forward


def lines(server):
    """Returns the lines of the log."""
    return server.log.read_text().splitlines()


def await_line(server, part):
    """Waits until a line of the log contains this. Returns all lines."""
    while part not in server.log.read_text():
        assert server.process.poll() is None, part
    return lines(server)


def test_json_lines_have_all_values_as_fields(start, tmp_path):
    server = start(log=tmp_path / "log", RUST_LOG="info", LOOM_LOG_FORMAT="JSON")
    join(server, "wörker", ["t"], ["tool"])
    assert server.stop() == 0
    entries = [json.loads(line) for line in lines(server)]
    assert all({"timestamp", "level", "target", "message"} <= set(entry) for entry in entries)
    (registered,) = [entry for entry in entries if entry["message"] == "agent registered"]
    assert (registered["agent"], registered["topics"], registered["level"]) == ("wörker", 1, "INFO")
    assert entries[0]["message"] == "listening" and entries[0]["bridge"] == server.address
    assert registered["span"]["name"] == "agent.register"


def test_text_lines_have_no_colours_in_a_file(start, tmp_path):
    server = start(log=tmp_path / "log", RUST_LOG="info")
    join(server, "worker")
    assert any("agent registered" in line and "worker" in line for line in await_line(server, "agent registered"))
    assert "\x1b" not in server.log.read_text()


def test_the_level_can_be_changed_while_the_server_runs(start, tmp_path):
    server = start(log=tmp_path / "log", RUST_LOG="warn", LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0")
    put = {"headers": {"content-type": "application/json"}, "method": "PUT"}
    join(server, "before")
    assert request(server, "/api/log-level", body='{"level": "info"}', **put)[0] == 200
    join(server, "between")
    log = "\n".join(await_line(server, "agent registered"))
    assert "between" in log and "before" not in log and "the log level was changed" in log
    assert request(server, "/api/log-level", body='{"level": "off"}', **put)[0] == 200
    join(server, "after")
    assert server.stop() == 0
    assert "after" not in server.log.read_text() and "stopping" not in server.log.read_text()


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_never_logged(start, tmp_path, form):
    secret = "s3cret-0f-many"
    server = start(
        log=tmp_path / "log",
        RUST_LOG="debug",
        LOOM_LOG_FORMAT=form,
        LOOM_BRIDGE_TOKEN=secret,
        LOOM_DASHBOARD="on",
        LOOM_DASHBOARD_PORT="0",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://user:{secret}@127.0.0.1:1",
        OTEL_BSP_SCHEDULE_DELAY="20",
    )
    with pytest.raises(Exception, match="UNAUTHENTICATED"):
        forward(server, id="c", name="none", arguments="{}")
    headers = {"content-type": "application/json", "authorization": f"Bearer {secret}"}
    assert request(server, "/api/log-level", "PUT", headers=headers, body='{"level": "debug"}')[0] == 200
    metadata = [("authorization", f"Bearer {secret}")]
    from loom.v1 import action_pb2

    server.bridge().ForwardToolCall(action_pb2.ToolCall(id="c", name="none", arguments="{}"), metadata=metadata)
    await_line(server, "spans are not exported")
    assert server.stop() == 0
    assert secret not in server.log.read_text()


def test_an_invalid_variable_is_named():
    for variable, value in {"LOOM_LOG_FORMAT": "xml", "LOOM_HISTORY_ROWS_PER_SECOND": "many", "RUST_LOG": "louder"}.items():
        ended = run(**{variable: value})
        assert ended.returncode == 2 and variable in ended.stderr and value in ended.stderr
