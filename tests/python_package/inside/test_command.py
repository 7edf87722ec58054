"""The search for the `loom` program, and its errors as exceptions."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from loom import LoomError, command, embedded, errors


def script(folder, text):
    """Creates a shell script named `loom` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "loom"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_the_search_order_of_the_program(tmp_path, monkeypatch):
    monkeypatch.delenv("LOOM_BIN", raising=False)
    in_user_folder = script(tmp_path / "user", "true")
    on_path = script(tmp_path / "path", "true")
    environment = tmp_path / "scripts"
    folders = {"": str(environment), "posix_user": str(in_user_folder.parent)}
    monkeypatch.setattr(command.sysconfig, "get_path", lambda name, scheme="": folders[scheme])
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert command.program() == str(in_user_folder)
    in_environment = script(environment, "true")
    assert command.program() == str(in_environment)
    in_environment.unlink()
    in_user_folder.unlink()
    assert command.program() == str(on_path)
    monkeypatch.setenv("LOOM_BIN", str(script(tmp_path / "named", "true")))
    assert command.program() == str(tmp_path / "named" / "loom")


def test_a_missing_program_is_an_error_with_a_hint(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOM_BIN", str(tmp_path / "missing"))
    with pytest.raises(errors.LoomNotFoundError, match="LOOM_BIN=.*missing is not an executable file") as raised:
        embedded.cache_dir()
    assert raised.value.exit_code == 127
    monkeypatch.delenv("LOOM_BIN")
    monkeypatch.setattr(command.sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="pip install loom"):
        embedded.cache_dir()


@pytest.mark.parametrize(("code", "error"), errors.BY_EXIT_CODE.items())
def test_each_exit_code_has_its_exception(tmp_path, monkeypatch, code, error):
    document = f'{{"error": {{"code": {code}, "kind": "k", "message": "m", "hint": "h", "chain": ["c"]}}}}'
    monkeypatch.setenv("LOOM_BIN", str(script(tmp_path / "bin", f"echo '{document}'; exit {code}")))
    with pytest.raises(error) as raised:
        embedded.cache_dir()
    failure = raised.value
    assert (failure.exit_code, failure.kind, failure.message) == (code, "k", "m")
    assert (failure.hint, failure.chain) == ("h", ("c",))
    assert str(failure) == "m\n  because: c\nhint: h"
    copy = pickle.loads(pickle.dumps(failure))
    assert (type(copy), str(copy), copy.__dict__) == (error, str(failure), failure.__dict__)


def test_output_that_is_not_json_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOM_BIN", str(script(tmp_path / "bin", "echo oops; exit 5")))
    message = "exited with code 5: expected a JSON document on stdout, got oops"
    with pytest.raises(LoomError, match=f"`loom store path` {message}") as raised:
        embedded.cache_dir()
    assert raised.value.exit_code == 5
    with pytest.raises(LoomError, match=message):
        embedded.start_bridge("127.0.0.1:0")


def test_errors_of_the_program_have_message_and_hint(tmp_path, monkeypatch):
    with pytest.raises(errors.NotAvailableError, match="loom-bridge-server 9.9.9") as raised:
        embedded.get_binary(version="9.9.9")
    assert raised.value.exit_code == 3
    assert "--source" in raised.value.hint
    with pytest.raises(errors.ConfigurationError) as raised:
        embedded.get_binary(version="not a version")
    assert raised.value.exit_code == 2
    monkeypatch.setenv("LOOM_SOURCES", "https://mirror.invalid/loom")
    monkeypatch.setenv("LOOM_OFFLINE", "1")
    monkeypatch.setenv("LOOM_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(errors.OfflineError):
        embedded.get_binary(version="0.2.0")


def test_python_m_loom_runs_the_program():
    command = [sys.executable, "-m", "loom"]
    completed = subprocess.run([*command, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    assert completed.stdout.startswith("loom ")
    completed = subprocess.run([*command, "nonsense"], stderr=subprocess.DEVNULL, check=False)
    assert completed.returncode == 2


def test_the_console_command_is_the_binary(loom):
    assert Path(loom).read_bytes()[:4] == b"\x7fELF"
