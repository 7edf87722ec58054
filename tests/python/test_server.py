"""The server: health, reflection, token, arguments, stopping."""

import contextlib
import ipaddress
import os
import queue
import signal
import subprocess
import threading
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from agent import Agent, join, register
from server import DEADLINE


def run(arguments=(), **environment):
    """Runs the server until it ends."""
    binary = os.environ["LOOM_TEST_SERVER"]
    return subprocess.run([binary, *arguments], env=environment, capture_output=True, text=True, timeout=DEADLINE)


def test_health_is_reported_for_the_server_and_each_service(server):
    stub = health_pb2_grpc.HealthStub(server.channel)
    for service in ["", "loom.v1.Bridge", "loom.v1.EventBus", "loom.v1.ToolService", "loom.v1.AgentRuntime"]:
        response = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=DEADLINE)
        assert response.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as error:
        stub.Check(health_pb2.HealthCheckRequest(service="nope"), timeout=DEADLINE)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_health_watches_end_when_the_server_stops(server):
    watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest(service="loom.v1.Bridge"))
    statuses = queue.Queue()

    def listen():
        for response in watch:
            statuses.put(response.status)
        statuses.put("end")

    threading.Thread(target=listen, daemon=True).start()
    assert statuses.get(timeout=DEADLINE) == health_pb2.HealthCheckResponse.SERVING
    assert server.stop() == 0
    assert statuses.get(timeout=DEADLINE) == health_pb2.HealthCheckResponse.NOT_SERVING
    assert statuses.get(timeout=DEADLINE) == "end"


