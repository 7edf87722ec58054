"""Tests of the installed package: no cargo, an empty home, a mirror with the real server, and nothing else."""

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


@pytest.fixture(scope="session")
def mirror(tmp_path_factory):
    """A folder in the layout of release assets, with the real server as 0.1.0 and 0.2.0."""
    server = os.environ.get("LOOM_TEST_SERVER")
    assert server, "LOOM_TEST_SERVER must name the loom-bridge-server to test"
    assert shutil.which("cargo") is None, "the package has to do without cargo"
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
    """One store for all tests that do not ask for an empty one."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch, mirror, cache):
    """An empty project in an empty home, and no runtime left behind."""
    folder, home = tmp_path / "project", tmp_path / "home"
    for empty in (folder, home):
        empty.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LOOM_BIN", "PYTHONPATH", "LOOM_TEST_SERVER") if name in os.environ}
    for name in os.environ.keys() - kept.keys() - {"PYTEST_CURRENT_TEST", "PYTEST_VERSION"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOOM_SOURCES", mirror.as_uri())
    monkeypatch.setenv("LOOM_CACHE_DIR", str(cache))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.chdir(folder)
    yield folder
    left = list(process._running)  # What a failed test left goes with it.
    for runtime in left:
        runtime.kill()
        runtime.wait(20)
    assert not left, "a test left a runtime behind"


@pytest.fixture
def told():
    """The variables that a process was started with."""

    def read(pid):
        pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    return read


@pytest.fixture(scope="session")
def loom():
    """The program."""
    return program()
