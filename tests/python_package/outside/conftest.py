"""Fixtures: the built distributions, and the tools that check them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def distribution(pattern):
    """Returns the only distribution whose file name matches a pattern."""
    folder = os.environ.get("LOOM_TEST_DIST")
    assert folder, "LOOM_TEST_DIST must name the folder with the wheel and the source distribution"
    (file,) = Path(folder).glob(pattern)
    return file


@pytest.fixture(scope="session")
def wheel():
    """Path of the wheel."""
    return distribution("loom-*.whl")


@pytest.fixture(scope="session")
def sdist():
    """Path of the source distribution."""
    return distribution("loom-*.tar.gz")


@pytest.fixture(scope="session")
def tool():
    """A function that runs a program of this Python environment and returns its output; fails with that output."""

    def run(name, *arguments, **options):
        command = [Path(sys.executable).with_name(name), *arguments]
        completed = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
        )
        assert completed.returncode == 0, completed.stdout
        return completed.stdout

    return run
