"""Three agents and a tool that trade together: one price, and everything that follows from it, is one run.

Start a runtime with `loom up --detach`, then run `python trading.py`; Ctrl+C stops the agents. `loom runs` and the
dashboard show each price with its analysis, its order, and what the tool and the language model received and answered.
A language model takes part if `loom.toml` has one (`[llm.<name>]`); without one, the analyst decides by the risk alone.
"""

import asyncio
import itertools

from loom import Agent, Event, ToolError, tool

PRICES = [100.0, 101.5, 99.0, 104.0]


@tool("trading.risk")
def risk(price: float) -> float:
    """The risk of buying at a price, from 0 to 1."""
    return round(min(1.0, abs(price - 100.0) / 10.0), 2)


async def advice(agent: Agent, price: float, risk: float) -> str:
    """What the language model says, or a rule where there is none."""
    try:
        answer = await agent.call_tool("llm:generate", {"prompt": f"Buy at {price} with a risk of {risk}? Say buy or wait."})
    except ToolError:
        return "buy" if risk < 0.3 else "wait"
    return str(answer["text"])


async def analyse(agent: Agent, topic: str, event: Event) -> None:
    price = event.json()["price"]
    async with agent.span("analyse", price=price):
        found = await agent.call_tool("trading.risk", {"price": price})
        words = await advice(agent, price, found)
    await agent.publish("trading.analysis", {"price": price, "risk": found, "advice": words}, type="analysis")


async def order(agent: Agent, topic: str, event: Event) -> None:
    analysis = event.json()
    kind = "order" if "buy" in analysis["advice"].lower() else "no order"
    await agent.publish("trading.order", {"price": analysis["price"]}, type=kind)
    print(f"{analysis['price']}: {kind}", flush=True)


async def main() -> None:
    market = Agent("market")
    analyst = Agent("analyst", ["trading.price"], [risk], analyse)
    trader = Agent("trader", ["trading.analysis"], on_event=order)
    async with analyst, trader, market:
        for price in itertools.cycle(PRICES):
            await market.publish("trading.price", {"price": price}, type="price")
            await asyncio.sleep(1)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
