"""The package and the examples are typed."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

PYTHON = ROOT / "python"


def test_mypy_is_content(tool, tmp_path):
    said = tool("mypy", "--strict", "--cache-dir", tmp_path, "loom", "../examples/python", cwd=PYTHON)
    assert said.startswith("Success")


def test_pyright_is_content():
    node = os.environ.get("LOOM_TEST_NODE")
    assert node, "LOOM_TEST_NODE must name the folder with pyright"
    pyright = Path(node, "node_modules", "pyright", "index.js")
    command = ["node", pyright, "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=PYTHON, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0 and "0 errors, 0 warnings" in done.stdout, done.stdout
