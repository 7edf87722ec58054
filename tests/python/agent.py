"""An agent as a test sees it: it says things, and what it hears waits in a queue."""

import queue
import threading

import grpc

from server import DEADLINE


class Agent:
    """One event stream."""

    def __init__(self, server, agent_id, first=None, channel=None, metadata=None):
        from loom.v1 import bridge_pb2

        self.pb = bridge_pb2
        self.said = queue.Queue()
        self.heard = queue.Queue()
        if first is None:
            first = bridge_pb2.ClientEvent(ack=bridge_pb2.Ack(message_id=agent_id))
        self.said.put(first)
        self.call = server.bridge(channel).EventStream(iter(self.said.get, None), metadata=metadata)
        # Headers come once the first message was understood: from here on the agent is subscribed.
        self.call.initial_metadata()

    def listen(self):
        """Starts to read."""
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self):
        try:
            for message in self.call:
                self.heard.put(message)
        except grpc.RpcError:
            pass
        self.heard.put(None)

    def hear(self):
        """The next message, or None at the end of the stream."""
        return self.heard.get(timeout=DEADLINE)

    def say(self, **message):
        """Sends one ClientEvent."""
        self.said.put(self.pb.ClientEvent(**message))

    def publish(self, topic, **event):
        """Publishes an event; there is no acknowledgement."""
        from loom.v1 import event_pb2

        self.say(publish=self.pb.Publish(topic=topic, event=event_pb2.Event(**event)))

    def ping(self):
        """Pings and waits for the pong; everything said before has been understood then."""
        self.say(ping=self.pb.HeartbeatRequest(timestamp_ms=1))
        pong = self.hear()
        assert pong.WhichOneof("msg") == "pong", pong
        return pong.pong

    def ping_through(self):
        """Pings and passes over deliveries until the pong; everything said before has been understood then."""
        self.say(ping=self.pb.HeartbeatRequest(timestamp_ms=1))
        while self.hear().WhichOneof("msg") != "pong":
            pass

    def hear_deliveries(self, count):
        """The next messages, which must be deliveries, as (topic, event id)."""
        heard = [self.hear() for _ in range(count)]
        assert all(message.WhichOneof("msg") == "delivery" for message in heard), heard
        return [(message.delivery.topic, message.delivery.event.id) for message in heard]

    def half_close(self):
        """Says that nothing more will be said."""
        self.said.put(None)

    def end(self):
        """Skips to the end of the stream and answers its status code and text."""
        while self.hear() is not None:
            pass
        return self.call.code(), self.call.details()


def register(server, agent_id, topics=(), tools=()):
    """Registers an agent with tools by name and answers what the server says."""
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
