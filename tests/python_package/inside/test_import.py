"""What importing costs."""

import subprocess
import sys

import pytest


def loaded(statement):
    """The modules that a statement loads in a bare interpreter."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loom_loads_nothing_else():
    assert loaded("import loom") == {"loom"}


@pytest.mark.parametrize(
    ("statement", "own"),
    [
        ("from loom import LoomError", {"loom.errors"}),
        ("from loom import ProjectConfig, load_project_config", {"loom.errors", "loom.command", "loom.config"}),
        ("from loom import embedded", {"loom.errors", "loom.command", "loom.config", "loom.process", "loom.embedded"}),
    ],
)
def test_names_load_what_they_need_and_no_more(statement, own):
    modules = loaded(statement)
    assert {name for name in modules if name.split(".")[0] == "loom"} == own | {"loom"}
    assert not modules & {"asyncio", "grpc", "google.protobuf", "http", "urllib.request", "ssl", "socket"}


def test_all_names_are_there():
    import loom
    import loom.runtime

    for package in (loom, loom.runtime):
        for name in package.__all__:
            assert getattr(package, name) is not None
    assert loom.__version__.count(".") == 2
    assert set(loom.__all__) <= set(dir(loom))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        loom.nothing  # noqa: B018


def test_the_modules_of_existing_code_are_the_same():
    import loom
    from loom.runtime import config, embedded, orchestrator

    assert config.ProjectConfig is loom.ProjectConfig
    assert embedded.start_core is loom.embedded.start_core
    assert orchestrator.Orchestrator is loom.Orchestrator
    assert orchestrator.ProcessInfo and orchestrator.run_orchestrator
