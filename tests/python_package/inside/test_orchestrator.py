"""A runtime and the agents of a project."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loom.errors import ConfigurationError
from loom.runtime.orchestrator import Orchestrator, OrchestratorConfig, run_orchestrator

from network import accepts_connections, wait_until

# Connects to the runtime, reports its address, and runs until it is stopped.
AGENT = """
import os, socket, time
host, _, port = os.environ["LOOM_BRIDGE_ADDR"].rpartition(":")
socket.create_connection((host, int(port)), 5).close()
print("connected", os.environ["LOOM_BRIDGE_ADDR"], os.getcwd(), flush=True)
time.sleep(1000)
"""


def test_defaults():
    config = OrchestratorConfig(project_dir=Path.cwd())
    assert (config.runtime_mode, config.runtime_version, config.dashboard_port) == ("full", "latest", 3030)
    assert (config.startup_wait_sec, config.agent_scripts, config.bridge_port) == (2.0, [], None)
    orchestrator = Orchestrator(config)
    assert orchestrator.config == config
    assert orchestrator.project_config.bridge.address == "127.0.0.1:50051"
    assert (orchestrator.runtime_proc, orchestrator.agent_procs) == (None, [])
    assert not orchestrator._shutdown_requested


def test_agents_receive_the_actual_address(project, tmp_path):
    (project / "agent.py").write_text(AGENT)
    logs = tmp_path / "logs"
    config = OrchestratorConfig(
        project_dir=project, logs_dir=logs, bridge_port=0, dashboard_port=0, agent_scripts=[Path("agent.py")]
    )

    async def run_project():
        orchestrator = Orchestrator(config)
        try:
            runtime = await orchestrator.start_runtime()
            agents = await orchestrator.start_agents()
            wait_until("the agent connects", lambda: "connected" in (logs / "agent.log").read_text())
            assert [agent.status for agent in agents] == ["running"]
        finally:
            await orchestrator.shutdown()
        return runtime.proc, agents

    runtime, agents = asyncio.run(run_project())
    assert (logs / "agent.log").read_text().split() == ["connected", runtime.address, str(project)]
    assert not runtime.address.endswith((":0", ":50051"))
    assert not accepts_connections(runtime.address)
    assert "listening" in (logs / "loom-runtime.log").read_text()
    assert (runtime.poll(), agents[0].proc.poll()) == (0, -signal.SIGTERM)


def test_environment_and_file_decide_omitted_settings(project, monkeypatch):
    # An untrusted project cannot go back to a version that is older than the newest one here.
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:0"\nversion = "0.1.0"\nmode = "bridge-only"\n')

    async def versions():
        orchestrator = Orchestrator(OrchestratorConfig(project_dir=project, show_logs=False))
        runtime = (await orchestrator.start_runtime()).proc
        await orchestrator.shutdown()
        return runtime.version, runtime.dashboard_url

    assert asyncio.run(versions()) == ("0.1.0", None)
    monkeypatch.setenv("LOOM_VERSION", "0.2.0")
    assert asyncio.run(versions()) == ("0.2.0", None)


def test_the_exit_of_the_runtime_stops_the_agents(project, tmp_path, capfd):
    (project / "agent.py").write_text(AGENT)
    log = tmp_path / "logs" / "agent.log"
    config = OrchestratorConfig(
        project_dir=project, logs_dir=log.parent, bridge_port=0, dashboard_port=0, agent_scripts=[Path("agent.py")]
    )

    async def run_project():
        orchestrator = Orchestrator(config)
        running = asyncio.create_task(orchestrator.run())
        while not (log.exists() and log.read_text()):
            await asyncio.sleep(0.01)
        os.kill(orchestrator.runtime_proc.pid, signal.SIGKILL)
        await asyncio.wait_for(running, 30)
        return orchestrator

    orchestrator = asyncio.run(run_project())
    assert orchestrator.runtime_proc.status == "error"
    assert orchestrator.agent_procs[0].proc.returncode == -signal.SIGTERM
    assert "loom: loom-runtime exited with code 137" in capfd.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_processes(project, number):
    (project / "agent.py").write_text(AGENT)
    code = (
        "import asyncio; from pathlib import Path; from loom.runtime import OrchestratorConfig, run_orchestrator\n"
        "config = OrchestratorConfig(Path('.'), bridge_port=0, dashboard_port=0, agent_scripts=[Path('agent.py')])\n"
        "asyncio.run(run_orchestrator(config))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    word, address, _ = process.stdout.readline().split()
    assert word == "connected"
    assert accepts_connections(address)
    process.send_signal(number)
    assert process.wait(30) == 0
    process.stdout.close()
    assert not accepts_connections(address)


def test_an_invalid_project_is_an_error(project):
    (project / "loom.toml").write_text("[bridge]\nadress = 1\n")
    with pytest.raises(ConfigurationError):
        asyncio.run(run_orchestrator(OrchestratorConfig(project_dir=project)))
