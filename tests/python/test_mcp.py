"""Real MCP servers, started, called, stopped and killed."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from language_model import node_program
from server import DEADLINE


@pytest.fixture
def files(tmp_path):
    """Returns a folder that a server may read."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "hello.txt").write_text("Grüße\n")
    return folder


def filesystem(folder):
    """Returns the table of the filesystem server."""
    return {"command": node_program("mcp-server-filesystem"), "args": [str(folder)]}


def everything(**env):
    """Returns the table of the reference server."""
    return {"command": node_program("mcp-server-everything"), "args": [], "env": env}


def call(server, name, arguments=None, timeout_ms=15_000):
    """Calls a tool."""
    from loom.v1 import action_pb2

    call = action_pb2.ToolCall(id="c", name=name, arguments=json.dumps(arguments), timeout_ms=timeout_ms)
    return server.bridge().ForwardToolCall(call, timeout=DEADLINE)


def text(result):
    """Returns the only text of a successful call."""
    assert result.status == 0, result
    [content] = json.loads(result.output)
    assert content["type"] == "text"
    return content["text"]


def failure(result):
    """Returns status and message of a failed call."""
    from loom.v1 import action_pb2

    return action_pb2.ToolStatus.Name(result.status), result.error.message


def listed(server):
    """Returns all tools by name."""
    from loom.v1 import action_pb2, action_pb2_grpc

    stub = action_pb2_grpc.ToolServiceStub(server.channel)
    return {tool.name: tool for tool in stub.ListTools(action_pb2.ListToolsRequest(), timeout=DEADLINE).tools}


def until(what, condition):
    """Waits until the condition holds, and returns its value."""
    deadline = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"timeout: {what}"
        time.sleep(0.01)
    return value


def children(pid):
    """Returns the processes that a process has started, directly or indirectly."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *children(child)]
    return found


def runs(pid):
    """Returns whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def child(server):
    """Returns the only process that the server has started."""
    [pid] = until("the MCP server is started", lambda: children(server.process.pid))
    return pid


