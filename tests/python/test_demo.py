"""The example that shows the dashboard in use."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from dashboard import get_json
from server import DEADLINE

TOKEN = "token"
AGENTS = {"archivist", "executor", "forecaster", "market-data", "planner", "risk-desk"}


@pytest.fixture
def demo():
    """Starts the example; it is killed after the test."""
    processes = []

    def start_one(server, **environment):
        program = Path(os.environ["LOOM_TEST_SERVER"]).parent / "examples" / "dashboard_demo"
        variables = {"LOOM_BRIDGE_ADDR": server.address} | environment
        processes.append(subprocess.Popen([program], env=variables, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()
        process.wait(DEADLINE)
        process.stdout.close()


def await_agents(server):
    """Waits until all agents of the example are connected."""
    deadline = time.monotonic() + DEADLINE
    while {a["id"] for a in get_json(server, "/api/topology", TOKEN)["agents"] if a["connected"]} != AGENTS:
        assert time.monotonic() < deadline, get_json(server, "/api/topology", TOKEN)


def test_the_agents_publish_call_tools_and_reconnect(start, demo):
    on = dict(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_BRIDGE_TOKEN=TOKEN)
    server = start(**on)
    process = demo(server, LOOM_BRIDGE_TOKEN=TOKEN)
    assert process.stdout.readline().startswith("6 agents at ")
    await_agents(server)
    deadline = time.monotonic() + DEADLINE
    while sum(tool["calls"] for tool in get_json(server, "/api/tools", TOKEN)["tools"]) < 2:
        assert time.monotonic() < deadline, "no tool is called"
    prices = {"market.price.btc", "market.price.eth", "market.price.sol"}
    while not prices <= {flow["topic"] for flow in get_json(server, "/api/flow", TOKEN)["flows"]}:
        assert time.monotonic() < deadline, "prices are missing"
    calls = [s for s in get_json(server, "/api/spans/recent?limit=1000", TOKEN) if s["name"] == "tool.call"]
    names = {span["name"] for span in get_json(server, f"/api/traces/{calls[0]['trace_id']}", TOKEN)}
    assert {"event.publish", "tool.call"} <= names, "an event and the calls that it caused are one trace"
    address = server.address
    assert server.stop() == 0
    await_agents(start(**on | {"LOOM_BRIDGE_ADDR": address}))
