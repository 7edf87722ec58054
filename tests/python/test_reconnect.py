"""A server stops, another one starts at the same address, and agents come back."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from agent import Agent, join, register
from server import DEADLINE


def wait_serving(channel):
    """Waits until health answers."""
    ask = health_pb2.HealthCheckRequest(service="loom.v1.Bridge")
    answer = health_pb2_grpc.HealthStub(channel).Check(ask, timeout=DEADLINE, wait_for_ready=True)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_agents_are_drained_and_come_back_at_the_first_attempt(start):
    server = start()
    channels = {f"agent-{n}": server.connect() for n in range(10)}
    agents = {}
    for agent, channel in channels.items():
        assert register(server, agent, ["t", f"agent.{agent}.replies"], [f"tool-{agent}"]).success
        agents[agent] = Agent(server, agent, channel=channel).listen()
    agents["agent-0"].publish("t", id="1")
    for agent in agents.values():
        assert agent.hear_deliveries(1) == [("t", "1")]

    assert server.stop() == 0
    for agent in agents.values():
        # The SDK comes back after errors only.
        assert agent.end() == (grpc.StatusCode.UNAVAILABLE, "the runtime is stopping")

    again = start(LOOM_BRIDGE_ADDR=server.address)
    for agent, channel in channels.items():
        wait_serving(channel)
        # One attempt each, on the channel that it had.
        again.channel = channel
        assert register(again, agent, ["t", f"agent.{agent}.replies"], [f"tool-{agent}"]).success
        agents[agent] = Agent(again, agent, channel=channel).listen()
    agents["agent-0"].publish("t", id="2")
    for agent in agents.values():
        assert agent.hear_deliveries(1) == [("t", "2")]
        assert agent.ping().status == "ok"


def test_a_killed_server_is_followed_by_another(start):
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
    assert agent.hear_deliveries(1) == [("t", "1")]


def test_what_was_said_before_the_stop_is_still_heard(server):
    listener = join(server, "listener", ["t"])
    speaker = join(server, "speaker")
    for n in range(500):
        speaker.publish("t", id=str(n), payload=bytes(1024))
    speaker.ping()
    assert server.stop() == 0
    assert listener.hear_deliveries(500) == [("t", str(n)) for n in range(500)]
    assert listener.end()[0] == grpc.StatusCode.UNAVAILABLE
