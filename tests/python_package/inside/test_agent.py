"""Agents at the real runtime."""

import asyncio
import inspect
import json
import logging

import pytest

from loom import Agent, Event, ToolError, embedded, tool
from loom.agent import Tool
from loom.agent.connection import Registration
from loom.agent.endpoint import Endpoint
from loom.agent.session import Session

from network import free_address


@pytest.fixture
def runtime():
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        yield bridge


def run(test):
    """Runs the coroutine of a test; fails after 60 seconds."""
    return asyncio.run(asyncio.wait_for(test, 60))


class Recorder:
    """An `on_event` that keeps what it receives."""

    def __init__(self):
        self.received = asyncio.Queue()

    async def __call__(self, agent, topic, event):
        self.received.put_nowait((topic, event))


def test_events_reach_the_subscribers_of_their_topic(runtime):
    async def test():
        recorder = Recorder()
        async with Agent("subscriber", ["a.*", "b"], on_event=recorder, address=runtime.address):
            async with Agent("publisher", address=runtime.address) as publisher:
                await publisher.publish("c", "no subscriber")
                await publisher.publish("a.x.y", {"n": 1}, type="json", metadata={"k": "v"})
                await publisher.publish("b", b"\xff")
                await publisher.publish("b", "text")
            received = [await recorder.received.get() for _ in range(3)]
        assert [topic for topic, _ in received] == ["a.x.y", "b", "b"]
        first = received[0][1]
        assert first.type == "json"
        assert first.json() == {"n": 1}
        assert first.sender == "publisher"
        assert first.metadata["k"] == "v"
        assert received[1][1].payload == b"\xff"
        assert received[2][1].text == "text"
        assert recorder.received.empty()

    run(test())


def test_events_are_handled_in_order_even_if_the_handler_raises(runtime, caplog):
    async def test():
        done = asyncio.Queue()

        async def on_event(agent, topic, event):
            number = event.json()
            await asyncio.sleep(0.01 if number == 0 else 0)
            await done.put(number)
            if number == 1:
                raise ValueError("error in the handler")

        async with Agent("a", ["t"], on_event=on_event, address=runtime.address) as agent:
            for number in range(20):
                await agent.publish("t", number)
            assert [await done.get() for _ in range(20)] == list(range(20))

    run(test())
    assert "agent a: on_event failed: event event on topic t" in caplog.text
    assert "error in the handler" in caplog.text


def test_a_handler_can_request_and_reply(runtime):
    async def test():
        async def double(agent, topic, event):
            await agent.reply(event, 2 * event.json())

        async def double_and_add_one(agent, topic, event):
            doubled = await agent.request("double", event.json())
            await agent.reply(event, doubled.json() + 1)

        address = runtime.address
        async with Agent("double", ["double"], on_event=double, address=address):
            async with Agent("relay", ["relay"], on_event=double_and_add_one, address=address):
                async with Agent("client", address=address) as client:
                    replies = await asyncio.gather(*(client.request("relay", number) for number in range(10)))
                    assert [reply.json() for reply in replies] == [2 * number + 1 for number in range(10)]
                    with pytest.raises(asyncio.TimeoutError):
                        await client.request("no.subscriber", timeout=0.05)
                    assert client._dispatcher._pending_replies == {}

    run(test())


def test_tool_calls_return_results_and_typed_errors(runtime):
    @tool("math.add", description="Adds")
    def add(a: int, b: int = 1) -> int:
        return a + b

    async def wait(seconds: float):
        await asyncio.sleep(seconds)
        return {"waited": seconds}

    def broken() -> None:
        raise RuntimeError("error in the tool")

    async def test():
        async with Agent("tools", tools=[add, wait, broken], address=runtime.address):
            async with Agent("caller", address=runtime.address) as caller:
                assert await caller.call_tool("math.add", {"a": 40, "b": 2}) == 42
                assert await caller.call_tool("wait", {"seconds": 0.01}) == {"waited": 0.01}
                for name, arguments, code, message in [
                    ("math.add", {"c": 1}, "INVALID_INPUT", "invalid arguments for math.add: .*'a'"),
                    ("broken", {}, "TOOL_ERROR", "RuntimeError: error in the tool"),
                    ("missing", {}, "NOT_FOUND", "missing"),
                ]:
                    with pytest.raises(ToolError, match=message) as raised:
                        await caller.call_tool(name, arguments)
                    assert raised.value.code == code, name
                with pytest.raises(ToolError) as raised:
                    await caller.call_tool("wait", {"seconds": 30}, timeout=0.05)
                assert raised.value.code == "TIMEOUT"

    run(test())


def test_arguments_of_a_tool_must_be_a_json_object():
    from loom.v1 import action_pb2

    async def test(arguments):
        return await Tool.of(abs).answer(action_pb2.ToolCall(id="1", name="abs", arguments=arguments))

    for arguments, got in [("[1]", "got list"), ("{", "got invalid JSON")]:
        result = run(test(arguments))
        assert (result.id, result.status) == ("1", action_pb2.TOOL_INVALID_ARGUMENTS)
        assert result.error.code == "INVALID_ARGUMENTS"
        assert result.error.message.startswith(f"invalid arguments for abs: expected a JSON object, {got}")


