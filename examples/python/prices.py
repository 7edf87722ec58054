"""An agent of a project: `loom up --detach`, then `python prices.py`; Ctrl+C ends it."""

from loom import Agent, Event


def on_event(agent: Agent, topic: str, event: Event) -> None:
    print(f"{event.type} from {event.sender}: {event.text}", flush=True)


if __name__ == "__main__":
    Agent("prices", ["market.price.*"], on_event=on_event).run()
