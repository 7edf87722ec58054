"""What an agent does all day, by a script over plain gRPC; and the service `AgentRuntime`."""

import json
import threading

import grpc
import pytest

from agent import Agent, join, register
from server import DEADLINE


def serve(agent, carry_out):
    """Answers tool calls and requests of an agent until its stream ends, as the SDK does: one after another."""

    def loop():
        while (message := agent.hear()) is not None:
            if message.WhichOneof("msg") == "tool_call":
                call = message.tool_call
                agent.say(tool_result={"id": call.id, "output": carry_out(json.loads(call.arguments))})
            elif message.WhichOneof("msg") == "delivery":
                asked = message.delivery.event
                # No `reply_to` was injected, so the SDK falls back to the sender's reply topic.
                topic = asked.metadata.get("loom.reply_to") or f"agent.{asked.metadata['loom.sender']}.replies"
                agent.publish(
                    topic,
                    id=f"re-{asked.id}",
                    metadata={"loom.sender": "service", "loom.correlation_id": asked.id},
                    payload=asked.payload.upper(),
                )

    threading.Thread(target=loop, daemon=True).start()


def test_an_agents_day(server):
    from loom.v1 import action_pb2

    # Registers, as the SDK does: with its own reply topic.
    service = join(server, "service", ["ask.*", "agent.service.replies"], ["shout"])
    serve(service, lambda arguments: json.dumps(arguments["text"].upper()))
    client = join(server, "client", ["news.*", "agent.client.replies"])

    # Publish and subscribe.
    news = join(server, "news")
    news.publish("news.local.weather", id="n1", payload=b"rain")
    heard = client.hear().delivery
    assert (heard.topic, heard.event.id, heard.event.payload) == ("news.*", "n1", b"rain")

    # Request and reply: metadata passes untouched in both directions.
    metadata = {"loom.sender": "client", "loom.thread_id": "t1", "trace": "x"}
    client.publish("ask.anything", id="q1", metadata=metadata, payload=b"hello")
    reply = client.hear().delivery
    assert (reply.topic, reply.event.payload) == ("agent.client.replies", b"HELLO")
    assert dict(reply.event.metadata) == {"loom.sender": "service", "loom.correlation_id": "q1"}

    # A tool of another agent.
    call = action_pb2.ToolCall(id="c1", name="shout", arguments='{"text": "hey"}', headers={"x-agent-id": "client"})
    result = server.bridge().ForwardToolCall(call, timeout=DEADLINE)
    assert (result.id, result.status, json.loads(result.output)) == ("c1", action_pb2.TOOL_OK, "HEY")
    assert client.ping().status == "ok"


@pytest.fixture
def agents(server):
    """A stub of `AgentRuntime`."""
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
    """What is kept for an agent."""
    from loom.v1 import agent_pb2

    return agents.GetAgentState(agent_pb2.GetAgentStateRequest(agent_id=agent_id), timeout=DEADLINE)


def send(agents, agent_id, **event):
    """Gives an event to one agent."""
    from loom.v1 import agent_pb2, event_pb2

    request = agent_pb2.SendEventRequest(agent_id=agent_id, event=event_pb2.Event(**event))
    return agents.SendEvent(request, timeout=DEADLINE)


def refused(call, *arguments, **more):
    """The code by which a call is refused."""
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **more)
    return error.value.code()


def test_a_created_agent_lives_until_it_is_deleted(server, agents):
    nameless = create(agents, "")
    assert (nameless.success, nameless.error_message) == (False, "agent_id cannot be empty")
    assert create(agents, "a", subscribed_topics=["t"], agent_type="clerk", capabilities=["filing"]).success
    again = create(agents, "a")
    assert (again.success, again.error_message) == (False, "agent a already exists")

    speaker = join(server, "speaker")
    speaker.publish("t", id="1")
    speaker.ping()
    agent = Agent(server, "a").listen()
    assert agent.hear_deliveries(1) == [("t", "1")], "it waited"
    agent.half_close()
    assert agent.end()[0] == grpc.StatusCode.OK
    speaker.publish("t", id="2")
    speaker.ping()
    agent = Agent(server, "a").listen()
    assert agent.hear_deliveries(1) == [("t", "2")], "leaving is not deleting"

    assert delete(agents, "a")
    assert agent.end()[0] == grpc.StatusCode.OK, "it must not come back"
    assert not delete(agents, "a")
    stranger = Agent(server, "a").listen()
    speaker.publish("t", id="3")
    speaker.ping()
    assert stranger.ping().status == "ok"


