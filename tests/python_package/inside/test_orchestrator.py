"""A runtime and its agents."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loom.errors import ConfigurationError
from loom.runtime.orchestrator import Orchestrator, OrchestratorConfig, run_orchestrator

from test_embedded import answers, until

AGENT = """
import os, socket, time
host, _, port = os.environ["LOOM_BRIDGE_ADDR"].rpartition(":")
socket.create_connection((host, int(port)), 5).close()
print("reached", os.environ["LOOM_BRIDGE_ADDR"], os.getcwd(), flush=True)
time.sleep(1000)
"""


def test_the_defaults_of_existing_code():
    config = OrchestratorConfig(project_dir=Path.cwd())
    assert (config.runtime_mode, config.runtime_version, config.dashboard_port) == ("full", "latest", 3030)
    assert (config.startup_wait_sec, config.agent_scripts, config.bridge_port) == (2.0, [], None)
    orchestrator = Orchestrator(config)
    assert orchestrator.config == config
    assert orchestrator.project_config.bridge.address == "127.0.0.1:50051"
    assert (orchestrator.runtime_proc, orchestrator.agent_procs) == (None, [])
    assert not orchestrator._shutdown_requested


def test_agents_are_told_where_the_runtime_really_is(project, tmp_path):
    (project / "agent.py").write_text(AGENT)
    logs = tmp_path / "logs"
    config = OrchestratorConfig(
        project_dir=project, logs_dir=logs, bridge_port=0, dashboard_port=0, agent_scripts=[Path("agent.py")]
    )

    async def live():
        orchestrator = Orchestrator(config)
        try:
            runtime = await orchestrator.start_runtime()
            agents = await orchestrator.start_agents()
            until("the agent has reached it", lambda: "reached" in (logs / "agent.log").read_text())
            assert [agent.status for agent in agents] == ["running"]
        finally:
            await orchestrator.shutdown()
        return runtime.proc, agents

    runtime, agents = asyncio.run(live())
    assert (logs / "agent.log").read_text().split() == ["reached", runtime.address, str(project)]
    assert not runtime.address.endswith((":0", ":50051")) and not answers(runtime.address)
    assert "listening" in (logs / "loom-runtime.log").read_text()
    assert (runtime.poll(), agents[0].proc.poll()) == (0, -signal.SIGTERM)


def test_environment_and_file_decide_what_is_not_given(project, monkeypatch):
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:0"\nversion = "0.1.0"\nmode = "bridge-only"\n')

    async def versions():
        orchestrator = Orchestrator(OrchestratorConfig(project_dir=project, show_logs=False))
        runtime = (await orchestrator.start_runtime()).proc
        await orchestrator.shutdown()
        return runtime.version, runtime.dashboard_url

    assert asyncio.run(versions()) == ("0.1.0", None)
    monkeypatch.setenv("LOOM_VERSION", "0.2.0")
    assert asyncio.run(versions()) == ("0.2.0", None)


def test_all_end_when_the_runtime_does(project, tmp_path, capfd):
    (project / "agent.py").write_text(AGENT)
    log = tmp_path / "logs" / "agent.log"
    config = OrchestratorConfig(
        project_dir=project, logs_dir=log.parent, bridge_port=0, dashboard_port=0, agent_scripts=[Path("agent.py")]
    )

    async def live():
        orchestrator = Orchestrator(config)
        running = asyncio.create_task(orchestrator.run())
        while not (log.exists() and log.read_text()):
            await asyncio.sleep(0.01)
        os.kill(orchestrator.runtime_proc.pid, signal.SIGKILL)
        await asyncio.wait_for(running, 30)
        return orchestrator

    orchestrator = asyncio.run(live())
    assert orchestrator.runtime_proc.status == "error"
    assert orchestrator.agent_procs[0].proc.returncode == -signal.SIGTERM
    assert "loom-runtime has ended with 137" in capfd.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_them(project, number):
    (project / "agent.py").write_text(AGENT)
    code = (
        "import asyncio; from pathlib import Path; from loom.runtime import OrchestratorConfig, run_orchestrator\n"
        "config = OrchestratorConfig(Path('.'), bridge_port=0, dashboard_port=0, agent_scripts=[Path('agent.py')])\n"
        "asyncio.run(run_orchestrator(config))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    word, address, _ = process.stdout.readline().split()
    assert word == "reached" and answers(address)
    process.send_signal(number)
    assert process.wait(30) == 0
    process.stdout.close()
    assert not answers(address)


def test_a_mistake_in_the_project_is_an_error(project):
    (project / "loom.toml").write_text("[bridge]\nadress = 1\n")
    with pytest.raises(ConfigurationError):
        asyncio.run(run_orchestrator(OrchestratorConfig(project_dir=project)))
