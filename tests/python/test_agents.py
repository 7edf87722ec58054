"""Agents over plain gRPC, as the SDK uses it; and the service `AgentRuntime`."""

import json
import threading

import grpc
import pytest

from agent import Agent, join, register
from server import DEADLINE


def serve(agent, execute):
    """Handles tool calls and requests until the stream ends, one after another as the SDK does."""

    def loop():
        while (message := agent.receive()) is not None:
            if message.WhichOneof("msg") == "tool_call":
                call = message.tool_call
                agent.send(tool_result={"id": call.id, "output": execute(json.loads(call.arguments))})
            elif message.WhichOneof("msg") == "delivery":
                event = message.delivery.event
                # The runtime adds no `reply_to`, so the SDK falls back to the sender's reply topic.
                topic = event.metadata.get("loom.reply_to") or f"agent.{event.metadata['loom.sender']}.replies"
                agent.publish(
                    topic,
                    id=f"re-{event.id}",
                    metadata={"loom.sender": "service", "loom.correlation_id": event.id},
                    payload=event.payload.upper(),
                )

    threading.Thread(target=loop, daemon=True).start()


def test_agents_exchange_events_requests_and_tool_calls(server):
    from loom.v1 import action_pb2

    # Registered as by the SDK: with the agent's own reply topic.
    service = join(server, "service", ["ask.*", "agent.service.replies"], ["shout"])
    serve(service, lambda arguments: json.dumps(arguments["text"].upper()))
    client = join(server, "client", ["news.*", "agent.client.replies"])

    # Publish and subscribe.
    news = join(server, "news")
    news.publish("news.local.weather", id="n1", payload=b"rain")
    delivery = client.receive().delivery
    assert (delivery.topic, delivery.event.id, delivery.event.payload) == ("news.*", "n1", b"rain")

    # Request and reply: metadata passes unchanged in both directions.
    metadata = {"loom.sender": "client", "loom.thread_id": "t1", "trace": "x"}
    client.publish("ask.anything", id="q1", metadata=metadata, payload=b"hello")
    reply = client.receive().delivery
    assert (reply.topic, reply.event.payload) == ("agent.client.replies", b"HELLO")
    assert dict(reply.event.metadata) == {"loom.sender": "service", "loom.correlation_id": "q1"}

    # A call of another agent's tool.
    call = action_pb2.ToolCall(id="c1", name="shout", arguments='{"text": "hey"}', headers={"x-agent-id": "client"})
    result = server.bridge().ForwardToolCall(call, timeout=DEADLINE)
    assert (result.id, result.status, json.loads(result.output)) == ("c1", action_pb2.TOOL_OK, "HEY")
    assert client.ping().status == "ok"


@pytest.fixture
def agents(server):
    """Returns a stub of `AgentRuntime`."""
    from loom.v1 import agent_pb2_grpc

    return agent_pb2_grpc.AgentRuntimeStub(server.channel)


def create(agents, agent_id, **config):
    """Creates an agent."""
    from loom.v1 import agent_pb2

    return agents.CreateAgent(agent_pb2.AgentConfig(agent_id=agent_id, **config), timeout=DEADLINE)


def delete(agents, agent_id):
    """Deletes an agent."""
    from loom.v1 import agent_pb2

    return agents.DeleteAgent(agent_pb2.DeleteAgentRequest(agent_id=agent_id), timeout=DEADLINE).success


def state(agents, agent_id):
    """Returns the state that is kept for an agent."""
    from loom.v1 import agent_pb2

    return agents.GetAgentState(agent_pb2.GetAgentStateRequest(agent_id=agent_id), timeout=DEADLINE)


def send(agents, agent_id, **event):
    """Sends an event to one agent."""
    from loom.v1 import agent_pb2, event_pb2

    request = agent_pb2.SendEventRequest(agent_id=agent_id, event=event_pb2.Event(**event))
    return agents.SendEvent(request, timeout=DEADLINE)


def status_of(call, *arguments, **more):
    """Returns the status code with which a call fails."""
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **more)
    return error.value.code()


def test_a_created_agent_is_known_until_it_is_deleted(server, agents):
    without_id = create(agents, "")
    assert (without_id.success, without_id.error_message) == (False, "agent_id cannot be empty")
    assert create(agents, "a", subscribed_topics=["t"], agent_type="clerk", capabilities=["filing"]).success
    again = create(agents, "a")
    assert (again.success, again.error_message) == (False, "agent a already exists")

    speaker = join(server, "speaker")
    speaker.publish("t", id="1")
    speaker.ping()
    agent = Agent(server, "a").listen()
    assert agent.receive_deliveries(1) == [("t", "1")], "it was queued"
    agent.half_close()
    assert agent.end()[0] == grpc.StatusCode.OK
    speaker.publish("t", id="2")
    speaker.ping()
    agent = Agent(server, "a").listen()
    assert agent.receive_deliveries(1) == [("t", "2")], "an agent that leaves is not deleted"

    assert delete(agents, "a")
    assert agent.end()[0] == grpc.StatusCode.OK, "it must not reconnect"
    assert not delete(agents, "a")
    unknown = Agent(server, "a").listen()
    speaker.publish("t", id="3")
    speaker.ping()
    assert unknown.ping().status == "ok"


