"""The examples run."""

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
    done = subprocess.run([sys.executable, EXAMPLES / "quickstart.py"], stdout=subprocess.PIPE, text=True, check=True)
    dashboard, said = done.stdout.splitlines()
    assert dashboard.startswith("dashboard: http://127.0.0.1:")
    assert said == "speaker said 6 words on talk.*"


def hear_a_price(listener, address):
    """Publishes until `listener` prints it: when it begins to listen nobody says."""

    async def publish():
        loop = asyncio.get_running_loop()
        line = loop.run_in_executor(None, listener.stdout.readline)
        async with Agent("market", address=address) as market:
            while not line.done():
                await market.publish("market.price.BTC", "100000", type="price")
                await asyncio.wait({line}, timeout=0.05)
        return await line

    return asyncio.run(asyncio.wait_for(publish(), 60))


def test_prices_and_project(project):
    for name in ("prices.py", "project.py"):
        shutil.copy(EXAMPLES / name, project)
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        prices = subprocess.Popen(
            [sys.executable, "prices.py"], env={**os.environ, **bridge.env}, stdout=subprocess.PIPE, text=True
        )
        assert hear_a_price(prices, bridge.address) == "price from market: 100000\n"
        prices.send_signal(signal.SIGINT)
        assert prices.wait(20) == 0
        prices.stdout.close()
    (project / "loom.toml").write_text('[bridge]\naddress = "127.0.0.1:0"\n[dashboard]\nport = 0\n')
    whole = subprocess.Popen(
        [sys.executable, "project.py"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    address = whole.stderr.readline().split()[-1]
    assert hear_a_price(whole, address) == "price from market: 100000\n"
    whole.send_signal(signal.SIGINT)
    assert whole.wait(20) == 0
    whole.stdout.close(), whole.stderr.close()


def test_the_workflow_step_by_step(project, loom):
    """The steps of `examples/ci/github-actions.yml` after the installation, each in a shell of its own."""
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
        done = subprocess.run(
            ["bash", "-e", "-c", command],
            env={**os.environ, "PATH": path, "LOOM_TRUST_PROJECT": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout)
    status = json.loads(subprocess.check_output([loom, "--json", "--quiet", "status"]))
    assert status["instances"] == []
