"""An agent for tests: sends messages, and queues the ones that it receives."""

import queue
import threading

import grpc

from server import DEADLINE


class Agent:
    """One event stream of an agent."""

    def __init__(self, server, agent_id, first=None, channel=None, metadata=None):
        from loom.v1 import bridge_pb2

        self.pb = bridge_pb2
        self.outbound = queue.Queue()
        self.inbound = queue.Queue()
        if first is None:
            first = bridge_pb2.ClientEvent(ack=bridge_pb2.Ack(message_id=agent_id))
        self.outbound.put(first)
        self.call = server.bridge(channel).EventStream(iter(self.outbound.get, None), metadata=metadata)
        # The server sends headers after it has handled the first message: from here on the agent is subscribed.
        self.call.initial_metadata()

    def listen(self):
        """Starts to read the stream."""
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self):
        try:
            for message in self.call:
                self.inbound.put(message)
        except grpc.RpcError:
            pass
        self.inbound.put(None)

    def receive(self):
        """Returns the next message, or None at the end of the stream."""
        return self.inbound.get(timeout=DEADLINE)

    def send(self, **message):
        """Sends one ClientEvent."""
        self.outbound.put(self.pb.ClientEvent(**message))

    def publish(self, topic, **event):
        """Publishes an event; the server does not acknowledge it."""
        from loom.v1 import event_pb2

        self.send(publish=self.pb.Publish(topic=topic, event=event_pb2.Event(**event)))

    def ping(self):
        """Pings and waits for the pong; the server has then handled everything sent before."""
        self.send(ping=self.pb.HeartbeatRequest(timestamp_ms=1))
        pong = self.receive()
        assert pong.WhichOneof("msg") == "pong", pong
        return pong.pong

    def ping_through(self):
        """As `ping`, but discards the messages that come before the pong."""
        self.send(ping=self.pb.HeartbeatRequest(timestamp_ms=1))
        while self.receive().WhichOneof("msg") != "pong":
            pass

    def receive_deliveries(self, count):
        """Returns the next messages, which must be deliveries, as (topic, event id)."""
        received = [self.receive() for _ in range(count)]
        assert all(message.WhichOneof("msg") == "delivery" for message in received), received
        return [(message.delivery.topic, message.delivery.event.id) for message in received]

    def half_close(self):
        """Closes the sending half of the stream."""
        self.outbound.put(None)

    def end(self):
        """Discards messages until the end of the stream. Returns its status code and message."""
        while self.receive() is not None:
            pass
        return self.call.code(), self.call.details()


def register(server, agent_id, topics=(), tools=()):
    """Registers an agent with tools by name. Returns the response."""
    from loom.v1 import action_pb2, bridge_pb2

    descriptors = [action_pb2.ToolDescriptor(name=name, parameters_schema="{}") for name in tools]
    request = bridge_pb2.AgentRegisterRequest(
        agent_id=agent_id, subscribed_topics=list(topics), tools=descriptors
    )
    return server.bridge().RegisterAgent(request, timeout=DEADLINE)


def join(server, agent_id, topics=(), tools=()):
    """Registers an agent and opens its stream."""
    assert register(server, agent_id, topics, tools).success
    return Agent(server, agent_id).listen()
