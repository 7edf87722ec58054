"""An agent of a project that prints prices.

Start a runtime with `loom up --detach`, then run `python prices.py`; Ctrl+C stops the agent.
"""

from loom import Agent, Event


def on_event(agent: Agent, topic: str, event: Event) -> None:
    print(f"{event.type} from {event.sender}: {event.text}", flush=True)


if __name__ == "__main__":
    Agent("prices", ["market.price.*"], on_event=on_event).run()
