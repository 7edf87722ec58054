"""What the document says to type, as it stands, where its ports are free: in a network of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import TABLES
from loom import embedded
from snippets import snippets

INSIDE = Path(__file__).resolve().parent
ROOT = INSIDE.parents[2]


def alone(*command, **options):
    """Runs a command where there is nothing but this machine's loopback."""
    script = "import alone, sys; alone.loopback_up(); sys.exit(alone.run(sys.argv[1:]))"
    unshare = ["unshare", "--map-root-user", "--net", "--", sys.executable, "-c", script, *command]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(INSIDE), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(unshare, env=env, stdout=subprocess.PIPE, text=True, timeout=120, check=False, **options)


@pytest.fixture
def api():
    return snippets("python-api.md", "python")


def test_loading_configuration(project, api, monkeypatch):
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    tables = ("basic", "llm", "mcp", "agents")
    (project / "loom.toml").write_text("\n".join((TABLES / f"{name}.toml").read_text() for name in tables))
    (code,) = api["Loading Configuration"]
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "127.0.0.1:50051\n3030\ndeepseek-chat\n"


def test_starting_the_runtime(project, api):
    (code,) = api["Starting Runtime Programmatically"]
    (project / "snippet.py").write_text(code)
    done = alone(sys.executable, str(INSIDE / "alone.py"), sys.executable, "snippet.py")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines() == ["bridge and dashboard answer", "it still waits", "all have ended"]


def test_the_recipe_for_ci(project, loom):
    """Without its `pip install`, which has been done, and without counting on its `sleep`."""
    (recipe,) = snippets("ci.md", "yaml")["The recipe"]
    lines = [line.strip() for line in recipe.splitlines()]
    assert [line for line in lines if line.startswith(("loom", "run: pytest"))] == [
        "loom up --mode bridge-only &",
        "run: pytest tests/",
    ]
    (project / "tests").mkdir()
    (project / "tests" / "test_it.py").write_text(
        "import alone\ndef test_it():\n    alone.until(lambda: alone.answers(50051))\n"
    )
    path = os.pathsep.join([str(Path(loom).parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    script = 'loom up --mode bridge-only &\npytest -q -p no:cacheprovider tests/; code=$?\nkill $!; wait $!; exit "$code"'
    done = alone(shutil.which("env"), f"PATH={path}", "bash", "-c", script)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout


def test_the_packages_own_readme(project):
    """Each of its pieces of Python runs as it stands, where the runtime has the ports that it names."""
    text = (ROOT / "python" / "README.md").read_text()
    runtime, agents = (
        code
        for code in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        if "start_core" in code or "words.count" in code
    )
    (project / "runtime.py").write_text(runtime)
    done = alone(sys.executable, "runtime.py")
    assert done.returncode == 0 and done.stdout.startswith("127.0.0.1:50051 http://127.0.0.1:3030 "), done.stdout
    (project / "agents.py").write_text(agents)
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        env = {**os.environ, **bridge.env}
        done = subprocess.run([sys.executable, "agents.py"], env=env, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "speaker said 'good morning'\n3\n"
