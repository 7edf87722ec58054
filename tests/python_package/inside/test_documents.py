"""The document's snippets, unchanged, in a network namespace where their ports are free; and the package's README."""

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


def run_isolated(*command, **options):
    """Runs a command in a network namespace of its own, with the loopback interface only."""
    script = "import isolated, sys; isolated.loopback_up(); sys.exit(isolated.run(sys.argv[1:]))"
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
    completed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert completed.stdout == "127.0.0.1:50051\n3030\ndeepseek-chat\n"


def test_starting_the_runtime(project, api):
    (code,) = api["Starting Runtime Programmatically"]
    (project / "snippet.py").write_text(code)
    completed = run_isolated(sys.executable, str(INSIDE / "isolated.py"), sys.executable, "snippet.py")
    assert completed.returncode == 0, completed.stdout
    assert completed.stdout.splitlines() == [
        "bridge and dashboard accept connections",
        "the snippet waits",
        "no runtime is left",
    ]


def test_the_recipe_for_ci(project, loom):
    """Runs the recipe without `pip install`, because the package is installed, and without its `sleep`."""
    (recipe,) = snippets("ci.md", "yaml")["The recipe"]
    lines = [line.strip() for line in recipe.splitlines()]
    assert [line for line in lines if line.startswith(("loom", "run: pytest"))] == [
        "loom up --mode bridge-only &",
        "run: pytest tests/",
    ]
    (project / "tests").mkdir()
    (project / "tests" / "test_it.py").write_text(
        "from isolated import BRIDGE, accepts_connections, wait_until\n"
        "def test_it():\n"
        "    wait_until('the bridge is ready', lambda: accepts_connections(BRIDGE))\n"
    )
    path = os.pathsep.join([str(Path(loom).parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    script = (
        "loom up --mode bridge-only &\n"
        "pytest -q -p no:cacheprovider tests/; code=$?\n"
        'kill $!; wait $!; exit "$code"\n'
    )
    completed = run_isolated(shutil.which("env"), f"PATH={path}", "bash", "-c", script)
    assert completed.returncode == 0, completed.stdout
    assert "1 passed" in completed.stdout, completed.stdout


def readme_blocks():
    """Returns the Python code blocks of the package's README."""
    text = (ROOT / "python" / "README.md").read_text()
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_readme_starts_a_runtime(project):
    (code,) = (code for code in readme_blocks() if "start_core" in code)
    (project / "runtime.py").write_text(code)
    completed = run_isolated(sys.executable, "runtime.py")
    assert completed.returncode == 0, completed.stdout
    assert completed.stdout.startswith("127.0.0.1:50051 http://127.0.0.1:3030 "), completed.stdout


def test_the_readme_runs_agents(project):
    (code,) = (code for code in readme_blocks() if "words.count" in code)
    (project / "agents.py").write_text(code)
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        env = {**os.environ, **bridge.env}
        completed = subprocess.run(
            [sys.executable, "agents.py"], env=env, stdout=subprocess.PIPE, text=True, check=True
        )
    assert completed.stdout == "received 'good morning' from client\n3\n"


@pytest.mark.parametrize("code", readme_blocks())
def test_python_in_the_readme_compiles(code):
    compile(code, "README.md", "exec")
