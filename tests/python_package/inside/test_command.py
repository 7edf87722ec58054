"""Which program is run, and how its failures come through."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from loom import LoomError, command, embedded, errors


def script(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "loom"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_the_program_is_looked_for_in_order(tmp_path, monkeypatch):
    monkeypatch.delenv("LOOM_BIN", raising=False)
    user, path = script(tmp_path / "user", "true"), script(tmp_path / "path", "true")
    environment = tmp_path / "scripts"
    scripts = {"": str(environment), "posix_user": str(user.parent)}
    monkeypatch.setattr(command.sysconfig, "get_path", lambda name, scheme="": scripts[scheme])
    monkeypatch.setenv("PATH", str(path.parent))
    assert command.program() == str(user)
    assert command.program() == str(user)
    own = script(environment, "true")
    assert command.program() == str(own)
    own.unlink(), user.unlink()
    assert command.program() == str(path)
    monkeypatch.setenv("LOOM_BIN", str(script(tmp_path / "named", "true")))
    assert command.program() == str(tmp_path / "named" / "loom")


def test_a_program_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOM_BIN", str(tmp_path / "nothing"))
    with pytest.raises(errors.LoomNotFoundError, match="LOOM_BIN is .*nothing"):
        embedded.cache_dir()
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
    said = raised.value
    assert (said.exit_code, said.kind, said.message, said.hint, said.chain) == (code, "k", "m", "h", ("c",))
    assert str(said) == "m\n  because: c\nhint: h"
    again = pickle.loads(pickle.dumps(said))
    assert (type(again), str(again), again.__dict__) == (error, str(said), said.__dict__)


def test_a_program_that_says_nonsense_is_an_error_too(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOM_BIN", str(script(tmp_path / "bin", "echo oops; exit 5")))
    with pytest.raises(LoomError, match="ended with 5 and said oops") as raised:
        embedded.cache_dir()
    assert raised.value.exit_code == 5
    with pytest.raises(LoomError, match="ended with 5 and said oops"):
        embedded.start_bridge("127.0.0.1:0")


def test_real_failures_carry_message_and_hint(tmp_path, monkeypatch):
    with pytest.raises(errors.NotAvailableError, match="no source carries loom-bridge-server 9.9.9") as raised:
        embedded.get_binary(version="9.9.9")
    assert raised.value.exit_code == 3 and "--source" in raised.value.hint
    with pytest.raises(errors.ConfigurationError) as raised:
        embedded.get_binary(version="not a version")
    assert raised.value.exit_code == 2
    monkeypatch.setenv("LOOM_SOURCES", "https://mirror.invalid/loom")
    monkeypatch.setenv("LOOM_OFFLINE", "1")
    monkeypatch.setenv("LOOM_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(errors.OfflineError):
        embedded.get_binary(version="0.2.0")


def test_python_m_loom_is_the_program():
    done = subprocess.run([sys.executable, "-m", "loom", "--version"], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.startswith("loom ")
    done = subprocess.run([sys.executable, "-m", "loom", "nonsense"], stderr=subprocess.DEVNULL, check=False)
    assert done.returncode == 2


def test_the_console_command_is_the_binary_itself(loom):
    assert Path(loom).read_bytes()[:4] == b"\x7fELF"