def test_a_registered_agent_that_is_created_keeps_what_it_registered(server, agents):
    agent = join(server, "a", ["old"], ["tool"])
    assert create(agents, "a", subscribed_topics=["old", "new"]).success
    agent.half_close()
    assert agent.end()[0] == grpc.StatusCode.OK
    speaker = join(server, "speaker")
    speaker.publish("old", id="1")
    speaker.publish("new", id="2")
    speaker.ping()
    assert Agent(server, "a").listen().hear_deliveries(2) == [("old", "1"), ("new", "2")]


def test_state_is_kept_per_agent(server, agents):
    from loom.v1 import agent_pb2

    new = agent_pb2.AgentState(
        agent_id="a", persistent_state=b"\0p", ephemeral_context=b"e", last_update_ms=5, metadata={"k": "v"}
    )
    assert refused(state, agents, "a") == grpc.StatusCode.NOT_FOUND
    assert not agents.UpdateAgentState(new, timeout=DEADLINE).success
    assert create(agents, "a").success
    assert state(agents, "a") == agent_pb2.AgentState(agent_id="a")
    assert agents.UpdateAgentState(new, timeout=DEADLINE).success
    kept = state(agents, "a")
    assert kept.last_update_ms > 1_600_000_000_000, "by the server's clock"
    new.last_update_ms = kept.last_update_ms
    assert kept == new
    assert register(server, "a", ["t"]).success
    assert state(agents, "a") == new, "registering does not touch it"
    assert register(server, "b").success
    assert state(agents, "b") == agent_pb2.AgentState(agent_id="b")
    assert delete(agents, "a") and refused(state, agents, "a") == grpc.StatusCode.NOT_FOUND


def test_an_event_is_given_to_one_agent(server, agents):
    from loom.v1 import agent_pb2

    assert refused(send, agents, "a", id="1") == grpc.StatusCode.NOT_FOUND
    assert register(server, "a").success
    assert refused(send, agents, "a", id="1") == grpc.StatusCode.UNAVAILABLE
    empty = agent_pb2.SendEventRequest(agent_id="a")
    assert refused(agents.SendEvent, empty, timeout=DEADLINE) == grpc.StatusCode.INVALID_ARGUMENT
    agent = Agent(server, "a").listen()
    other = join(server, "other", ["agent.a.events"])
    answer = send(agents, "a", id="2", metadata={"x": "y"}, payload=b"p")
    assert (answer.agent_id, answer.updated_state.agent_id) == ("a", "a")
    assert not answer.actions and not answer.generated_events
    heard = agent.hear().delivery
    assert (heard.topic, heard.event.id, heard.event.payload) == ("agent.a.events", "2", b"p")
    assert dict(heard.event.metadata) == {"x": "y"}
    assert other.ping().status == "ok", "nobody else hears it, whatever they subscribe to"

    assert create(agents, "away").success
    assert send(agents, "away", id="3").agent_id == "away"
    assert Agent(server, "away").listen().hear_deliveries(1) == [("agent.away.events", "3")]


def test_a_reply_is_waited_for_when_the_event_says_so(server, agents):
    service = join(server, "service", [])
    thread = threading.Thread(target=answer_one, args=(service,), daemon=True)
    thread.start()
    wait = {"reply_timeout_ms": str(DEADLINE * 1000), "loom.sender": "me"}
    answer = send(agents, "service", id="q", metadata=wait)
    thread.join(DEADLINE)
    assert [event.id for event in answer.generated_events] == ["r"]
    assert service.ping().status == "ok"
    late = send(agents, "service", id="q2", metadata={"reply_timeout_ms": "20"})
    assert not late.generated_events
    for metadata in [{"reply_timeout_ms": "soon"}, {"reply_timeout_ms": "-1"}]:
        assert refused(send, agents, "service", id="q", metadata=metadata) == grpc.StatusCode.INVALID_ARGUMENT
    assert refused(send, agents, "service", metadata=wait) == grpc.StatusCode.INVALID_ARGUMENT, "it needs an id"


def answer_one(agent):
    """Publishes a reply to the next event, after something else."""
    asked = agent.hear().delivery.event
    agent.publish("other", id="other", metadata={"loom.correlation_id": "something else"})
    agent.publish("agent.me.replies", id="r", metadata={"loom.correlation_id": asked.id})
