"""Agents against the real runtime."""

import asyncio
import inspect
import json
import logging

import pytest

from loom import Agent, Event, ToolError, embedded, tool
from loom.agent import Tool


@pytest.fixture
def runtime():
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        yield bridge


def run(test):
    """Runs a test's coroutine, which may not hang."""
    return asyncio.run(asyncio.wait_for(test, 60))


class Ear:
    """An `on_event` that keeps what it hears."""

    def __init__(self):
        self.heard = asyncio.Queue()

    def __call__(self, agent, topic, event):
        self.heard.put_nowait((topic, event))


def test_events_reach_those_who_hear_the_topic(runtime):
    async def test():
        ear = Ear()
        async with Agent("ear", ["a.*", "b"], on_event=ear, address=runtime.address):
            async with Agent("mouth", address=runtime.address) as mouth:
                await mouth.publish("c", "unheard")
                await mouth.publish("a.x.y", {"n": 1}, type="json", metadata={"k": "v"})
                await mouth.publish("b", b"\xff")
                await mouth.publish("b", "text")
            heard = [await ear.heard.get() for _ in range(3)]
        assert [topic for topic, _ in heard] == ["a.*", "b", "b"]
        first = heard[0][1]
        assert (first.type, first.json(), first.sender, first.metadata["k"]) == ("json", {"n": 1}, "mouth", "v")
        assert (heard[1][1].payload, heard[2][1].text) == (b"\xff", "text")
        assert ear.heard.empty()

    run(test())


def test_events_are_handled_in_order_and_a_failing_handler_stops_none(runtime, caplog):
    async def test():
        done = asyncio.Queue()

        async def on_event(agent, topic, event):
            number = event.json()
            await asyncio.sleep(0.01 if number == 0 else 0)
            await done.put(number)
            if number == 1:
                raise ValueError("a mistake")

        async with Agent("a", ["t"], on_event=on_event, address=runtime.address) as agent:
            for number in range(20):
                await agent.publish("t", number)
            assert [await done.get() for _ in range(20)] == list(range(20))

    run(test())
    assert "a mistake" in caplog.text


def test_a_request_is_answered_even_from_within_a_handler(runtime):
    async def test():
        async def double(agent, topic, event):
            await agent.reply(event, 2 * event.json())

        async def ask(agent, topic, event):
            inner = await agent.request("double", event.json())
            await agent.reply(event, inner.json() + 1)

        where = {"address": runtime.address}
        async with Agent("double", ["double"], on_event=double, **where), Agent("ask", ["ask"], on_event=ask, **where):
            async with Agent("asker", **where) as asker:
                answers = await asyncio.gather(*(asker.request("ask", number) for number in range(10)))
                assert [answer.json() for answer in answers] == [2 * number + 1 for number in range(10)]
                with pytest.raises(asyncio.TimeoutError):
                    await asker.request("nobody", timeout=0.05)
                assert asker._awaited == {}

    run(test())


def test_tools_are_called_and_say_what_is_wrong(runtime):
    @tool("math.add", description="Adds")
    def add(a: int, b: int = 1) -> int:
        return a + b

    async def wait(seconds: float):
        await asyncio.sleep(seconds)
        return {"waited": seconds}

    def broken() -> None:
        raise RuntimeError("no luck")

    async def test():
        async with Agent("tools", tools=[add, wait, broken], address=runtime.address):
            async with Agent("caller", address=runtime.address) as caller:
                assert await caller.call_tool("math.add", {"a": 40, "b": 2}) == 42
                assert await caller.call_tool("wait", {"seconds": 0.01}) == {"waited": 0.01}
                for name, arguments, code in [
                    ("math.add", {"c": 1}, "INVALID_INPUT"),
                    ("broken", {}, "TOOL_ERROR"),
                    ("nothing", {}, "NOT_FOUND"),
                ]:
                    with pytest.raises(ToolError) as raised:
                        await caller.call_tool(name, arguments)
                    assert raised.value.code == code, name
                assert "no luck" in await failure(caller, "broken")
                with pytest.raises(ToolError) as raised:
                    await caller.call_tool("wait", {"seconds": 30}, timeout=0.05)
                assert raised.value.code == "TIMEOUT"

    async def failure(caller, name):
        try:
            await caller.call_tool(name)
        except ToolError as error:
            return str(error)

    run(test())


