"""How streams begin and end, and the effect on the agent's registration."""

import queue
import threading

import grpc

from agent import Agent, join, register
from relay import Relay
from server import DEADLINE


def stream_status(server, messages):
    """Returns the status of a stream on which these messages are sent."""
    call = server.bridge().EventStream(iter(messages), timeout=DEADLINE)
    try:
        list(call)
    except grpc.RpcError:
        pass
    return call.code(), call.details()


def tool_status(server, name):
    """Returns status and message of a call of a tool."""
    from loom.v1 import action_pb2

    call = action_pb2.ToolCall(id="c", name=name, arguments="{}", timeout_ms=5000)
    result = server.bridge().ForwardToolCall(call, timeout=DEADLINE)
    return action_pb2.ToolStatus.Name(result.status), result.error.message


def await_away(server, tool):
    """Waits until the server has noticed that the tool's agent is away; the agent must stay registered."""
    while True:
        status, message = tool_status(server, tool)
        assert status == "TOOL_ERROR", (status, message)
        if "not connected" in message:
            return


def test_the_first_message_must_be_an_ack(server):
    from loom.v1 import bridge_pb2 as pb

    wrong = (grpc.StatusCode.INVALID_ARGUMENT, "first stream message must be Ack carrying agent_id")
    assert stream_status(server, [pb.ClientEvent(ping=pb.HeartbeatRequest())]) == wrong
    assert stream_status(server, [pb.ClientEvent()]) == wrong
    assert stream_status(server, []) == (grpc.StatusCode.INVALID_ARGUMENT, "no first message")


def test_headers_come_only_after_the_first_message(server):
    from loom.v1 import bridge_pb2 as pb

    outbound = queue.Queue()
    headers = threading.Event()
    call = server.bridge().EventStream(iter(outbound.get, None), timeout=DEADLINE)

    def wait():
        call.initial_metadata()
        headers.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    for _ in range(5):
        # These calls use the same connection: when they return, the server has seen the stream.
        assert server.bridge().Heartbeat(pb.HeartbeatRequest(), timeout=DEADLINE).status == "ok"
    assert not headers.is_set()
    outbound.put(pb.ClientEvent(ack=pb.Ack(message_id="a")))
    assert headers.wait(DEADLINE)
    outbound.put(None)
    assert list(call) == [] and call.code() == grpc.StatusCode.OK
    waiting.join(DEADLINE)


def test_an_agent_id_is_required(server):
    response = register(server, "")
    assert (response.success, response.error_message) == (False, "agent_id cannot be empty")
    response = register(server, "a")
    assert (response.success, response.error_message) == (True, "")


def test_a_registration_applies_to_streams_that_open_later(server):
    agent = join(server, "agent", ["old"])
    assert register(server, "agent", ["new"]).success
    agent.publish("new", id="1")
    agent.publish("old", id="2")
    assert agent.receive_deliveries(1) == [("old", "2")]
    second = Agent(server, "agent").listen()
    agent.publish("old", id="3")
    agent.publish("new", id="4")
    assert second.receive_deliveries(1) == [("new", "4")]
    assert agent.receive_deliveries(1) == [("old", "3")]


def test_a_half_closed_stream_ends_with_ok_and_the_last_one_unregisters(server):
    first = join(server, "agent", ["t"], ["tool"])
    second = Agent(server, "agent").listen()
    first.publish("t", id="1")
    first.half_close()
    assert first.receive_deliveries(1) == [("t", "1")], "queued events are still delivered"
    assert first.end() == (grpc.StatusCode.OK, "")
    assert second.receive_deliveries(1) == [("t", "1")]
    second.publish("t", id="2")
    assert second.receive_deliveries(1) == [("t", "2")], "the other stream is not affected"

    second.half_close()
    assert second.end() == (grpc.StatusCode.OK, "")
    assert tool_status(server, "tool") == ("TOOL_NOT_FOUND", "Tool not found: tool")
    third = Agent(server, "agent").listen()
    third.publish("t", id="3")
    assert third.ping().status == "ok"
    third.half_close()
    assert third.receive() is None, "the agent is unknown now and gets no events"


def test_both_streams_of_an_agent_get_events(server):
    old = join(server, "agent", ["t"])
    new = Agent(server, "agent").listen()
    old.publish("t", id="1")
    assert old.receive_deliveries(1) == new.receive_deliveries(1) == [("t", "1")]
    old.call.cancel()
    assert old.end()[0] == grpc.StatusCode.CANCELLED
    new.publish("t", id="2")
    assert new.receive_deliveries(1) == [("t", "2")]


def test_a_broken_stream_keeps_the_registration(server):
    assert register(server, "agent", ["t"], ["tool"]).success
    with Relay(server.address) as relay:
        Agent(server, "agent", channel=server.connect(relay.address)).listen()
        relay.cut()
    await_away(server, "tool")
    back = Agent(server, "agent").listen()
    back.publish("t", id="1")
    assert back.receive_deliveries(1) == [("t", "1")], "the agent need not register again"


