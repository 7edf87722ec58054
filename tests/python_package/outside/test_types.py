"""The type annotations of the package and the examples."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

PYTHON = ROOT / "python"


def test_mypy_reports_no_errors(tool, tmp_path):
    output = tool("mypy", "--strict", "--cache-dir", tmp_path, "loom", "../examples/python", cwd=PYTHON)
    assert output.startswith("Success")


def test_pyright_reports_no_errors():
    node = os.environ.get("LOOM_TEST_NODE")
    assert node, "LOOM_TEST_NODE must name the folder with pyright"
    pyright = Path(node, "node_modules", "pyright", "index.js")
    command = ["node", pyright, "--pythonpath", sys.executable]
    completed = subprocess.run(command, cwd=PYTHON, stdout=subprocess.PIPE, text=True, check=False)
    assert completed.returncode == 0, completed.stdout
    assert "0 errors, 0 warnings" in completed.stdout, completed.stdout
