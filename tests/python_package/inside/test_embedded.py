"""The runtime from Python."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from loom import MCPServerConfig, embedded
from loom.command import program
from loom.errors import BusyError, LoomError, RuntimeCrashedError

FREE = "127.0.0.1:0"


def answers(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def until(what, holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def test_where_things_lie(cache):
    tag = embedded.platform_tag()
    assert tag.split("-")[0] in ("linux", "macos", "windows")
    assert embedded.cache_dir() == cache / "bin"
    assert embedded.binary_path("test-binary", version="0.1.0") == cache / "bin/0.1.0" / tag / "test-binary"
    assert embedded.binary_path(embedded.BINARY) == cache / "bin/latest" / tag / embedded.BINARY


def test_binaries_are_acquired(mirror, cache, monkeypatch, capfd):
    path = embedded.get_binary(embedded.BINARY, version="0.1.0")
    assert path == embedded.binary_path(embedded.BINARY, version="0.1.0")
    assert path.read_bytes() == Path(os.environ["LOOM_TEST_SERVER"]).read_bytes()
    assert embedded.get_binary().parts[-3] == "0.2.0"
    monkeypatch.setenv("LOOM_VERSION", "0.1.0")
    assert embedded.get_binary().parts[-3] == "0.1.0", "the environment says which, where no argument does"
    assert embedded.get_binary(version="latest").parts[-3] == "0.2.0"
    capfd.readouterr()
    embedded.get_binary(force_download=True)
    assert "fetched" in capfd.readouterr().err
    with pytest.raises(ValueError, match="needs a version"):
        embedded.get_binary(allow_local=False)
    assert embedded.get_binary(version="0.2.0", allow_local=False, prefer_release=False).is_file()


def test_checksums(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    assert embedded.verify_checksum(file, digest) and embedded.verify_checksum(str(file), digest.upper())
    assert not embedded.verify_checksum(file, "0" * 64)
    assert embedded.verify_checksum(file, None)


def test_local_builds_are_found_upward(tmp_path, monkeypatch):
    root = tmp_path / "checkout"
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert embedded.find_local_build(embedded.BINARY) is None
    (inner / "Cargo.toml").write_text("[package]\n")
    (root / "Cargo.toml").write_text("[workspace]\nmembers = []\n")
    assert embedded.find_local_build(embedded.BINARY) is None
    builds = {profile: root / "target" / profile / embedded.BINARY for profile in ("debug", "release")}
    for build in builds.values():
        build.parent.mkdir(parents=True)
    builds["debug"].write_text("debug")
    assert embedded.find_local_build(embedded.BINARY) == builds["debug"]
    builds["release"].write_text("release")
    assert embedded.find_local_build(embedded.BINARY) == builds["release"]
    assert embedded.find_local_build(embedded.BINARY, prefer_release=False) == builds["debug"]


def test_a_bridge_runs_and_ends_when_it_is_asked_to():
    bridge = embedded.start_bridge(FREE, version="0.2.0")
    assert answers(bridge.address) and bridge.dashboard_url is None
    assert (bridge.version, bridge.poll(), bridge.returncode) == ("0.2.0", None, None)
    assert os.readlink(f"/proc/{bridge.pid}/exe") == str(bridge.binary)
    assert "listening" in bridge.log.read_text()
    assert bridge.env == {"LOOM_BRIDGE_ADDR": bridge.address}
    with pytest.raises(subprocess.TimeoutExpired):
        bridge.wait(0.01)
    bridge.terminate()
    assert bridge.wait() == bridge.wait(1) == bridge.poll() == 0
    assert not answers(bridge.address)
    bridge.terminate()
    bridge.kill()
    assert "ended with 0" in repr(bridge)


def test_a_core_has_a_dashboard_and_ends_with_its_block():
    with embedded.start_core(FREE, dashboard_port=0) as core:
        with urllib.request.urlopen(f"{core.dashboard_url}/api/topology") as answer:
            assert answer.status == 200
        assert core.env["LOOM_DASHBOARD_URL"] == core.dashboard_url
    assert core.poll() == 0


def test_a_killed_one_says_so():
    with embedded.start_bridge(FREE) as bridge:
        bridge.kill()
        assert bridge.wait(20) == 128 + signal.SIGKILL


def test_one_that_dies_says_why(capfd):
    bridge = embedded.start_bridge(FREE)
    os.kill(bridge.pid, signal.SIGABRT)
    assert bridge.wait(20) == 128 + signal.SIGABRT
    said = capfd.readouterr().err
    assert "exited unexpectedly (signal 6)" in said and "listening" in said


def test_a_second_one_at_the_address_makes_the_first_one_leave():
    address = free_address()
    with embedded.start_bridge(address) as first:
        with pytest.warns(RuntimeWarning, match="makes room") as warned:
            second = embedded.start_core(bridge_addr=address, dashboard_port=0)
        assert warned[0].filename == __file__
        with second:
            assert first.poll() == 0
            assert (second.address, second.pid != first.pid) == (address, True)


def test_the_address_may_come_from_the_configuration(project, monkeypatch):
    address = free_address()
    (project / "loom.toml").write_text(f'[bridge]\naddress = "{address}"\nversion = "0.1.0"\n[dashboard]\nport = 0\n')
    with embedded.start_bridge() as first:
        assert (first.address, first.version) == (address, "0.1.0")
        monkeypatch.setenv("LOOM_VERSION", "0.2.0")
        with pytest.warns(RuntimeWarning, match="makes room"), embedded.start_core() as second:
            assert (second.address, second.version) == (address, "0.2.0")


def test_two_at_two_addresses_live_side_by_side():
    with embedded.start_bridge(FREE) as one, embedded.start_bridge(FREE) as two:
        assert one.address != two.address
        assert answers(one.address) and answers(two.address)


def test_a_taken_port_is_named(loom):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BusyError, match=f"{port} is in use") as raised:
            embedded.start_bridge(f"127.0.0.1:{port}")
    assert (raised.value.exit_code, raised.value.kind) == (9, "port_taken")
    assert "--bridge-port" in raised.value.hint


def test_the_projects_own_runtime_is_another_one(loom):
    quiet = [loom, "--json", "--quiet"]
    up = [*quiet, "up", "--detach", "--bridge-port", "0", "--dashboard-port", "0"]
    own = json.loads(subprocess.run(up, stdout=subprocess.PIPE, check=True).stdout)
    try:
        with embedded.start_bridge(FREE) as bridge:
            status = json.loads(subprocess.run([*quiet, "status"], stdout=subprocess.PIPE, check=True).stdout)
            assert {instance["pid"] for instance in status["instances"]} == {own["pid"], bridge.pid}
        assert answers(own["bridge"]["address"])
    finally:
        subprocess.run([*quiet, "down"], stdout=subprocess.DEVNULL, check=True)


def test_down_ends_it_too(loom):
    with embedded.start_bridge(FREE) as bridge:
        subprocess.run([loom, "--quiet", "down"], stdout=subprocess.DEVNULL, check=True)
        assert bridge.wait(20) == 0


@pytest.mark.parametrize(
    "servers",
    [{"x": {"command": "true", "args": ["a"], "env": {"K": "v"}}}, [MCPServerConfig("x", "true", ["a"], {"K": "v"})]],
)
def test_mcp_servers_reach_the_runtime(servers, told):
    with embedded.start_core(FREE, dashboard_port=0, mcp_servers=servers) as core:
        given = json.loads(told(core.pid)["LOOM_MCP_SERVERS"])
        arguments = Path(f"/proc/{core.pid}/cmdline").read_bytes()
    assert given == {"x": {"command": "true", "args": ["a"], "env": {"K": "v"}}}
    assert b"true" not in arguments


def test_the_log_can_be_had_as_it_comes(tmp_path):
    with embedded.start_bridge(FREE, capture_output=True) as bridge:
        while b"listening" not in bridge.stderr.readline():
            pass
    with (tmp_path / "log").open("wb") as log, embedded.start(bridge_addr=FREE, mode="bridge-only", log_to=log):
        until("the log is written", lambda: b"listening" in (tmp_path / "log").read_bytes())


def test_sources_can_be_named(mirror, monkeypatch):
    monkeypatch.setenv("LOOM_SOURCES", "https://mirror.invalid/x")
    with embedded.start(bridge_addr=FREE, mode="bridge-only", sources=[mirror.as_uri()], force_download=True):
        pass


def test_a_server_that_does_not_come_up_is_an_error_with_its_log(tmp_path, monkeypatch):
    binary = tmp_path / embedded.BINARY
    binary.write_text("#!/bin/sh\necho the reason >&2\nexit 3\n")
    binary.chmod(0o755)
    monkeypatch.setenv("LOOM_CACHE_DIR", str(tmp_path / "cache"))
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    add = ["store", "add", str(binary), "--version", "1.0.0", "--sha256", digest]
    subprocess.run([program(), *add], stdout=subprocess.DEVNULL, check=True)
    with pytest.raises(RuntimeCrashedError, match="the reason") as raised:
        embedded.start_bridge(FREE, version="1.0.0")
    assert raised.value.exit_code == 3
    assert isinstance(raised.value, LoomError)


STARTS = "from loom import embedded; p = embedded.start_bridge('127.0.0.1:0'); print(p.pid, flush=True); "


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 0),
        ("raise SystemExit(4)", 4),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_however_the_interpreter_ends_its_runtime_ends_with_it(end, code):
    done = subprocess.run([sys.executable, "-c", STARTS + end], stdout=subprocess.PIPE, check=False)
    assert done.returncode == code
    until("the runtime has ended", lambda: not Path(f"/proc/{int(done.stdout)}").exists())


def test_a_fork_neither_ends_it_nor_keeps_it():
    code = STARTS + "import os, sys, time; child = os.fork(); child or sys.exit(); os.waitpid(child, 0); "
    code += "print(p.poll()); p.terminate(); print(p.wait())"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.split()[-2:] == ["None", "0"]


def test_ctrl_c_is_for_python_to_hear():
    code = STARTS + "import os, signal; signal.signal(signal.SIGINT, lambda *_: os.write(1, b'heard\\n')); print('listening', flush=True); input(); print(p.poll())"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    pid = int(process.stdout.readline())
    assert process.stdout.readline() == "listening\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "heard\n"
    assert Path(f"/proc/{pid}").exists()
    said, _ = process.communicate("\n", timeout=20)
    assert said == "None\n"
