"""A runtime, two agents that talk, and a tool: run it as it is."""

import asyncio

from loom import Agent, Event, embedded, tool


@tool("words.count")
def count(text: str) -> int:
    """Counts the words of a text."""
    return len(text.split())


async def on_event(agent: Agent, topic: str, event: Event) -> None:
    words = await agent.call_tool("words.count", {"text": event.text})
    await agent.reply(event, f"{event.sender} said {words} words on {topic}")


async def main() -> None:
    # Free ports, and an end with the block.
    with embedded.start(bridge_addr="127.0.0.1:0", dashboard_port=0) as runtime:
        print("dashboard:", runtime.dashboard_url)
        listener = Agent("listener", ["talk.*"], [count], on_event, address=runtime.address)
        async with listener, Agent("speaker", address=runtime.address) as speaker:
            answer = await speaker.request("talk.morning", "good morning to all of you")
            print(answer.text)


if __name__ == "__main__":
    asyncio.run(main())
