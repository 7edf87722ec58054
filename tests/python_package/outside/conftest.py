"""The distributions as they were built, and the tools that look at them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def dist(pattern):
    """The only distribution of this kind."""
    folder = os.environ.get("LOOM_TEST_DIST")
    assert folder, "LOOM_TEST_DIST must name the folder with the wheel and the source distribution"
    (file,) = Path(folder).glob(pattern)
    return file


@pytest.fixture(scope="session")
def wheel():
    """The wheel."""
    return dist("loom-*.whl")


@pytest.fixture(scope="session")
def sdist():
    """The source distribution."""
    return dist("loom-*.tar.gz")


@pytest.fixture(scope="session")
def tool():
    """Runs a program of this environment; its output, if it is content."""

    def run(name, *arguments, **options):
        command = [Path(sys.executable).with_name(name), *arguments]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run
