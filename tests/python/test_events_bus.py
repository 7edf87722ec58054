"""The service `EventBus`: publish and subscribe without being an agent."""

import queue
import threading

import grpc
import pytest

from agent import join
from server import DEADLINE


@pytest.fixture
def bus(server):
    """Returns a stub of `EventBus`."""
    from loom.v1 import event_pb2_grpc

    return event_pb2_grpc.EventBusStub(server.channel)


def publish(bus, topic, **event):
    """Publishes an event."""
    from loom.v1 import event_pb2

    return bus.Publish(event_pb2.PublishRequest(topic=topic, event=event_pb2.Event(**event)), timeout=DEADLINE)


def stats(bus, topic=""):
    """Returns the stats of a topic."""
    from loom.v1 import event_pb2

    return bus.GetStats(event_pb2.StatsRequest(topic=topic), timeout=DEADLINE)


class Subscriber:
    """A subscription that queues its events."""

    def __init__(self, bus, read=True, **request):
        from loom.v1 import event_pb2

        self.call = bus.Subscribe(event_pb2.SubscribeRequest(**request))
        self.id = dict(self.call.initial_metadata())["loom-subscription-id"]
        self.events = queue.Queue()
        if read:
            self.read()

    def read(self):
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for event in self.call:
                self.events.put(event)
        except grpc.RpcError:
            pass
        self.events.put(None)

    def ids(self, count):
        return [self.events.get(timeout=DEADLINE).id for _ in range(count)]

    def end(self):
        while self.events.get(timeout=DEADLINE) is not None:
            pass
        return self.call.code()


def test_events_pass_between_subscribers_and_agents(server, bus):
    from loom.v1 import event_pb2

    agent = join(server, "agent", ["to.agent"])
    subscriber = Subscriber(bus, topic="from.*")
    event = event_pb2.Event(id="1", type="k", metadata={"x": "y"}, payload=b"\0\xff", tags=["a"], priority=-1)
    agent.send(publish=agent.pb.Publish(topic="from.agent", event=event))
    assert subscriber.events.get(timeout=DEADLINE) == event
    response = bus.Publish(event_pb2.PublishRequest(topic="to.agent", event=event), timeout=DEADLINE)
    assert (response.success, response.error_message, response.sequence_number) == (True, "", 2)
    assert agent.receive().delivery.event == event
    assert publish(bus, "no.subscriber").sequence_number == 3

    response = bus.Publish(event_pb2.PublishRequest(topic="to.agent"), timeout=DEADLINE)
    assert (response.success, response.error_message) == (False, "event is missing")


def test_a_subscription_gets_matching_events_only(bus):
    subscriber = Subscriber(bus, topic="t", event_types=["order", "offer"], filters={"region": "north"})
    publish(bus, "t", id="1", type="order", metadata={"loom.region": "north"})
    publish(bus, "t", id="2", type="order", metadata={"region": "south"})
    publish(bus, "t", id="3", type="other", metadata={"region": "north"})
    publish(bus, "t.x", id="4", type="order", metadata={"region": "north"})
    publish(bus, "t", id="5", type="offer", metadata={"region": "north"})
    assert subscriber.ids(2) == ["1", "5"]


def test_unsubscribe_ends_a_subscription(bus):
    from loom.v1 import event_pb2

    kept, ended = Subscriber(bus, topic="t"), Subscriber(bus, topic="t")
    assert kept.id != ended.id
    publish(bus, "t", id="1")
    assert bus.Unsubscribe(event_pb2.UnsubscribeRequest(subscription_id=ended.id), timeout=DEADLINE).success
    assert ended.ids(1) == ["1"], "what waits is still sent"
    assert ended.end() == grpc.StatusCode.OK
    for unknown in [ended.id, "", "nonsense"]:
        request = event_pb2.UnsubscribeRequest(subscription_id=unknown)
        assert not bus.Unsubscribe(request, timeout=DEADLINE).success
    publish(bus, "t", id="2")
    assert kept.ids(2) == ["1", "2"]
    kept.call.cancel()
    while stats(bus).active_subscriptions:
        pass


def test_subscriptions_end_with_unavailable_when_the_server_stops(server, bus):
    subscriber = Subscriber(bus, topic="t")
    assert server.stop() == 0
    assert subscriber.end() == grpc.StatusCode.UNAVAILABLE


def test_stats_cover_a_topic_a_pattern_or_everything(bus):
    Subscriber(bus, topic="p.*")
    Subscriber(bus, topic="p.x")
    for topic in ["p.x", "p.x", "p.y", "q"]:
        publish(bus, topic)
    seen = {topic: stats(bus, topic) for topic in ["p.x", "p.y", "p.*", "q", "none", ""]}
    assert {topic: stat.total_events for topic, stat in seen.items()} == {
        "p.x": 2, "p.y": 1, "p.*": 3, "q": 1, "none": 0, "": 4,
    }  # fmt: skip
    assert {topic: stat.active_subscriptions for topic, stat in seen.items()} == {
        "p.x": 2, "p.y": 1, "p.*": 1, "q": 0, "none": 0, "": 2,
    }  # fmt: skip
    assert seen["p.x"].throughput_per_sec > 0 and seen["none"].throughput_per_sec == 0


@pytest.mark.parametrize("qos, kept", [(0, 512), (1, 2048), (2, 4096)])
def test_a_slow_subscriber_loses_the_oldest_events_beyond_the_limit_of_its_qos(server, bus, qos, kept):
    # More than the queue and the buffers of a connection hold; the latter hold about 8 MiB.
    total, payload = kept + 2000, bytes(8 * 1024)
    slow = Subscriber(bus, topic="t", qos=qos, read=False)
    publisher = join(server, "publisher")
    for n in range(total):
        publisher.publish("t", id=str(n), payload=payload)
    publisher.ping()
    backlog = stats(bus, "t").backlog_size
    assert kept - 64 <= backlog <= kept
    slow.read()
    ids = slow.ids(backlog)
    while ids[-1] != str(total - 1):
        ids += slow.ids(1)
    numbers = [int(n) for n in ids]
    assert numbers == sorted(numbers)
    assert kept <= len(numbers) < total


def test_a_message_over_the_limit_is_refused(start):
    from loom.v1 import event_pb2_grpc

    bus = event_pb2_grpc.EventBusStub(start(LOOM_MAX_MESSAGE_BYTES="65536").channel)
    assert publish(bus, "t", payload=bytes(60_000)).success
    with pytest.raises(grpc.RpcError) as refused:
        publish(bus, "t", payload=bytes(70_000))
    assert refused.value.code() == grpc.StatusCode.OUT_OF_RANGE
    assert publish(bus, "t").sequence_number == 2
