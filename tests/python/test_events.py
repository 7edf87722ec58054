"""Publish and subscribe."""

import pytest

from agent import Agent, join, register


def test_patterns_match_as_the_protocol_says(server):
    patterns = ["p.*", "p", "p.x", "*", "*.x", "p.*.q", "p.#", "p.b*"]
    listener = join(server, "listener", patterns)
    speaker = join(server, "speaker")
    for topic in ["p", "p.x", "p.x.y", "p.", "pq.x", "P.x", "p.b", "p.bc", "*", "p.#", "p.*.q", "x"]:
        speaker.publish(topic, id=topic)
    speaker.publish("p", id="last")
    heard = listener.hear_deliveries(13)
    assert sorted(heard) == sorted([
        ("p", "p"),
        ("p.*", "p.x"),
        ("p.x", "p.x"),
        ("p.*", "p.x.y"),
        ("p.*", "p."),
        ("p.*", "p.b"),
        ("p.*", "p.bc"),
        ("*", "*"),
        ("p.*", "p.#"),
        ("p.#", "p.#"),
        ("p.*", "p.*.q"),
        ("p.*.q", "p.*.q"),
        ("p", "last"),
    ])


def test_each_matching_subscription_delivers_separately(server):
    listener = join(server, "listener", ["a", "a", "p.*", "p.*"])
    listener.publish("a", id="1")
    listener.publish("p.x", id="2")
    listener.publish("other", id="3")
    listener.publish("a", id="4")
    heard = listener.hear_deliveries(6)
    assert heard == [("a", "1")] * 2 + [("p.*", "2")] * 2 + [("a", "4")] * 2


def test_an_event_arrives_as_it_was_sent(server):
    from loom.v1 import event_pb2

    listener = join(server, "listener", ["t"])
    event = event_pb2.Event(
        id="e",
        type="kind",
        timestamp_ms=-7,
        source="somewhere",
        metadata={"loom.thread_id": "t1", "x": "y", "reply_to": ""},
        payload=bytes(range(256)),
        confidence=0.5,
        tags=["b", "a", "b"],
        priority=-3,
    )
    speaker = join(server, "speaker")
    speaker.say(publish=speaker.pb.Publish(topic="t", event=event))
    speaker.publish("t")
    assert listener.hear().delivery.event == event
    assert listener.hear().delivery.event == event_pb2.Event(), "nothing is added to an empty one either"


def test_order_is_kept_per_publisher_and_over_topics(server):
    listener = join(server, "listener", ["a", "b.*"])
    speakers = [join(server, f"speaker-{n}") for n in range(3)]
    for n in range(300):
        for speaker in speakers:
            speaker.publish("a" if n % 2 else "b.x", id=str(n), source=str(id(speaker)))
    heard = [listener.hear().delivery.event for _ in range(900)]
    for speaker in speakers:
        mine = [int(event.id) for event in heard if event.source == str(id(speaker))]
        assert mine == list(range(300))


def test_what_makes_no_sense_is_ignored(server):
    agent = join(server, "agent", ["t"])
    agent.say(ack=agent.pb.Ack(message_id="somebody else"))
    agent.say(publish=agent.pb.Publish(topic="t"))
    agent.say()
    agent.say(tool_result={"id": "nobody asked"})
    assert agent.ping().status == "ok"
    agent.publish("t", id="1")
    assert agent.hear_deliveries(1) == [("t", "1")]


@pytest.mark.parametrize("agent_id", ["", "never registered"])
def test_an_unknown_agent_may_ping_and_publish_and_hears_nothing(server, agent_id):
    listener = join(server, "listener", ["t"])
    unknown = Agent(server, agent_id).listen()
    assert unknown.ping().timestamp_ms > 1_600_000_000_000
    unknown.publish("t", id="1")
    assert listener.hear_deliveries(1) == [("t", "1")]
    unknown.half_close()
    assert unknown.hear() is None


def test_a_reader_that_sleeps_stops_nobody_and_is_told_what_it_lost(server):
    total, payload = 6000, bytes(8 * 1024)
    assert register(server, "sleeper", ["t"]).success
    sleeper = Agent(server, "sleeper", channel=server.connect())
    other = join(server, "other", ["t"])
    speaker = join(server, "speaker")
    for n in range(total):
        speaker.publish("t", id=str(n), payload=payload)
        # The one who reads keeps up with the speaker, so it loses nothing.
        assert other.hear_deliveries(1) == [("t", str(n))]
    assert speaker.ping().status == "ok"

    sleeper.listen()
    heard, dropped, last = 0, 0, -1
    while last != total - 1:
        message = sleeper.hear()
        kind = message.WhichOneof("msg")
        if kind == "delivery":
            heard, last = heard + 1, int(message.delivery.event.id)
        elif kind == "err":
            assert message.err.code == "EVENTS_DROPPED"
            dropped += int(message.err.message.split()[0])
            assert "of t " in message.err.message
    assert heard + dropped == total
    assert dropped > 0 and heard >= 2048
