"""A runtime, two agents and a tool in one script; needs no preparation."""

import asyncio

from loom import Agent, Event, embedded, tool


@tool("words.count")
def count(text: str) -> int:
    """Counts the words of a text."""
    return len(text.split())


async def on_event(agent: Agent, topic: str, event: Event) -> None:
    words = await agent.call_tool("words.count", {"text": event.text})
    await agent.reply(event, f"{words} words from {event.sender} on {topic}")


async def main() -> None:
    # Port 0 selects a free port; the runtime stops at the end of the block.
    with embedded.start(bridge_addr="127.0.0.1:0", dashboard_port=0) as runtime:
        print("dashboard:", runtime.dashboard_url)
        server = Agent("server", ["talk.*"], [count], on_event, address=runtime.address)
        async with server, Agent("client", address=runtime.address) as client:
            reply = await client.request("talk.morning", "good morning to all of you")
            print(reply.text)


if __name__ == "__main__":
    asyncio.run(main())
