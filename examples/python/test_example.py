"""Tests with a runtime of their own: the fixture comes with the package."""

import asyncio

from loom import Agent, Event, RuntimeProcess


def test_an_agent_answers(loom_runtime: RuntimeProcess) -> None:
    async def echo(agent: Agent, topic: str, event: Event) -> None:
        await agent.reply(event, event.payload)

    async def talk() -> str:
        # LOOM_BRIDGE_ADDR tells agents where the runtime is.
        async with Agent("echo", ["echo"], on_event=echo), Agent("asker") as asker:
            return (await asker.request("echo", "hello")).text

    assert asyncio.run(talk()) == "hello"
    assert loom_runtime.poll() is None
