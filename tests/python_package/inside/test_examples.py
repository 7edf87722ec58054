"""The examples in `examples/`, unchanged."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from loom import Agent, embedded

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "python"


def test_quickstart():
    command = [sys.executable, EXAMPLES / "quickstart.py"]
    completed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    dashboard, reply = completed.stdout.splitlines()
    assert dashboard.startswith("dashboard: http://127.0.0.1:")
    assert reply == "6 words from client on talk.morning"


def publish_prices(subscriber, address):
    """Publishes prices until the process `subscriber` prints a line; returns the line.

    Events that are published before the process has subscribed do not reach it, hence the repetition.
    """

    async def publish():
        loop = asyncio.get_running_loop()
        line = loop.run_in_executor(None, subscriber.stdout.readline)
        async with Agent("market", address=address) as market:
            while not line.done():
                await market.publish("market.price.BTC", "100000", type="price")
                await asyncio.wait({line}, timeout=0.05)
        return await line

    return asyncio.run(asyncio.wait_for(publish(), 60))


def interrupt(process):
    """Stops a process with Ctrl+C."""
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def test_prices(project):
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        env = {**os.environ, **bridge.env}
        command = [sys.executable, EXAMPLES / "prices.py"]
        prices = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        assert publish_prices(prices, bridge.address) == "price from market: 100000\n"
        interrupt(prices)


def test_project(project):
    for name in ("prices.py", "project.py"):
        shutil.copy(EXAMPLES / name, project)
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:0"\n[dashboard]\nport = 0\n')
    command = [sys.executable, "project.py"]
    orchestrator = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = orchestrator.stderr.readline().split()[-1]
    assert publish_prices(orchestrator, address) == "price from market: 100000\n"
    interrupt(orchestrator)


def test_the_workflow_runs_step_by_step(project, loom):
    """Runs the steps of `examples/ci/github-actions.yml` after the installation, each in a shell of its own."""
    lines = (EXAMPLES.parent / "ci" / "github-actions.yml").read_text().splitlines()
    commands = [line.split("run: ", 1)[1] for line in lines if "run: " in line and not line.endswith("|")]
    block = next(number for number, line in enumerate(lines) if line.endswith("run: |"))
    commands.append("\n".join(line.strip() for line in lines[block + 1 :]))
    assert commands[0].startswith('pip install "loom[agent]"')
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:0"\n')
    (project / "tests").mkdir()
    (project / "tests" / "test_it.py").write_text(
        "import json, socket, subprocess\n"
        "def test_it():\n"
        "    env = json.loads(subprocess.check_output(['loom', '--json', 'env']))['env']\n"
        "    host, _, port = env['LOOM_BRIDGE_ADDR'].rpartition(':')\n"
        "    socket.create_connection((host, int(port)), 5).close()\n"
    )
    path = os.pathsep.join([str(Path(loom).parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    for command in commands[1:]:
        completed = subprocess.run(
            ["bash", "-e", "-c", command],
            env={**os.environ, "PATH": path, "LOOM_TRUST_PROJECT": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, (command, completed.stdout)
    status = json.loads(subprocess.check_output([loom, "--json", "--quiet", "status"]))
    assert status["instances"] == []
