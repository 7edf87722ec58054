"""A runtime that lives as long as somebody in this interpreter wants it."""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Mapping, Optional, Sequence, Union

from .command import PathLike, answer, as_path, environment, program

_PATIENCE = 15.0
"""Seconds that a runtime may take to end when the interpreter does: more than its own grace."""


class RuntimeProcess:
    """A runtime that is ready.

    It ends with :meth:`terminate`, at the end of a ``with`` block, and with this interpreter, however that ends.
    """

    pid: int
    """The server's process."""
    address: str
    """Where its bridge listens: ``host:port``."""
    dashboard_url: Optional[str]
    """Where its dashboard is, if it has one."""
    version: str
    """Which release runs: ``0.2.0``, or ``dev`` for a cargo build."""
    binary: Path
    """The program that runs."""
    log: Path
    """Its log, while it runs."""
    env: Mapping[str, str]
    """The variables in which clients look for it, such as ``LOOM_BRIDGE_ADDR``."""
    owner: int
    """The Python process that started it."""
    document: Mapping[str, Any]
    """All that ``loom up --json`` says of it."""

    def __init__(self, process: subprocess.Popen[bytes], document: Mapping[str, Any]) -> None:
        self._process = process
        self.owner = os.getpid()
        self._words = threading.Lock()
        self.document = document
        self.pid = int(document["pid"])
        self.address = str(document["bridge"]["address"])
        dashboard = document.get("dashboard")
        self.dashboard_url = str(dashboard["url"]) if dashboard else None
        self.version = str(document["version"])
        self.binary = as_path(document["program"])
        self.log = as_path(document["log"])
        self.env = {str(name): str(value) for name, value in document["env"].items()}
        _running.append(self)

    @classmethod
    def start(
        cls,
        arguments: Sequence[str],
        *,
        cwd: Optional[PathLike] = None,
        env: Optional[Mapping[str, str]] = None,
        log_to: Optional[Union[IO[bytes], int]] = None,
    ) -> RuntimeProcess:
        """Runs ``loom up`` with these arguments and returns when the runtime is ready.

        Args:
            arguments: of ``loom up``.
            cwd: the project's folder.
            env: added to this process's environment.
            log_to: takes the runtime's log and all messages, as ``stderr`` of :class:`subprocess.Popen` does.

        Raises:
            LoomError: with the program's exit code, message and hint.
        """
        verbose = [] if log_to is None else ["--verbose"]
        command = [program(), "--json", *verbose, "up", "--exit-with-parent", *arguments]
        process = subprocess.Popen(
            command,
            bufsize=0,
            cwd=None if cwd is None else os.fspath(cwd),
            env=environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_to,
            # Ctrl+C is for this process to hear, and to decide what becomes of the runtime.
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        try:
            line = _first_line(process)
            # Whoever does not speak of a runtime has said all that it will.
            code = 0 if line.startswith(b"{") else process.wait(_PATIENCE)
            document = answer(line, code, command[1:])
        except BaseException:
            process.terminate()
            _close(process)
            process.wait()
            raise
        return cls(process, document)

    @property
    def returncode(self) -> Optional[int]:
        """What :meth:`poll` last answered."""
        return self._process.returncode

    @property
    def stderr(self) -> Optional[IO[bytes]]:
        """The runtime's log as it comes, if it was asked for."""
        return self._process.stderr

    def poll(self) -> Optional[int]:
        """The exit code, if it has ended: its own, 128+n for a signal, 0 if it ended because it was asked to."""
        return self._process.poll()

    def wait(self, timeout: Optional[float] = None) -> int:
        """Waits for its end and answers its exit code.

        Raises:
            subprocess.TimeoutExpired: after ``timeout`` seconds.
        """
        code = self._process.wait(timeout)
        _close(self._process, but=self._process.stderr)
        _forget(self)
        return code

    def terminate(self) -> None:
        """Asks it to end, and returns at once; it is killed if it does not end in its grace of ten seconds."""
        self._say(b"stop\n")

    def kill(self) -> None:
        """Kills it."""
        self._say(b"kill\n")

    def __enter__(self) -> RuntimeProcess:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.terminate()
        self.wait()
        _close(self._process)

    def __repr__(self) -> str:
        state = "ready" if self.returncode is None else f"ended with {self.returncode}"
        return f"<RuntimeProcess {self.version} at {self.address}, process {self.pid}, {state}>"

    def _say(self, word: bytes) -> None:
        words = self._process.stdin
        with self._words:
            if words is not None and not words.closed:
                try:
                    words.write(word)
                except OSError:
                    pass  # It has ended.


_running: list[RuntimeProcess] = []
"""Those that were started here and not yet seen to have ended."""


def serving(address: Optional[str] = None) -> Optional[RuntimeProcess]:
    """The runtime that this interpreter started at this address, or at any, if it still runs."""
    for runtime in list(_running):
        if runtime.poll() is not None:
            _forget(runtime)
        elif address in (None, runtime.address, runtime.env.get("LOOM_BRIDGE_ADDR")):
            return runtime
    return None


def _forget(runtime: RuntimeProcess) -> None:
    if runtime in _running:
        _running.remove(runtime)


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The first line of its output, without reading further; all of it if it has no line."""
    output, line = process.stdout, b""
    while output is not None and not line.endswith(b"\n"):
        piece = output.read(1 << 16)
        if not piece:
            break
        line += piece
    return line


def _close(process: subprocess.Popen[bytes], but: Optional[IO[bytes]] = None) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None and stream is not but:
            stream.close()


def _end_all() -> None:
    """Ends with the interpreter what it started, all at once."""
    # A forked child is not the one that started them.
    ours = [runtime for runtime in _running if runtime.owner == os.getpid() and runtime.poll() is None]
    for runtime in ours:
        runtime.terminate()
    for runtime in ours:
        try:
            runtime.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            runtime.kill()


atexit.register(_end_all)