def test_the_description_of_a_tool_comes_from_its_function():
    def find(text: str, limit: int = 3, exact: bool = False, tags: "list[str]" = (), **rest) -> None:
        """Finds things.

        This paragraph is not part of the description.
        """

    derived = Tool.of(find)
    assert derived.name == "find"
    assert derived.description == "Finds things."
    assert derived.parameters["required"] == ["text"]
    types = {name: schema["type"] for name, schema in derived.parameters["properties"].items()}
    assert types == {"text": "string", "limit": "integer", "exact": "boolean", "tags": "array"}
    decorated = tool("other", description="d", parameters={"type": "object"})(find)
    assert decorated is find
    assert json.loads(Tool.of(find).descriptor().parameters_schema) == {"type": "object"}


def test_an_agent_reconnects_and_registers_again(runtime, caplog):
    caplog.set_level(logging.WARNING, "loom.agent")

    async def test():
        recorder = Recorder()
        loop = asyncio.get_running_loop()

        def answer() -> str:
            return "here"

        async with Agent("a", ["t"], [answer], recorder, address=runtime.address) as agent:
            runtime.terminate()
            await loop.run_in_executor(None, runtime.wait)
            publication = asyncio.create_task(agent.publish("t", "waited"))
            restarted = await loop.run_in_executor(None, embedded.start_bridge, runtime.address)
            with restarted:
                await publication
                assert (await recorder.received.get())[1].text == "waited"
                assert await agent.call_tool("answer") == "here", "the tool is registered again"

    run(test())
    assert f"agent a: lost the connection to the runtime at {runtime.address}: UNAVAILABLE: " in caplog.text
    assert "; retrying in 0.5 s" in caplog.text


def test_a_publish_without_a_connection_ends_when_the_agent_stops(runtime):
    async def test():
        loop = asyncio.get_running_loop()
        agent = Agent("a", address=runtime.address)
        await agent.start()
        runtime.kill()
        await loop.run_in_executor(None, runtime.wait)
        while agent._session._connection is not None:
            await asyncio.sleep(0.01)
        publication = asyncio.create_task(agent.publish("t"))
        await asyncio.sleep(0)
        await agent.stop()
        with pytest.raises(RuntimeError, match="agent 'a' is stopped"):
            await publication

    run(test())


def test_delays_between_attempts_double_up_to_ten_seconds(monkeypatch, caplog):
    caplog.set_level(logging.WARNING, "loom.agent")
    address = free_address()
    delays = []

    async def test():
        session = Session(Endpoint(address), Registration("a", [], []), lambda connection, message: None)
        sleep = asyncio.sleep

        async def record_delay(seconds):
            delays.append(seconds)
            await sleep(0)
            if len(delays) == 8:
                session._stopping = True

        monkeypatch.setattr("loom.agent.session.asyncio.sleep", record_delay)
        await session._keep_connected()

    run(test())
    assert delays == [0.5, 1, 2, 4, 8, 10, 10, 10]
    first = caplog.records[0].getMessage()
    assert first == f"agent a: no runtime at {address}; retrying in 0.5 s; start one with `loom up`"


def test_a_missing_runtime_is_an_error():
    address = free_address()

    async def test():
        with pytest.raises(ConnectionError) as raised:
            await Agent("a", address=address).start(timeout=0.2)
        return str(raised.value)

    assert run(test()) == f"no runtime at {address}; gave up after 0.2 s; start one with `loom up`"


def test_a_refused_registration_is_an_error(runtime):
    async def test():
        with pytest.raises(ConnectionError, match="refused agent '': agent_id cannot be empty"):
            await Agent("", address=runtime.address).start()

    run(test())


def test_the_bridge_requires_the_token(monkeypatch):
    monkeypatch.setenv("LOOM_BRIDGE_TOKEN", "secret")

    async def test(address):
        async with Agent("authenticated", address=address):
            pass
        # At once, not after the time limit.
        with pytest.raises(ConnectionError, match=f"the runtime at {address} refused agent 'rejected': .*authorization"):
            await asyncio.wait_for(Agent("rejected", address=address, token="wrong").start(timeout=60), 20)

    with embedded.start_bridge("127.0.0.1:0") as bridge:
        run(test(bridge.address))


def test_an_agent_must_be_started_once(runtime):
    async def test():
        agent = Agent("a", address=runtime.address)
        with pytest.raises(RuntimeError, match="agent 'a' is not started"):
            await agent.publish("t")
        async with agent:
            with pytest.raises(RuntimeError, match="agent 'a' is already started"):
                await agent.start()
        with pytest.raises(RuntimeError, match="agent 'a' is not started"):
            await agent.call_tool("t")

    run(test())


def test_the_address_comes_from_the_environment_or_the_project(project, monkeypatch):
    assert Agent("a").address == "127.0.0.1:50051"
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:7001"\n')
    assert Agent("a").address == "127.0.0.1:7001"
    monkeypatch.setenv("LOOM_BRIDGE_ADDR", "127.0.0.1:7002")
    assert Agent("a").address == "127.0.0.1:7002"


def test_sender_and_reply_topic_come_from_the_metadata():
    metadata = {"sender": "old", "loom.sender": "new", "correlation_id": "c"}
    event = Event("t", metadata=metadata, source="s")
    assert event.sender == "new"
    assert event.correlation_id == "c"
    assert event.reply_to == "agent.new.replies"
    assert Event("t", source="s").reply_to == "agent.s.replies"
    assert Event.received(event.message()) == event


def test_a_stopped_agent_is_unregistered(runtime):
    async def test():
        async with Agent("caller", address=runtime.address) as caller:
            async with Agent("stopped", tools=[inspect.getdoc], address=runtime.address):
                pass
            with pytest.raises(ToolError) as raised:
                await caller.call_tool("getdoc", {"object": 1})
            assert raised.value.code == "NOT_FOUND"

    run(test())