def test_what_is_told_of_a_tool_comes_from_its_function():
    def find(text: str, limit: int = 3, exact: bool = False, tags: "list[str]" = (), **rest) -> None:
        """Finds things.

        And more.
        """

    declared = Tool.of(find)
    assert (declared.name, declared.description) == ("find", "Finds things.")
    assert declared.parameters["required"] == ["text"]
    types = {name: schema["type"] for name, schema in declared.parameters["properties"].items()}
    assert types == {"text": "string", "limit": "integer", "exact": "boolean", "tags": "array"}
    named = tool("other", description="d", parameters={"type": "object"})(find)
    assert named is find
    assert json.loads(Tool.of(find).descriptor().parameters_schema) == {"type": "object"}


def test_a_lost_bridge_is_found_again(runtime, caplog):
    caplog.set_level(logging.WARNING, "loom.agent")

    async def test():
        ear = Ear()
        loop = asyncio.get_running_loop()

        def answer() -> str:
            return "here"

        async with Agent("a", ["t"], [answer], ear, address=runtime.address) as agent:
            runtime.terminate()
            await loop.run_in_executor(None, runtime.wait)
            later = asyncio.create_task(agent.publish("t", "waited"))
            again = await loop.run_in_executor(None, embedded.start_bridge, runtime.address)
            with again:
                await later
                assert (await ear.heard.get())[1].text == "waited"
                assert await agent.call_tool("answer") == "here", "it is registered again"

    run(test())
    assert "again in 0.5 s" in caplog.text


def test_the_waits_between_attempts_double_up_to_ten_seconds(monkeypatch, caplog):
    waits = []

    async def test():
        agent = Agent("a", address="127.0.0.1:1")
        sleep = asyncio.sleep

        async def short(seconds):
            waits.append(seconds)
            await sleep(0)
            if len(waits) == 8:
                agent._stopping = True

        monkeypatch.setattr("loom.agent.agent.asyncio.sleep", short)
        agent._changed = asyncio.Condition()
        await agent._live()

    run(test())
    assert waits == [0.5, 1, 2, 4, 8, 10, 10, 10]


def test_a_bridge_that_cannot_be_reached_is_an_error():
    async def test():
        with pytest.raises(ConnectionError, match="could not be reached for 0.2 s"):
            await Agent("a", address="127.0.0.1:1").start(timeout=0.2)

    run(test())


def test_a_bridge_that_refuses_is_an_error(runtime):
    async def test():
        with pytest.raises(ConnectionError, match="agent_id cannot be empty"):
            await Agent("", address=runtime.address).start()

    run(test())


def test_the_token_opens_the_door(monkeypatch):
    monkeypatch.setenv("LOOM_BRIDGE_TOKEN", "secret")

    async def test(address):
        async with Agent("in", address=address):
            pass
        with pytest.raises(ConnectionError):
            await Agent("out", address=address, token="wrong").start(timeout=0.3)

    with embedded.start_bridge("127.0.0.1:0") as bridge:
        run(test(bridge.address))


def test_the_address_comes_from_environment_then_project(project, monkeypatch):
    assert Agent("a").address == "127.0.0.1:50051"
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:7001"\n')
    assert Agent("a").address == "127.0.0.1:7001"
    monkeypatch.setenv("LOOM_BRIDGE_ADDR", "127.0.0.1:7002")
    assert Agent("a").address == "127.0.0.1:7002"


def test_events_say_who_sent_them_and_where_to_answer():
    event = Event("t", metadata={"sender": "old", "loom.sender": "new", "correlation_id": "c"}, source="s")
    assert (event.sender, event.correlation_id, event.reply_to) == ("new", "c", "agent.new.replies")
    assert Event("t", source="s").reply_to == "agent.s.replies"
    assert Event.received(event.message()) == event


def test_an_agent_that_stops_is_forgotten(runtime):
    async def test():
        async with Agent("watcher", address=runtime.address) as watcher:
            async with Agent("gone", tools=[inspect.getdoc], address=runtime.address):
                pass
            with pytest.raises(ToolError) as raised:
                await watcher.call_tool("getdoc", {"object": 1})
            assert raised.value.code == "NOT_FOUND"

    run(test())