def test_reflection_lists_the_services(server):
    database = ProtoReflectionDescriptorDatabase(server.channel)
    assert set(database.get_services()) == {
        "loom.v1.Bridge",
        "loom.v1.EventBus",
        "loom.v1.ToolService",
        "loom.v1.AgentRuntime",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    pool = DescriptorPool(database)
    bridge = pool.FindServiceByName("loom.v1.Bridge")
    assert [method.name for method in bridge.methods] == [
        "RegisterAgent",
        "EventStream",
        "ForwardToolCall",
        "Heartbeat",
    ]
    assert pool.FindMessageTypeByName("loom.v1.Event").fields_by_name["metadata"].number == 5
    v1 = server.channel.unary_unary("/grpc.reflection.v1.ServerReflection/Nope")
    with pytest.raises(grpc.RpcError) as error:
        v1(b"", timeout=DEADLINE)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_heartbeat_returns_its_timestamp(server):
    from loom.v1 import bridge_pb2

    response = server.bridge().Heartbeat(bridge_pb2.HeartbeatRequest(timestamp_ms=-42), timeout=DEADLINE)
    assert (response.timestamp_ms, response.status) == (-42, "ok")


def listening(pid):
    """Returns the addresses on which a process listens for TCP or receives UDP, from /proc."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            inodes.add(os.readlink(link))
    found = []
    for table in ["tcp", "tcp6", "udp", "udp6"]:
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in inodes and (fields[3] == "0A" or table.startswith("udp")):
                host = bytes.fromhex(fields[1].split(":")[0])
                words = [host[n : n + 4][::-1] for n in range(0, len(host), 4)]
                found.append(ipaddress.ip_address(b"".join(words)))
    return found


@pytest.mark.parametrize("dashboard", ["off", "on"])
def test_a_default_start_listens_on_loopback_only(start, dashboard):
    # Only the ports differ from the defaults, since tests run concurrently.
    server = start(LOOM_DASHBOARD=dashboard, LOOM_DASHBOARD_PORT="0")
    addresses = listening(server.process.pid)
    assert len(addresses) == (2 if dashboard == "on" else 1)
    assert all(address.is_loopback for address in addresses), addresses


def test_the_default_address_is_loopback():
    text = run(["--help"]).stdout
    assert "[127.0.0.1:50051]" in text and "host of the dashboard [127.0.0.1]" in text


def test_the_scan_finds_an_exposed_listener(start):
    server = start(LOOM_BRIDGE_ADDR="0.0.0.0:0", LOOM_BRIDGE_INSECURE="1")
    assert not any(address.is_loopback for address in listening(server.process.pid))


def test_a_configured_token_is_required(start):
    from loom.v1 import action_pb2, action_pb2_grpc, agent_pb2, agent_pb2_grpc, bridge_pb2, event_pb2, event_pb2_grpc

    server = start(LOOM_BRIDGE_TOKEN="s3cret", LOOM_BRIDGE_ADDR="0.0.0.0:0")
    request = bridge_pb2.HeartbeatRequest()
    for metadata in [(), [("authorization", "Bearer wrong")]]:
        with pytest.raises(grpc.RpcError) as error:
            server.bridge().Heartbeat(request, metadata=metadata, timeout=DEADLINE)
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.RpcError) as error:
            list(server.bridge().EventStream(iter([]), metadata=metadata, timeout=DEADLINE))
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    calls = [
        event_pb2_grpc.EventBusStub(server.channel).GetStats,
        action_pb2_grpc.ToolServiceStub(server.channel).ListTools,
        agent_pb2_grpc.AgentRuntimeStub(server.channel).DeleteAgent,
    ]
    messages = [event_pb2.StatsRequest(), action_pb2.ListToolsRequest(), agent_pb2.DeleteAgentRequest()]
    for call, message in zip(calls, messages):
        with pytest.raises(grpc.RpcError) as error:
            call(message, timeout=DEADLINE)
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    metadata = [("authorization", "Bearer s3cret")]
    assert server.bridge().Heartbeat(request, metadata=metadata, timeout=DEADLINE).status == "ok"
    assert Agent(server, "a", metadata=metadata).listen().ping().status == "ok"
    stub = health_pb2_grpc.HealthStub(server.channel)
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=DEADLINE).status == 1, "health requires no token"


def test_stopping_is_quick_and_clean_with_streams_open(server):
    agents = [join(server, f"agent-{n}", ["t"]) for n in range(20)]
    reflection = ProtoReflectionDescriptorDatabase(server.channel)
    reflection.get_services()
    server.process.send_signal(signal.SIGINT)
    for agent in agents:
        assert agent.end()[0] == grpc.StatusCode.UNAVAILABLE
    assert server.process.wait(DEADLINE) == 0


def test_a_stream_without_a_first_message_does_not_delay_the_stop(server):
    outbound = queue.Queue()
    call = server.bridge().EventStream(iter(outbound.get, None))
    assert register(server, "a").success, "the connection is open"
    assert server.stop() == 0
    with pytest.raises(grpc.RpcError):
        next(call)
    assert call.code() == grpc.StatusCode.UNAVAILABLE
    outbound.put(None)


def test_version_and_help_are_printed_and_unknown_arguments_refused():
    assert run(["--version"]).stdout.split()[0] == "loom-bridge-server"
    assert "LOOM_BRIDGE_ADDR" in run(["--help"]).stdout
    unknown = run(["serve"])
    assert unknown.returncode == 2 and "serve" in unknown.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"LOOM_BRIDGE_ADDR": "nonsense"},
        {"LOOM_BRIDGE_ADDR": "0.0.0.0:0"},
        {"LOOM_DASHBOARD": "perhaps"},
        {"LOOM_DASHBOARD_PORT": "70000"},
        {"LOOM_MAX_MESSAGE_BYTES": "0"},
        {"RUST_LOG": "loom=louder"},
    ],
)
def test_an_invalid_variable_is_named(environment):
    ended = run(**environment)
    assert ended.returncode == 2
    assert next(iter(environment)) in ended.stderr


def test_a_port_in_use_is_named(server):
    ended = run(LOOM_BRIDGE_ADDR=server.address)
    assert ended.returncode == 9
    assert server.address in ended.stderr
