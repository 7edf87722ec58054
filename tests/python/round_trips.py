"""An agent of the SDK that sends itself an event every 20 ms and prints the time of each that arrives.

Usage: round_trips.py ADDRESS. The time is in seconds since 1970.
"""

import asyncio
import sys
import time

from loom.agent import Agent


async def on_event(agent, topic, event):
    print(f"{time.time():.3f}", flush=True)


async def main():
    async with Agent("traveller", ["trips"], on_event=on_event, address=sys.argv[1]) as agent:
        while True:
            await agent.publish("trips", b"x")
            await asyncio.sleep(0.02)


asyncio.run(main())
