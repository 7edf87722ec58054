"""Publish and subscribe."""

import pytest

from agent import Agent, join, register


def test_patterns_match_as_the_protocol_defines(server):
    patterns = ["p.*", "p", "p.x", "*", "*.x", "p.*.q", "p.#", "p.b*"]
    listener = join(server, "listener", patterns)
    publisher = join(server, "publisher")
    for topic in ["p", "p.x", "p.x.y", "p.", "pq.x", "P.x", "p.b", "p.bc", "*", "p.#", "p.*.q", "x"]:
        publisher.publish(topic, id=topic)
    publisher.publish("p", id="last")
    deliveries = listener.receive_deliveries(13)
    assert sorted(deliveries) == sorted([
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
    deliveries = listener.receive_deliveries(6)
    assert deliveries == [("a", "1")] * 2 + [("p.*", "2")] * 2 + [("a", "4")] * 2


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
    publisher = join(server, "publisher")
    publisher.send(publish=publisher.pb.Publish(topic="t", event=event))
    publisher.publish("t")
    assert listener.receive().delivery.event == event
    assert listener.receive().delivery.event == event_pb2.Event(), "nothing is added to an empty event either"


def test_order_is_kept_per_publisher_across_topics(server):
    listener = join(server, "listener", ["a", "b.*"])
    publishers = [join(server, f"publisher-{n}") for n in range(3)]
    for n in range(300):
        for publisher in publishers:
            publisher.publish("a" if n % 2 else "b.x", id=str(n), source=str(id(publisher)))
    events = [listener.receive().delivery.event for _ in range(900)]
    for publisher in publishers:
        numbers = [int(event.id) for event in events if event.source == str(id(publisher))]
        assert numbers == list(range(300))


def test_messages_without_a_meaning_are_ignored(server):
    agent = join(server, "agent", ["t"])
    agent.send(ack=agent.pb.Ack(message_id="another agent"))
    agent.send(publish=agent.pb.Publish(topic="t"))
    agent.send()
    agent.send(tool_result={"id": "no such call"})
    assert agent.ping().status == "ok"
    agent.publish("t", id="1")
    assert agent.receive_deliveries(1) == [("t", "1")]


@pytest.mark.parametrize("agent_id", ["", "never registered"])
def test_an_unknown_agent_may_ping_and_publish_and_gets_no_events(server, agent_id):
    listener = join(server, "listener", ["t"])
    unknown = Agent(server, agent_id).listen()
    assert unknown.ping().timestamp_ms > 1_600_000_000_000
    unknown.publish("t", id="1")
    assert listener.receive_deliveries(1) == [("t", "1")]
    unknown.half_close()
    assert unknown.receive() is None


def test_a_slow_reader_blocks_no_one_else_and_gets_the_number_of_dropped_events(server):
    total, payload = 6000, bytes(8 * 1024)
    assert register(server, "sleeper", ["t"]).success
    sleeper = Agent(server, "sleeper", channel=server.connect())
    other = join(server, "other", ["t"])
    publisher = join(server, "publisher")
    for n in range(total):
        publisher.publish("t", id=str(n), payload=payload)
        # This agent reads as fast as events are published, so none of its events is dropped.
        assert other.receive_deliveries(1) == [("t", str(n))]
    assert publisher.ping().status == "ok"

    sleeper.listen()
    received, dropped, last = 0, 0, -1
    while last != total - 1:
        message = sleeper.receive()
        kind = message.WhichOneof("msg")
        if kind == "delivery":
            received, last = received + 1, int(message.delivery.event.id)
        elif kind == "err":
            assert message.err.code == "EVENTS_DROPPED"
            dropped += int(message.err.message.split()[0])
            assert "of t " in message.err.message
    assert received + dropped == total
    assert dropped > 0 and received >= 2048