def file_servers(server):
    """Returns the processes of filesystem servers."""
    started = children(server.process.pid)
    return [pid for pid in started if b"filesystem" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def in_background(call):
    """Runs a call in a thread; the list gets its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    return thread, results


def test_a_call_right_after_the_start_waits_for_the_server(start, files):
    server = start(LOOM_MCP_SERVERS=json.dumps({"filesystem": filesystem(files)}))
    path = str(files / "hello.txt")
    # The server's readiness does not wait for MCP servers.
    assert text(call(server, "filesystem:read_file", {"path": path})) == "Grüße\n"
    tool = listed(server)["filesystem:read_file"]
    from loom.v1 import action_pb2

    assert tool.provider == action_pb2.PROVIDER_MCP and tool.description
    assert "path" in json.loads(tool.parameters_schema)["properties"]
    assert failure(call(server, "filesystem:no_such_tool", {}))[0] != "TOOL_OK"
    assert failure(call(server, "nowhere:read_file", {}))[0] == "TOOL_NOT_FOUND"


def test_failures_keep_the_tools_message(start, files):
    server = start(LOOM_MCP_SERVERS=json.dumps([{"name": "filesystem", **filesystem(files)}]))
    status, message = failure(call(server, "filesystem:read_file", {"path": "/etc/passwd"}))
    assert status == "TOOL_ERROR" and message.startswith("MCP server filesystem: ") and "denied" in message
    for arguments in ({}, {"path": 1}, [1], "text"):
        status, message = failure(call(server, "filesystem:read_file", arguments))
        assert status == "TOOL_INVALID_ARGUMENTS", message


def test_only_harmless_and_configured_variables_are_passed_on(start):
    environment = {"LOOM_LLM_API_KEY": "hush", "AWS_SECRET_ACCESS_KEY": "hush", "HOME": "/somewhere"}
    table = {"all": everything(CONFIGURED="given")}
    server = start(LOOM_MCP_SERVERS=json.dumps(table), **environment)
    seen = json.loads(text(call(server, "all:get-env")))
    assert (seen["CONFIGURED"], seen["HOME"], seen["PATH"]) == ("given", "/somewhere", os.environ["PATH"])
    assert "hush" not in str(seen) and not [name for name in seen if name.startswith("LOOM_")]


def test_calls_run_concurrently(start):
    server = start(LOOM_MCP_SERVERS=json.dumps({"all": everything()}))
    assert "hi" in text(call(server, "all:echo", {"message": "hi"}))
    long = {"duration": 2, "steps": 2}
    start_time = time.monotonic()
    slow = [in_background(lambda: call(server, "all:trigger-long-running-operation", long)) for _ in range(4)]
    assert "quick" in text(call(server, "all:echo", {"message": "quick"}))
    assert time.monotonic() - start_time < 2, "a quick call does not wait for slow ones"
    for thread, results in slow:
        thread.join(DEADLINE)
        assert results[0].status == 0
    assert time.monotonic() - start_time < 6, "slow calls do not wait for each other"


def test_a_call_that_times_out_affects_no_other_call(start):
    server = start(LOOM_MCP_SERVERS=json.dumps({"all": everything()}))
    text(call(server, "all:echo", {"message": "hi"}))
    long = {"duration": 60, "steps": 2}
    status, message = failure(call(server, "all:trigger-long-running-operation", long, timeout_ms=300))
    assert status == "TOOL_TIMEOUT" and message.startswith("MCP server all did not return the result of trigger-long")
    assert "hi" in text(call(server, "all:echo", {"message": "hi"}))


def changing():
    """Returns the table of a server whose tools change; it is built with the official SDK."""
    script = Path(__file__).parents[1] / "node" / "changing.mjs"
    return {"command": "node", "args": [str(script)], "env": {"NODE_MODULES": os.environ["LOOM_TEST_NODE"] + "/node_modules"}}


def test_changed_tools_are_listed_again(start):
    server = start(LOOM_MCP_SERVERS=json.dumps({"c": changing()}))
    assert failure(call(server, "c:grown", {}))[0] != "TOOL_OK"
    text(call(server, "c:grow", {}))
    until("the new tool is listed", lambda: "c:grown" in listed(server))
    assert text(call(server, "c:grown", {})) == "I am new"
    text(call(server, "c:shrink", {}))
    until("it is no longer listed", lambda: "c:grown" not in listed(server))


@pytest.mark.parametrize("reason", ["timeout", "caller"])
def test_a_call_is_cancelled_at_the_server(start, reason):
    from loom.v1 import action_pb2

    server = start(LOOM_MCP_SERVERS=json.dumps({"c": changing()}))
    assert text(call(server, "c:cancelled", {})) == "0"
    if reason == "timeout":
        assert failure(call(server, "c:wait", {}, timeout_ms=200))[0] == "TOOL_TIMEOUT"
    else:
        request = action_pb2.ToolCall(id="c", name="c:wait", arguments="{}", timeout_ms=15_000)
        pending = server.bridge().ForwardToolCall.future(request)
        until("the call has arrived", lambda: text(call(server, "c:waiting", {})) == "1")
        pending.cancel()
    until("the call is cancelled", lambda: text(call(server, "c:cancelled", {})) == "1")


def test_a_killed_server_is_started_again(start, files):
    table = {"filesystem": filesystem(files), "all": everything()}
    server = start(LOOM_MCP_SERVERS=json.dumps(table))
    path = {"path": str(files / "hello.txt")}
    text(call(server, "filesystem:read_file", path))
    text(call(server, "all:echo", {"message": "hi"}))
    victims = file_servers(server)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    status, message = until("the end is noticed", lambda: failed(call(server, "filesystem:read_file", path)))
    assert status == "TOOL_ERROR" and "MCP server filesystem ended" in message
    assert "filesystem:read_file" in listed(server), "its tools stay listed"
    assert "hi" in text(call(server, "all:echo", {"message": "hi"})), "other servers are not affected"
    until("it has been restarted", lambda: call(server, "filesystem:read_file", path).status == 0)
    assert not [pid for pid in victims if runs(pid)]


def failed(result):
    """Returns status and message of a failed call, else None."""
    return failure(result) if result.status else None


def message_with(word, result):
    """Returns the message of a failure if it contains this word, else None."""
    return result.error.message if word in result.error.message else None


def test_running_calls_fail_at_once_when_the_server_is_killed(start):
    server = start(LOOM_MCP_SERVERS=json.dumps({"all": everything()}))
    text(call(server, "all:echo", {"message": "hi"}))
    long = {"duration": 60, "steps": 60}
    thread, results = in_background(lambda: call(server, "all:trigger-long-running-operation", long))
    # The quick call returns after the long one was sent.
    text(call(server, "all:echo", {"message": "hi"}))
    os.kill(child(server), signal.SIGKILL)
    thread.join(10)
    status, message = failure(results[0])
    assert status == "TOOL_ERROR" and "MCP server all ended" in message


def test_a_hanging_server_affects_only_its_own_calls_and_may_recover(start, files):
    table = {"filesystem": filesystem(files), "all": everything()}
    server = start(LOOM_MCP_SERVERS=json.dumps(table))
    path = {"path": str(files / "hello.txt")}
    text(call(server, "filesystem:read_file", path))
    text(call(server, "all:echo", {"message": "hi"}))
    [pid] = file_servers(server)
    os.kill(pid, signal.SIGSTOP)
    # More than a pipe holds, so that writing blocks too.
    large = {"path": str(files / "new.txt"), "content": "x" * 200_000}
    blocked = [in_background(lambda: call(server, "filesystem:write_file", large, timeout_ms=1500)) for _ in range(5)]
    start_time = time.monotonic()
    assert "hi" in text(call(server, "all:echo", {"message": "hi"}))
    assert time.monotonic() - start_time < 1.5
    for thread, results in blocked:
        thread.join(DEADLINE)
        assert failure(results[0])[0] == "TOOL_TIMEOUT"
    os.kill(pid, signal.SIGCONT)
    assert text(call(server, "filesystem:read_file", path)) == "Grüße\n"
    assert runs(pid)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_mcp_server_outlives_the_runtime(start, files, how):
    shell = {"command": "sh", "args": ["-c", f"sleep 1000 & {node_program('mcp-server-filesystem')} {files}"]}
    table = {"plain": filesystem(files), "all": everything()}
    if how == signal.SIGTERM:
        # What an MCP server has started ends too; only a runtime that is not killed can see to it.
        table["shell"] = shell
    server = start(LOOM_MCP_SERVERS=json.dumps(table))
    for name in table:
        tool, arguments = ("echo", {"message": "hi"}) if name == "all" else ("list_allowed_directories", {})
        assert call(server, f"{name}:{tool}", arguments).status == 0
    started = children(server.process.pid)
    assert len(started) >= len(table)
    server.process.send_signal(how)
    assert server.process.wait(DEADLINE) == (0 if how == signal.SIGTERM else -how)
    if how == signal.SIGTERM:
        assert not [pid for pid in started if runs(pid)], "all have ended before the runtime"
    until("all have ended", lambda: not [pid for pid in started if runs(pid)])


def test_a_hanging_server_does_not_delay_the_stop(start, files):
    server = start(LOOM_MCP_SERVERS=json.dumps({"filesystem": filesystem(files)}))
    call(server, "filesystem:list_allowed_directories", {})
    pid = child(server)
    os.kill(pid, signal.SIGSTOP)
    start_time = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - start_time < 8 and not runs(pid)


def odd(way):
    """Returns the table of a server that deviates from the protocol in this way."""
    script = Path(__file__).with_name("odd_mcp_server.py")
    return {"command": sys.executable, "args": [str(script), way]}


def test_an_odd_tool_costs_no_other_tool_and_is_named(start, tmp_path):
    ways = ["null-schema", "no-schema", "true-schema", "odd-hint", "odd-icons"]
    log = tmp_path / "log"
    server = start(log, LOOM_MCP_SERVERS=json.dumps({way: odd(way) for way in ways}))
    for way in ways:
        assert text(call(server, f"{way}:good", {})) == "fine"
    offered = {way for way in ways if f"{way}:odd" in listed(server)}
    assert offered == {"odd-hint", "odd-icons"}, "an odd hint costs only the hint"
    lines = [line for line in log.read_text().splitlines() if "deviates from the protocol" in line]
    assert len(lines) == len(ways) and any("ignored annotations" in line for line in lines)


def test_a_response_that_cannot_be_read_costs_no_time(start):
    readable = {"surrogate": "cut here \ufffd", "nan": "x", "latin": "caf\ufffd", "block": '{"points":1,"type":"chart"}'}
    unreadable = ["error", "syntax", "neither", "long"]
    server = start(LOOM_MCP_SERVERS=json.dumps({way: odd(way) for way in [*readable, *unreadable]}))
    for way in [*readable, *unreadable]:
        assert text(call(server, f"{way}:good", {})) == "fine"
        start_time = time.monotonic()
        result = call(server, f"{way}:odd", {})
        assert time.monotonic() - start_time < 5, way
        if way in readable:
            assert json.loads(result.output)[0]["text"].replace(" ", "") == readable[way].replace(" ", "")
        else:
            status, message = failure(result)
            assert status == "TOOL_ERROR" and message.startswith(f"MCP server {way}: "), message


@pytest.mark.parametrize("way", ["same-cursor", "new-cursors"])
def test_an_endless_list_of_tools_is_cut(start, tmp_path, way):
    log = tmp_path / "log"
    server = start(log, LOOM_MCP_SERVERS=json.dumps({"m": odd(way)}))
    assert text(call(server, "m:t1", {})) == "fine"
    assert "the list of an MCP server's tools is cut" in log.read_text()
    resident = next(line for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines() if "VmHWM" in line)
    assert int(resident.split()[1]) < 100_000, resident


def test_many_calls_of_a_sound_server_wait_for_their_turn(start):
    from loom.v1 import action_pb2

    server = start(LOOM_MCP_SERVERS=json.dumps({"m": odd("slow")}))
    assert text(call(server, "m:good", {})) == "fine"
    request = action_pb2.ToolCall(id="c", name="m:good", arguments="{}", timeout_ms=15_000)
    calls = [server.bridge().ForwardToolCall.future(request, timeout=DEADLINE) for _ in range(600)]
    assert {each.result().status for each in calls} == {action_pb2.TOOL_OK}


def test_a_server_has_time_to_end_what_it_started(start):
    server = start(LOOM_MCP_SERVERS=json.dumps({"m": odd("slow-farewell")}))
    pid = int(text(call(server, "m:good", {})))
    assert runs(pid)
    assert server.stop() == 0
    assert not runs(pid)


def test_a_program_that_is_no_mcp_server_is_named(start):
    table = {
        "absent": {"command": "no-such-program-anywhere"},
        "mute": {"command": "false"},
        "chatty": {"command": "sh", "args": ["-c", "echo hello; echo no, really >&2; cat >/dev/null"]},
    }
    server = start(LOOM_MCP_SERVERS=json.dumps(table))
    until("the failure is noticed", lambda: "could not be started" in failure(call(server, "absent:x", {}))[1])
    status, message = failure(call(server, "absent:x", {}))
    # The command may hold a secret: the server is named instead.
    assert status == "TOOL_ERROR" and "MCP server absent" in message and "started again in" in message
    assert "no-such-program-anywhere" not in message
    message = until("the program has ended", lambda: message_with("ended", call(server, "mute:x", {})))
    assert message.startswith("MCP server mute ended (exit status: 1)")
    # It writes no MCP messages; calls wait for it until their timeout.
    status, message = failure(call(server, "chatty:x", {}, timeout_ms=200))
    assert (status, message) == ("TOOL_TIMEOUT", "MCP server chatty is still being started")


def test_a_server_that_does_not_respond_does_not_delay_readiness(start):
    start_time = time.monotonic()
    server = start(LOOM_MCP_SERVERS=json.dumps({"mute": {"command": "sleep", "args": ["1000"]}}))
    assert time.monotonic() - start_time < 3
    assert "llm:generate" in listed(server)
    pid = child(server)
    assert server.stop() == 0 and not runs(pid)


@pytest.mark.parametrize("value", ["hush", '{"a": "hush"}', '{"a:b": {"command": "hush"}}'])
def test_an_invalid_variable_is_named_and_its_value_not_shown(tmp_path, value):
    import subprocess

    environment = {"LOOM_BRIDGE_ADDR": "127.0.0.1:0", "LOOM_MCP_SERVERS": value}
    ended = subprocess.run([os.environ["LOOM_TEST_SERVER"]], env=environment, capture_output=True, text=True)
    assert ended.returncode == 2 and "LOOM_MCP_SERVERS" in ended.stderr and "hush" not in ended.stderr
