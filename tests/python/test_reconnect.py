"""Agents reconnect when a server stops and another one starts at the same address."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from agent import Agent, join, register
from server import DEADLINE


def wait_serving(channel):
    """Waits until the server reports that it serves."""
    request = health_pb2.HealthCheckRequest(service="loom.v1.Bridge")
    response = health_pb2_grpc.HealthStub(channel).Check(request, timeout=DEADLINE, wait_for_ready=True)
    assert response.status == health_pb2.HealthCheckResponse.SERVING


def test_agents_reconnect_at_the_first_attempt_after_a_stop(start):
    server = start()
    channels = {f"agent-{n}": server.connect() for n in range(10)}
    agents = {}
    for agent, channel in channels.items():
        assert register(server, agent, ["t", f"agent.{agent}.replies"], [f"tool-{agent}"]).success
        agents[agent] = Agent(server, agent, channel=channel).listen()
    agents["agent-0"].publish("t", id="1")
    for agent in agents.values():
        assert agent.receive_deliveries(1) == [("t", "1")]

    assert server.stop() == 0
    for agent in agents.values():
        # The SDK reconnects after errors only.
        assert agent.end() == (grpc.StatusCode.UNAVAILABLE, "the runtime is stopping")

    again = start(LOOM_BRIDGE_ADDR=server.address)
    for agent, channel in channels.items():
        wait_serving(channel)
        # One attempt per agent, on its old channel.
        again.channel = channel
        assert register(again, agent, ["t", f"agent.{agent}.replies"], [f"tool-{agent}"]).success
        agents[agent] = Agent(again, agent, channel=channel).listen()
    agents["agent-0"].publish("t", id="2")
    for agent in agents.values():
        assert agent.receive_deliveries(1) == [("t", "2")]
        assert agent.ping().status == "ok"


def test_agents_reconnect_after_a_kill(start):
    server = start()
    channel = server.connect()
    assert register(server, "agent", ["t"]).success
    agent = Agent(server, "agent", channel=channel).listen()
    server.process.kill()
    assert agent.end()[0] == grpc.StatusCode.UNAVAILABLE
    server.process.wait(DEADLINE)
    again = start(LOOM_BRIDGE_ADDR=server.address)
    wait_serving(channel)
    again.channel = channel
    assert register(again, "agent", ["t"]).success
    agent = Agent(again, "agent", channel=channel).listen()
    agent.publish("t", id="1")
    assert agent.receive_deliveries(1) == [("t", "1")]


def test_events_published_before_the_stop_are_delivered(server):
    listener = join(server, "listener", ["t"])
    publisher = join(server, "publisher")
    for n in range(500):
        publisher.publish("t", id=str(n), payload=bytes(1024))
    publisher.ping()
    assert server.stop() == 0
    assert listener.receive_deliveries(500) == [("t", str(n)) for n in range(500)]
    assert listener.end()[0] == grpc.StatusCode.UNAVAILABLE
