"""Binaries of the runtime, and starting it."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from loom import MCPServerConfig, embedded
from loom.command import program
from loom.errors import BusyError, LockError, LoomError, RuntimeCrashedError

from network import accepts_connections, free_address, wait_until

FREE = "127.0.0.1:0"


def test_paths_of_the_store(cache):
    tag = embedded.platform_tag()
    assert tag.split("-")[0] in ("linux", "macos", "windows")
    assert embedded.cache_dir() == cache / "bin"
    assert embedded.binary_path("test-binary", version="0.1.0") == cache / "bin/0.1.0" / tag / "test-binary"
    assert embedded.binary_path(embedded.BINARY) == cache / "bin/latest" / tag / embedded.BINARY


def test_get_binary_installs_a_release(mirror, cache, monkeypatch, capfd):
    path = embedded.get_binary(embedded.BINARY, version="0.1.0")
    assert path == embedded.binary_path(embedded.BINARY, version="0.1.0")
    assert path.read_bytes() == Path(os.environ["LOOM_TEST_SERVER"]).read_bytes()
    assert embedded.get_binary().parts[-3] == "0.2.0"
    monkeypatch.setenv("LOOM_VERSION", "0.1.0")
    assert embedded.get_binary().parts[-3] == "0.1.0", "the environment decides without an argument"
    assert embedded.get_binary(version="latest").parts[-3] == "0.2.0"
    capfd.readouterr()
    embedded.get_binary(force_download=True)
    assert "fetched" in capfd.readouterr().err
    with pytest.raises(ValueError, match="needs a release.*got version='latest'"):
        embedded.get_binary(allow_local=False)
    assert embedded.get_binary(version="0.2.0", allow_local=False, prefer_release=False).is_file()


def test_a_lock_file_decides_where_it_is_required(project):
    with pytest.raises(LockError, match="requires a lock file"):
        embedded.get_binary(locked=True)
    file = project / "loom.toml"
    file.write_text('[bridge]\nversion = "0.1.0"\n', encoding="utf-8")
    subprocess.run([program(), "lock"], check=True, stdout=subprocess.DEVNULL)
    assert embedded.get_binary(locked=True).parts[-3] == "0.1.0"
    file.write_text('[bridge]\nversion = "0.2.0"\n', encoding="utf-8")
    with pytest.raises(LockError, match='it has 0.1.0 for "0.1.0", but "0.2.0" is requested') as error:
        embedded.start_bridge(FREE, locked=True)
    assert (error.value.exit_code, error.value.kind) == (8, "lock")
    with embedded.start_bridge(FREE, frozen=True) as runtime:
        assert runtime.version == "0.1.0"


def test_verify_checksum(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    assert embedded.verify_checksum(file, digest) and embedded.verify_checksum(str(file), digest.upper())
    assert not embedded.verify_checksum(file, "0" * 64)
    assert embedded.verify_checksum(file, None)


def test_find_local_build_searches_parent_folders(tmp_path, monkeypatch):
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


def test_a_bridge_runs_until_terminate():
    bridge = embedded.start_bridge(FREE, version="0.2.0")
    assert accepts_connections(bridge.address)
    assert bridge.dashboard_url is None
    assert bridge.version == "0.2.0"
    assert (bridge.poll(), bridge.returncode) == (None, None)
    assert os.readlink(f"/proc/{bridge.pid}/exe") == str(bridge.binary)
    assert "listening" in bridge.log.read_text()
    assert bridge.env == {"LOOM_BRIDGE_ADDR": bridge.address}
    with pytest.raises(subprocess.TimeoutExpired):
        bridge.wait(0.01)
    bridge.terminate()
    assert bridge.wait() == bridge.wait(1) == bridge.poll() == 0
    assert not accepts_connections(bridge.address)
    bridge.terminate()
    bridge.kill()
    assert "exited with code 0" in repr(bridge)


def test_a_core_has_a_dashboard_and_stops_at_the_end_of_its_block():
    with embedded.start_core(FREE, dashboard_port=0) as core:
        with urllib.request.urlopen(f"{core.dashboard_url}/api/topology") as response:
            assert response.status == 200
        assert core.env["LOOM_DASHBOARD_URL"] == core.dashboard_url
    assert core.poll() == 0


def test_kill_ends_a_runtime_that_does_not_react():
    with embedded.start_bridge(FREE) as bridge:
        # `kill` sends SIGTERM, then SIGKILL; a suspended runtime cannot exit in between.
        os.kill(bridge.pid, signal.SIGSTOP)
        bridge.kill()
        assert bridge.wait(20) == 128 + signal.SIGKILL


def test_a_crash_is_reported_with_the_log(capfd):
    bridge = embedded.start_bridge(FREE)
    os.kill(bridge.pid, signal.SIGABRT)
    assert bridge.wait(20) == 128 + signal.SIGABRT
    stderr = capfd.readouterr().err
    assert "exited unexpectedly (signal 6)" in stderr
    assert "listening" in stderr


def test_a_second_runtime_at_the_same_address_stops_the_first():
    address = free_address()
    with embedded.start_bridge(address) as first:
        with pytest.warns(RuntimeWarning, match=f"stopping the runtime at {address}") as recorded:
            second = embedded.start_core(bridge_addr=address, dashboard_port=0)
        assert recorded[0].filename == __file__
        with second:
            assert first.poll() == 0
            assert second.address == address
            assert second.pid != first.pid


def test_address_and_version_come_from_the_configuration(project, monkeypatch):
    # An untrusted project cannot go back to a version that is older than the newest one here.
    monkeypatch.setenv("LOOM_TRUST_PROJECT", "1")
    address = free_address()
    (project / "loom.toml").write_text(f'[bridge]\naddress = "{address}"\nversion = "0.1.0"\n[dashboard]\nport = 0\n')
    with embedded.start_bridge() as first:
        assert (first.address, first.version) == (address, "0.1.0")
        monkeypatch.setenv("LOOM_VERSION", "0.2.0")
        with pytest.warns(RuntimeWarning, match="stopping the runtime at"), embedded.start_core() as second:
            assert (second.address, second.version) == (address, "0.2.0")


def test_two_runtimes_run_at_different_addresses():
    with embedded.start_bridge(FREE) as one, embedded.start_bridge(FREE) as two:
        assert one.address != two.address
        assert accepts_connections(one.address)
        assert accepts_connections(two.address)


def test_a_taken_port_is_an_error_with_a_hint():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BusyError, match=str(port)) as raised:
            embedded.start_bridge(f"127.0.0.1:{port}")
    assert (raised.value.exit_code, raised.value.kind) == (9, "port_taken")
    assert "--bridge-port" in raised.value.hint


def test_a_runtime_of_loom_up_is_independent(loom):
    quiet = [loom, "--json", "--quiet"]
    up = [*quiet, "up", "--detach", "--bridge-port", "0", "--dashboard-port", "0"]
    own = json.loads(subprocess.run(up, stdout=subprocess.PIPE, check=True).stdout)
    try:
        with embedded.start_bridge(FREE) as bridge:
            status = json.loads(subprocess.run([*quiet, "status"], stdout=subprocess.PIPE, check=True).stdout)
            assert {instance["pid"] for instance in status["instances"]} == {own["pid"], bridge.pid}
        assert accepts_connections(own["bridge"]["address"])
    finally:
        subprocess.run([*quiet, "down"], stdout=subprocess.DEVNULL, check=True)


def test_loom_down_stops_it(loom):
    with embedded.start_bridge(FREE) as bridge:
        subprocess.run([loom, "--quiet", "down"], stdout=subprocess.DEVNULL, check=True)
        assert bridge.wait(20) == 0


@pytest.mark.parametrize(
    "servers",
    [
        {"x": {"command": "true", "args": ["a"], "env": {"K": "v"}}},
        [MCPServerConfig("x", "true", ["a"], {"K": "v"})],
    ],
)
def test_mcp_servers_are_passed_in_the_environment(servers, process_environment):
    with embedded.start_core(FREE, dashboard_port=0, mcp_servers=servers) as core:
        passed = json.loads(process_environment(core.pid)["LOOM_MCP_SERVERS"])
        arguments = Path(f"/proc/{core.pid}/cmdline").read_bytes()
    assert passed == {"x": {"command": "true", "args": ["a"], "env": {"K": "v"}}}
    assert b"true" not in arguments


def test_the_log_can_be_captured(tmp_path):
    with embedded.start_bridge(FREE, capture_output=True) as bridge:
        while b"listening" not in bridge.stderr.readline():
            pass
    with (tmp_path / "log").open("wb") as log, embedded.start(bridge_addr=FREE, mode="bridge-only", log_to=log):
        wait_until("the log is written", lambda: b"listening" in (tmp_path / "log").read_bytes())


def test_sources_replace_the_configured_ones(mirror, monkeypatch):
    monkeypatch.setenv("LOOM_SOURCES", "https://mirror.invalid/x")
    with embedded.start(bridge_addr=FREE, mode="bridge-only", sources=[mirror.as_uri()], force_download=True):
        pass


def test_a_server_that_exits_at_once_is_an_error_with_its_log(tmp_path, monkeypatch):
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


START = "from loom import embedded; p = embedded.start_bridge('127.0.0.1:0'); print(p.pid, flush=True); "


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("", 0),
        ("raise SystemExit(4)", 4),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_the_runtime_stops_with_the_interpreter(ending, code):
    completed = subprocess.run([sys.executable, "-c", START + ending], stdout=subprocess.PIPE, check=False)
    assert completed.returncode == code
    wait_until("the runtime has exited", lambda: not Path(f"/proc/{int(completed.stdout)}").exists())


def test_a_forked_child_does_not_own_the_runtime():
    code = START + "import os, sys, time; child = os.fork(); child or sys.exit(); os.waitpid(child, 0); "
    code += "print(p.poll()); p.terminate(); print(p.wait())"
    completed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert completed.stdout.split()[-2:] == ["None", "0"]


def test_ctrl_c_interrupts_python_only():
    code = START + (
        "import os, signal\n"
        "signal.signal(signal.SIGINT, lambda *_: os.write(1, b'interrupted\\n'))\n"
        "print('waiting', flush=True)\n"
        "input()\n"
        "print(p.poll())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    pid = int(process.stdout.readline())
    assert process.stdout.readline() == "waiting\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "interrupted\n"
    assert Path(f"/proc/{pid}").exists()
    stdout, _ = process.communicate("\n", timeout=20)
    assert stdout == "None\n"