def test_a_registered_agent_that_is_created_keeps_what_it_registered(server, agents):
    agent = join(server, "a", ["old"], ["tool"])
    assert create(agents, "a", subscribed_topics=["old", "new"]).success
    agent.half_close()
    assert agent.end()[0] == grpc.StatusCode.OK
    speaker = join(server, "speaker")
    speaker.publish("old", id="1")
    speaker.publish("new", id="2")
    speaker.ping()
    assert Agent(server, "a").listen().receive_deliveries(2) == [("old", "1"), ("new", "2")]


def test_state_is_kept_per_agent(server, agents):
    from loom.v1 import agent_pb2

    new = agent_pb2.AgentState(
        agent_id="a", persistent_state=b"\0p", ephemeral_context=b"e", last_update_ms=5, metadata={"k": "v"}
    )
    assert status_of(state, agents, "a") == grpc.StatusCode.NOT_FOUND
    assert not agents.UpdateAgentState(new, timeout=DEADLINE).success
    assert create(agents, "a").success
    assert state(agents, "a") == agent_pb2.AgentState(agent_id="a")
    assert agents.UpdateAgentState(new, timeout=DEADLINE).success
    kept = state(agents, "a")
    assert kept.last_update_ms > 1_600_000_000_000, "by the server's clock"
    new.last_update_ms = kept.last_update_ms
    assert kept == new
    assert register(server, "a", ["t"]).success
    assert state(agents, "a") == new, "a registration does not change it"
    assert register(server, "b").success
    assert state(agents, "b") == agent_pb2.AgentState(agent_id="b")
    assert delete(agents, "a") and status_of(state, agents, "a") == grpc.StatusCode.NOT_FOUND


def test_an_event_is_sent_to_one_agent(server, agents):
    from loom.v1 import agent_pb2

    assert status_of(send, agents, "a", id="1") == grpc.StatusCode.NOT_FOUND
    assert register(server, "a").success
    assert status_of(send, agents, "a", id="1") == grpc.StatusCode.UNAVAILABLE
    empty = agent_pb2.SendEventRequest(agent_id="a")
    assert status_of(agents.SendEvent, empty, timeout=DEADLINE) == grpc.StatusCode.INVALID_ARGUMENT
    agent = Agent(server, "a").listen()
    other = join(server, "other", ["agent.a.events"])
    response = send(agents, "a", id="2", metadata={"x": "y"}, payload=b"p")
    assert (response.agent_id, response.updated_state.agent_id) == ("a", "a")
    assert not response.actions and not response.generated_events
    delivery = agent.receive().delivery
    assert (delivery.topic, delivery.event.id, delivery.event.payload) == ("agent.a.events", "2", b"p")
    assert dict(delivery.event.metadata) == {"x": "y"}
    assert other.ping().status == "ok", "no other agent gets it, whatever it is subscribed to"

    assert create(agents, "away").success
    assert send(agents, "away", id="3").agent_id == "away"
    assert Agent(server, "away").listen().receive_deliveries(1) == [("agent.away.events", "3")]


def test_a_reply_is_awaited_if_the_event_asks_for_it(server, agents):
    service = join(server, "service", [])
    thread = threading.Thread(target=reply_to_one, args=(service,), daemon=True)
    thread.start()
    wait = {"reply_timeout_ms": str(DEADLINE * 1000), "loom.sender": "me"}
    response = send(agents, "service", id="q", metadata=wait)
    thread.join(DEADLINE)
    assert [event.id for event in response.generated_events] == ["r"]
    assert service.ping().status == "ok"
    late = send(agents, "service", id="q2", metadata={"reply_timeout_ms": "20"})
    assert not late.generated_events
    for metadata in [{"reply_timeout_ms": "soon"}, {"reply_timeout_ms": "-1"}]:
        assert status_of(send, agents, "service", id="q", metadata=metadata) == grpc.StatusCode.INVALID_ARGUMENT
    assert status_of(send, agents, "service", metadata=wait) == grpc.StatusCode.INVALID_ARGUMENT, "it needs an id"


def reply_to_one(agent):
    """Publishes an unrelated event, then a reply to the next received event."""
    event = agent.receive().delivery.event
    agent.publish("other", id="other", metadata={"loom.correlation_id": "something else"})
    agent.publish("agent.me.replies", id="r", metadata={"loom.correlation_id": event.id})
