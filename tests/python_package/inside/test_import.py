"""The cost of importing the package, and the direction of its imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ERRORS_COMMAND = {"loom.errors", "loom.command"}


def loaded(statement):
    """Returns the modules that a statement loads in a new interpreter."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    completed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return set(completed.stdout.split())


def test_import_loom_loads_one_module():
    assert loaded("import loom") == {"loom"}


@pytest.mark.parametrize(
    ("statement", "own"),
    [
        ("from loom import LoomError", {"loom.errors"}),
        ("from loom import ProjectConfig, load_project_config", {*ERRORS_COMMAND, "loom.config"}),
        (
            "from loom import embedded",
            {
                *ERRORS_COMMAND,
                *("loom.config", "loom.defaults", "loom.files", "loom.binaries", "loom.process", "loom.embedded"),
            },
        ),
    ],
)
def test_a_name_loads_only_the_modules_that_it_needs(statement, own):
    modules = loaded(statement)
    assert {name for name in modules if name.split(".")[0] == "loom"} == own | {"loom"}
    assert not modules & {"asyncio", "grpc", "google.protobuf", "http", "urllib.request", "ssl", "socket"}


def test_all_public_names_exist():
    import loom
    import loom.runtime

    for package in (loom, loom.runtime):
        for name in package.__all__:
            assert getattr(package, name) is not None
    assert loom.__version__.count(".") == 2
    assert set(loom.__all__) <= set(dir(loom))
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        loom.missing  # noqa: B018


def test_the_paths_of_existing_code_lead_to_the_same_objects():
    import loom
    from loom.runtime import config, embedded, orchestrator

    assert config.ProjectConfig is loom.ProjectConfig
    assert embedded.start_core is loom.embedded.start_core
    assert orchestrator.Orchestrator is loom.Orchestrator
    assert orchestrator.ProcessInfo and orchestrator.run_orchestrator


def imported_modules(file, name, names):
    """Returns the modules of the package that a module imports, also where type checkers only see it."""
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = name if file.name == "__init__.py" else name.rpartition(".")[0]
            for _ in range(node.level - 1):
                package = package.rpartition(".")[0]
            base = ".".join(part for part in ((package if node.level else ""), node.module) if part)
            submodules = {f"{base}.{alias.name}" for alias in node.names} & names
            imported |= submodules or {base}
    return imported & names - {name}


def test_modules_do_not_import_each_other_in_circles():
    import loom

    root = Path(loom.__file__).parent
    files = {}
    for file in root.rglob("*.py"):
        parts = ("loom", *file.relative_to(root).with_suffix("").parts)
        files[".".join(part for part in parts if part != "__init__")] = file
    imports = {name: imported_modules(file, name, files.keys()) for name, file in files.items()}
    assert imports["loom.agent.agent"] >= {"loom.config", "loom.agent.session"}
    while imports:
        leaves = {name for name, imported in imports.items() if not imported & imports.keys()}
        assert leaves, f"modules import each other: {imports}"
        imports = {name: imported for name, imported in imports.items() if name not in leaves}
