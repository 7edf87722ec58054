"""Tool calls from one agent to another."""

import json
import threading

import grpc
import pytest

from agent import Agent, join, register
from server import DEADLINE


def forward(server, **call):
    """Calls a tool; the gRPC status is always OK."""
    from loom.v1 import action_pb2

    return server.bridge().ForwardToolCall(action_pb2.ToolCall(**call), timeout=DEADLINE)


def outcome(result):
    """Returns status and error code of a result."""
    from loom.v1 import action_pb2

    return action_pb2.ToolStatus.Name(result.status), result.error.code


def complete(agent, **result):
    """Receives the next call and returns a result for it. Returns the call."""
    message = agent.receive()
    assert message.WhichOneof("msg") == "tool_call", message
    agent.send(tool_result={"id": message.tool_call.id, **result})
    return message.tool_call


def in_background(call):
    """Runs a call in a thread; the list gets its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    return thread, results


def test_an_agent_calls_the_tool_of_another(server):
    worker = join(server, "worker", tools=["add"])
    call = dict(
        id="c1",
        name="add",
        arguments='{"a": 1}',
        headers={"h": "v"},
        timeout_ms=9000,
        correlation_id="k",
        qos=1,
    )
    thread, results = in_background(lambda: forward(server, **call))
    received = complete(worker, output='{"sum": 3}')
    thread.join(DEADLINE)
    from loom.v1 import action_pb2

    assert received == action_pb2.ToolCall(**call)
    assert results == [action_pb2.ToolResult(id="c1", status=action_pb2.TOOL_OK, output='{"sum": 3}')]


@pytest.mark.parametrize("output, expected", [("", None), ("plain words", "plain words"), ("[1]", [1])])
def test_the_output_is_always_json(server, output, expected):
    worker = join(server, "worker", tools=["t"])
    thread, results = in_background(lambda: forward(server, id="c", name="t", arguments="{}"))
    complete(worker, output=output)
    thread.join(DEADLINE)
    assert json.loads(results[0].output) == expected


@pytest.mark.parametrize("status, code", [(1, "TOOL_ERROR"), (4, "INVALID_INPUT"), (3, "NOT_FOUND")])
def test_the_failure_of_a_tool_is_returned_to_the_caller(server, status, code):
    from loom.v1 import action_pb2

    worker = join(server, "worker", tools=["t"])
    thread, results = in_background(lambda: forward(server, id="c", name="t", arguments="{}"))
    error = action_pb2.ToolError(code=code, message="no", details={"k": "v"})
    complete(worker, status=status, error=error)
    thread.join(DEADLINE)
    assert results == [action_pb2.ToolResult(id="c", status=status, error=error)]


@pytest.mark.parametrize("arguments", ["", "{", "{'a': 1}", "{} {}"])
def test_arguments_must_be_json_and_are_checked_before_the_name(server, arguments):
    result = forward(server, id="c", name="unknown", arguments=arguments)
    assert outcome(result) == ("TOOL_INVALID_ARGUMENTS", "INVALID_ARGUMENTS")
    assert result.id == "c"


def test_an_unknown_tool_is_not_found(server):
    result = forward(server, id="c", name="fs:read", arguments="{}")
    assert outcome(result) == ("TOOL_NOT_FOUND", "NOT_FOUND")
    assert (result.id, result.error.message) == ("c", "Tool not found: fs:read")


def test_the_timeout_of_the_call_applies(server):
    worker = join(server, "worker", tools=["t"])
    result = forward(server, id="c", name="t", arguments="null", timeout_ms=50)
    assert outcome(result) == ("TOOL_TIMEOUT", "TIMEOUT")
    # The late result is ignored, and the stream stays open.
    complete(worker, output="1")
    assert worker.ping().status == "ok"


def test_a_tool_of_an_agent_that_is_not_connected_fails(server):
    assert register(server, "worker", tools=["t"]).success
    assert outcome(forward(server, id="c", name="t", arguments="{}")) == ("TOOL_ERROR", "EXECUTION_ERROR")


@pytest.mark.parametrize("leave", ["half_close", "cancel"])
def test_a_call_fails_if_the_agent_leaves_without_a_result(server, leave):
    worker = join(server, "worker", tools=["t"])
    thread, results = in_background(lambda: forward(server, id="c", name="t", arguments="{}"))
    assert worker.receive().tool_call.name == "t"
    worker.half_close() if leave == "half_close" else worker.call.cancel()
    thread.join(DEADLINE)
    assert outcome(results[0]) == ("TOOL_ERROR", "EXECUTION_ERROR")


def test_equal_ids_of_two_callers_are_kept_apart(server):
    worker = join(server, "worker", tools=["t"])
    calls = [in_background(lambda n=n: forward(server, id="same", name="t", arguments=str(n))) for n in (1, 2)]
    received = [worker.receive().tool_call for _ in calls]
    assert received[0].id != received[1].id
    for call in reversed(received):
        worker.send(tool_result={"id": call.id, "output": call.arguments})
    for n, (thread, results) in enumerate(calls, 1):
        thread.join(DEADLINE)
        assert (results[0].id, results[0].output) == ("same", str(n))


def test_another_stream_cannot_complete_a_call(server):
    worker = join(server, "worker", tools=["t"])
    other = join(server, "other")
    thread, results = in_background(lambda: forward(server, id="c", name="t", arguments="{}"))
    call = worker.receive().tool_call
    other.send(tool_result={"id": call.id, "output": '"stolen"'})
    other.ping()
    worker.send(tool_result={"id": call.id, "output": '"mine"'})
    thread.join(DEADLINE)
    assert results[0].output == '"mine"'


def test_a_call_goes_to_the_newest_stream(server):
    old = join(server, "worker", tools=["t"])
    new = Agent(server, "worker").listen()
    for stream in (new, old):
        thread, results = in_background(lambda: forward(server, id="c", name="t", arguments="{}"))
        complete(stream, output="1")
        thread.join(DEADLINE)
        assert outcome(results[0])[0] == "TOOL_OK"
        stream.half_close()
        assert stream.end()[0] == grpc.StatusCode.OK


def test_registering_again_replaces_the_tools(server):
    join(server, "worker", tools=["old"])
    assert register(server, "worker", tools=["new"]).success
    assert outcome(forward(server, id="c", name="old", arguments="{}"))[0] == "TOOL_NOT_FOUND"
    assert outcome(forward(server, id="c", name="new", arguments="{}", timeout_ms=1))[0] == "TOOL_TIMEOUT"


def test_a_stopping_server_ends_running_calls(server):
    worker = join(server, "worker", tools=["t"])
    thread, results = in_background(lambda: forward(server, id="c", name="t", arguments="{}"))
    assert worker.receive().tool_call.name == "t"
    assert server.stop() == 0
    thread.join(DEADLINE)
    assert outcome(results[0]) == ("TOOL_ERROR", "EXECUTION_ERROR")


def test_the_tool_service_lists_and_calls_all_tools(server):
    from loom.v1 import action_pb2, action_pb2_grpc

    tools = action_pb2_grpc.ToolServiceStub(server.channel)

    def list_tools():
        return list(tools.ListTools(action_pb2.ListToolsRequest(), timeout=DEADLINE).tools)

    own = list_tools()
    assert all(tool.provider == action_pb2.PROVIDER_NATIVE for tool in own)
    # An agent cannot replace a tool of the runtime.
    worker = join(server, "worker", tools=["b", "a", *(tool.name for tool in own)])
    listed = [tool for tool in list_tools() if tool not in own]
    assert len(list_tools()) == len(own) + 2
    # The runtime sets the provider: an agent, over gRPC.
    assert [(tool.name, tool.parameters_schema, tool.provider) for tool in listed] == [
        ("a", "{}", action_pb2.PROVIDER_GRPC),
        ("b", "{}", action_pb2.PROVIDER_GRPC),
    ]
    call = action_pb2.ToolCall(id="c", name="a", arguments="{}")
    thread, results = in_background(lambda: tools.Call(call, timeout=DEADLINE))
    complete(worker, output="7")
    thread.join(DEADLINE)
    assert (results[0].id, results[0].output) == ("c", "7")
    unknown = tools.Call(action_pb2.ToolCall(id="c", name="x", arguments="{}"), timeout=DEADLINE)
    assert outcome(unknown) == ("TOOL_NOT_FOUND", "NOT_FOUND")
    worker.half_close()
    assert worker.end()[0] == grpc.StatusCode.OK
    assert list_tools() == own


def test_a_call_goes_to_the_connected_agent_that_registered_last(server):
    first = join(server, "first", tools=["t"])
    second = join(server, "second", tools=["t"])
    for agent in (second, first):
        thread, results = in_background(lambda: forward(server, id="c", name="t", arguments="{}"))
        complete(agent, output="1")
        thread.join(DEADLINE)
        assert outcome(results[0])[0] == "TOOL_OK"
        agent.half_close()
        agent.end()
