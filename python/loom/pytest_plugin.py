"""Pytest plugin with the fixtures ``loom_runtime``, a runtime on free ports for one test session, and ``loom_replay``,
which publishes the events of an exported run.

The options ``loom_version`` and ``loom_mode`` of pytest's configuration file select the runtime; the project's
``loom.toml`` decides everything else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from typing import Protocol

    from .process import RuntimeProcess
    from .replay import ReplayedRun

    class ReplayFunction(Protocol):
        """Type of the fixture ``loom_replay``."""

        def __call__(
            self,
            file: str | os.PathLike[str],
            to: str | None = None,
            speed: float | None = None,
        ) -> ReplayedRun:
            """Publishes the events of a file; see :func:`loom.replay.replay`."""
            ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options of the configuration file."""
    parser.addini("loom_version", "version of the runtime that the fixture loom_runtime starts")
    parser.addini("loom_mode", "mode of that runtime: full (with the dashboard) or bridge-only")


@pytest.fixture(scope="session")
def loom_runtime(pytestconfig: pytest.Config) -> Iterator[RuntimeProcess]:
    """A runtime on free ports; ``LOOM_BRIDGE_ADDR`` holds its address while the tests run."""
    # Imported here, so that tests without this fixture do not load the package.
    from . import embedded

    version = str(pytestconfig.getini("loom_version"))
    mode = str(pytestconfig.getini("loom_mode"))
    runtime = embedded.start(
        mode=mode or embedded.MODE,
        version=version or embedded.LATEST,
        bridge_addr="127.0.0.1:0",
        dashboard_port=0,
        project_dir=pytestconfig.rootpath,
    )
    with runtime, pytest.MonkeyPatch.context() as patch:
        for name, value in runtime.env.items():
            patch.setenv(name, value)
        yield runtime


@pytest.fixture
def loom_replay(request: pytest.FixtureRequest) -> ReplayFunction:
    """A function that publishes the events of a file of ``loom runs export``, and returns the run that follows.

    They go to the runtime that ``LOOM_DASHBOARD_URL`` names, else to that of ``loom_runtime``.
    """
    if not os.environ.get("LOOM_DASHBOARD_URL"):
        request.getfixturevalue("loom_runtime")
    from .replay import replay

    return replay
