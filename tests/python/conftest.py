"""Fixtures: the real server on a free port, and stubs compiled from its .proto files."""

import sys
from pathlib import Path

import pytest
from grpc_tools import protoc

from server import Server

PROTO = Path(__file__).resolve().parents[2] / "runtime" / "bridge" / "proto"


@pytest.fixture(scope="session", autouse=True)
def stubs(tmp_path_factory):
    """Compiles the .proto files into a temporary folder and makes them importable as `loom.v1`."""
    out = tmp_path_factory.mktemp("stubs")
    files = sorted(str(path) for path in PROTO.rglob("*.proto"))
    include = Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTO}", f"-I{include}", f"--python_out={out}", f"--grpc_python_out={out}"]
    assert protoc.main(arguments + files) == 0
    # Regular packages, which take precedence over an installed namespace package of the same name.
    for package in (out / "loom", out / "loom" / "v1"):
        (package / "__init__.py").touch()
    sys.path.insert(0, str(out))
    yield
    sys.path.remove(str(out))


@pytest.fixture
def start(tmp_path):
    """Starts servers; they are killed after the test."""
    servers = []

    def start_one(log=None, **environment):
        server = Server(tmp_path / f"ready-{len(servers)}.json", environment, log)
        servers.append(server)
        return server.wait_ready()

    yield start_one
    for server in servers:
        server.close()


@pytest.fixture
def server(start):
    """One server with default settings."""
    return start()
