"""A pytest plugin: the fixture ``loom_runtime``, a runtime on free ports for as long as the tests take.

``loom_version`` and ``loom_mode`` in pytest's configuration say which one; all else is the project's ``loom.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from .process import RuntimeProcess


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("loom_version", "the version of the runtime that loom_runtime starts")
    parser.addini("loom_mode", "its mode: full, or bridge-only (without the dashboard)")


@pytest.fixture(scope="session")
def loom_runtime(pytestconfig: pytest.Config) -> Iterator[RuntimeProcess]:
    """A runtime on free ports, to which ``LOOM_BRIDGE_ADDR`` points while it runs."""
    from . import embedded

    version, mode = str(pytestconfig.getini("loom_version")), str(pytestconfig.getini("loom_mode"))
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
