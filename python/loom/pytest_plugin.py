"""Pytest plugin with the fixture ``loom_runtime``: a runtime on free ports for one test session.

The options ``loom_version`` and ``loom_mode`` of pytest's configuration file select the runtime; the project's
``loom.toml`` decides everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from .process import RuntimeProcess


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
