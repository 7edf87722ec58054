"""Fixtures for tests of the installed package: no cargo, an empty home, and a mirror with the real server."""

import hashlib
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from loom import embedded, process
from loom.command import program

DOCUMENTS = Path(__file__).resolve().parent / "documents"
TABLES = Path(__file__).resolve().parents[2] / "documents"

INHERITED_VARIABLES = ("PATH", "LANG", "LOOM_BIN", "PYTHONPATH", "LOOM_TEST_SERVER")


@pytest.fixture(scope="session")
def mirror(tmp_path_factory):
    """A folder in the layout of release assets, with the real server as 0.1.0 and 0.2.0."""
    server = os.environ.get("LOOM_TEST_SERVER")
    assert server, "LOOM_TEST_SERVER must name the loom-bridge-server to test"
    assert shutil.which("cargo") is None, "the package must work without cargo; remove cargo from PATH"
    folder = tmp_path_factory.mktemp("mirror")
    tag = embedded.platform_tag()
    for version in ("0.1.0", "0.2.0"):
        asset = folder / f"v{version}" / f"{embedded.BINARY}-{version}-{tag}.tar.gz"
        asset.parent.mkdir()
        with tarfile.open(asset, "w:gz", compresslevel=1) as archive:
            archive.add(server, embedded.BINARY)
        digest = hashlib.sha256(asset.read_bytes()).hexdigest()
        asset.with_name(asset.name + ".sha256").write_text(f"{digest}  {asset.name}\n")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """One store for all tests that do not need an empty one."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch, mirror, cache):
    """An empty project in an empty home; fails if the test leaves a runtime running."""
    folder = tmp_path / "project"
    home = tmp_path / "home"
    for empty in (folder, home):
        empty.mkdir()
    for name in os.environ.keys() - {*INHERITED_VARIABLES, "PYTEST_CURRENT_TEST", "PYTEST_VERSION"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOOM_SOURCES", mirror.as_uri())
    monkeypatch.setenv("LOOM_CACHE_DIR", str(cache))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.chdir(folder)
    yield folder
    leftover = list(process._running)
    for runtime in leftover:
        runtime.kill()
        runtime.wait(20)
    assert not leftover, "the test left a runtime running"


@pytest.fixture
def process_environment():
    """A function that returns the environment variables with which a process was started."""

    def read(pid):
        pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    return read


@pytest.fixture(scope="session")
def loom():
    """Path of the ``loom`` program."""
    return program()