def test_a_cancelled_stream_ends_the_registration_after_its_last_message(server):
    listener = join(server, "listener", ["t"])
    agent = join(server, "agent", ["t"], ["tool"])
    agent.publish("t", id="last")
    assert listener.receive_deliveries(1) == [("t", "last")]
    agent.call.cancel()
    while tool_status(server, "tool")[0] != "TOOL_NOT_FOUND":
        pass
    again = Agent(server, "agent").listen()
    again.publish("t", id="1")
    assert again.ping().status == "ok", "the agent is unknown now and gets no events"


def test_a_delivery_names_the_published_topic(server):
    agent = join(server, "agent", ["p.*", "q"])
    agent.publish("p.x", id="1")
    agent.publish("q", id="2")
    deliveries = [agent.receive().delivery for _ in range(2)]
    assert [(each.topic, each.published_topic) for each in deliveries] == [("p.*", "p.x"), ("q", "q")]


def test_names_that_are_too_long_are_refused(server):
    from loom.v1 import action_pb2, event_pb2, event_pb2_grpc
    from loom.v1 import bridge_pb2 as pb

    long = "x" * (1 << 20)
    response = register(server, long)
    assert (response.success, response.error_message) == (False, "agent_id is 1048576 bytes long; at most 512 are allowed")
    assert not register(server, "agent", [long]).success and not register(server, "agent", [], [long]).success
    status, details = stream_status(server, [pb.ClientEvent(ack=pb.Ack(message_id=long))])
    assert status == grpc.StatusCode.INVALID_ARGUMENT and "agent_id" in details
    agent = join(server, "agent", ["t"])
    for topic, event in [(long, {}), ("t", {"id": long}), ("t", {"metadata": {long: ""}})]:
        agent.publish(topic, **event)
        assert agent.receive().err.code == "INVALID_EVENT"
    agent.publish("t", id="1")
    assert agent.receive_deliveries(1) == [("t", "1")], "the stream goes on"
    bus = event_pb2_grpc.EventBusStub(server.channel)
    response = bus.Publish(event_pb2.PublishRequest(topic=long, event=event_pb2.Event()), timeout=DEADLINE)
    assert not response.success and "the topic" in response.error_message
    result = server.bridge().ForwardToolCall(action_pb2.ToolCall(id="c", name=long, arguments="{}"), timeout=DEADLINE)
    assert (result.id, result.status) == ("c", action_pb2.TOOL_INVALID_ARGUMENTS)


def test_a_message_over_the_limit_ends_the_stream_with_unavailable(start):
    server = start(LOOM_MAX_MESSAGE_BYTES="65536")
    agent = join(server, "agent", ["t"])
    agent.publish("t", id="fits", payload=bytes(60_000))
    assert agent.receive_deliveries(1) == [("t", "fits")]
    agent.publish("t", payload=bytes(70_000))
    message = agent.receive()
    assert message.err.code == "MESSAGE_TOO_LARGE" and "65536" in message.err.message
    assert agent.end()[0] == grpc.StatusCode.UNAVAILABLE
    again = Agent(server, "agent").listen()
    again.publish("t", id="1")
    assert again.receive_deliveries(1) == [("t", "1")]


def test_the_default_limit_is_four_mebibytes(server):
    agent = join(server, "agent", ["t"])
    agent.publish("t", id="fits", payload=bytes(4 * 1024 * 1024 - 1024))
    assert agent.receive_deliveries(1) == [("t", "fits")]
    agent.publish("t", payload=bytes(4 * 1024 * 1024))
    assert agent.end()[0] == grpc.StatusCode.UNAVAILABLE


def test_agents_reconnect_to_a_restarted_server(start):
    server = start()
    agent = join(server, "agent", ["t"])
    assert server.stop() == 0
    code, details = agent.end()
    assert code == grpc.StatusCode.UNAVAILABLE and details == "the runtime is stopping"

    again = start(LOOM_BRIDGE_ADDR=server.address)
    assert again.address == server.address
    # The old channel reconnects; the new server knows no agent.
    unknown = Agent(server, "agent").listen()
    unknown.publish("t", id="not delivered")
    unknown.ping()
    assert register(server, "agent", ["t"]).success
    back = Agent(server, "agent").listen()
    back.publish("t", id="1")
    assert back.receive_deliveries(1) == [("t", "1")]
    unknown.half_close()
    assert unknown.receive() is None


def test_a_killed_server_ends_streams_with_unavailable(server):
    agent = join(server, "agent", ["t"])
    server.process.kill()
    assert agent.end()[0] == grpc.StatusCode.UNAVAILABLE
