"""A test with a runtime of its own; the fixture `loom_runtime` comes with the package."""

import asyncio

from loom import Agent, Event, RuntimeProcess


def test_an_agent_replies(loom_runtime: RuntimeProcess) -> None:
    async def echo(agent: Agent, topic: str, event: Event) -> None:
        await agent.reply(event, event.payload)

    async def request() -> str:
        # The fixture sets LOOM_BRIDGE_ADDR, from which agents take the address of the runtime.
        async with Agent("echo", ["echo"], on_event=echo), Agent("client") as client:
            return (await client.request("echo", "hello")).text

    assert asyncio.run(request()) == "hello"
    assert loom_runtime.poll() is None
