"""Runtime processes that this interpreter starts and owns."""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Mapping, Optional, Sequence, Union

from .command import PathLike, as_path, merged_environment, parse_document, program

_EXIT_TIMEOUT = 15.0
"""Longest wait for the exit of ``loom up``, in seconds; its own limit for the runtime is 10 seconds."""

_READ_SIZE = 1 << 16
"""Bytes that are requested at once from the output of ``loom up``."""


class RuntimeProcess:
    """A runtime that is ready for connections.

    The runtime stops on :meth:`terminate`, at the end of a ``with`` block, and when this interpreter exits, even if
    the interpreter is killed.
    """

    pid: int
    """Process id of the runtime."""
    address: str
    """``host:port`` on which the bridge listens."""
    dashboard_url: Optional[str]
    """URL of the dashboard; ``None`` without one."""
    version: str
    """Version of the runtime, such as ``0.2.0``; ``dev`` for a cargo build."""
    binary: Path
    """Path of the runtime's binary."""
    log: Path
    """Path of the log; the file exists while the runtime runs."""
    env: Mapping[str, str]
    """Environment variables that tell clients where the runtime is, such as ``LOOM_BRIDGE_ADDR``."""
    owner: int
    """Process id of the Python process that started the runtime."""
    document: Mapping[str, Any]
    """JSON document that ``loom up --json`` printed."""

    def __init__(self, process: subprocess.Popen[bytes], document: Mapping[str, Any]) -> None:
        self._process = process
        self._write_lock = threading.Lock()
        self.owner = os.getpid()
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
        """Runs ``loom up`` and waits until the runtime is ready.

        Args:
            arguments: arguments of ``loom up``.
            cwd: the project's folder, by default the current folder.
            env: variables that are added to the environment of this process.
            log_to: receives messages and the runtime's log, as ``stderr`` of :class:`subprocess.Popen` does.

        Returns:
            The runtime, ready for connections.

        Raises:
            LoomError: with the program's exit code, message and hint.
        """
        verbose = [] if log_to is None else ["--verbose"]
        command = [program(), "--json", *verbose, "up", "--exit-with-parent", *arguments]
        process = subprocess.Popen(
            command,
            bufsize=0,
            cwd=None if cwd is None else os.fspath(cwd),
            env=merged_environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_to,
            # Ctrl+C in a terminal reaches a whole process group; a group of its own leaves the decision to Python.
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        try:
            line = _first_line(process)
            # A line that is no JSON object is an error, after which the program exits.
            exit_code = 0 if line.startswith(b"{") else process.wait(_EXIT_TIMEOUT)
            document = parse_document(line, exit_code, command[1:])
        except BaseException:
            process.terminate()
            _close_streams(process)
            process.wait()
            raise
        return cls(process, document)

    @property
    def returncode(self) -> Optional[int]:
        """Exit code as of the last :meth:`poll` or :meth:`wait`; ``None`` while the runtime runs."""
        return self._process.returncode

    @property
    def stderr(self) -> Optional[IO[bytes]]:
        """Pipe with the runtime's log; ``None`` unless the runtime was started with ``log_to=subprocess.PIPE``."""
        return self._process.stderr

    def poll(self) -> Optional[int]:
        """Returns the exit code, or ``None`` while the runtime runs.

        The code is 0 after :meth:`terminate`, 128+n after signal n, else the exit code of the runtime.
        """
        return self._process.poll()

    def wait(self, timeout: Optional[float] = None) -> int:
        """Waits for the exit of the runtime.

        Args:
            timeout: longest wait in seconds; ``None`` for no limit.

        Returns:
            The exit code; see :meth:`poll`.

        Raises:
            subprocess.TimeoutExpired: if the runtime still runs after ``timeout`` seconds.
        """
        exit_code = self._process.wait(timeout)
        _close_streams(self._process, keep=self._process.stderr)
        _unregister(self)
        return exit_code

    def terminate(self) -> None:
        """Requests a graceful stop and returns at once; after 10 seconds, the runtime is killed."""
        self._send_command(b"stop\n")

    def kill(self) -> None:
        """Requests a stop, kills the runtime without waiting for it, and returns at once.

        The exit code is 137, or 0 if the runtime stops before it is killed.
        """
        self._send_command(b"kill\n")

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
        _close_streams(self._process)

    def __repr__(self) -> str:
        state = "ready" if self.returncode is None else f"exited with code {self.returncode}"
        return f"<RuntimeProcess {self.version} at {self.address}, process {self.pid}, {state}>"

    def close_pipes(self) -> None:
        """Closes this process's ends of the pipes to ``loom up``; in the process that started it, that stops it."""
        _close_streams(self._process)

    def _send_command(self, command: bytes) -> None:
        """Writes a line to stdin of ``loom up``; has no effect after the exit of the runtime."""
        stdin = self._process.stdin
        with self._write_lock:
            if stdin is not None and not stdin.closed:
                try:
                    stdin.write(command)
                except OSError:
                    pass  # The program has exited and closed the pipe.


_running: list[RuntimeProcess] = []
"""Runtimes that this interpreter started and whose exit it has not seen yet."""


def running_runtime(address: Optional[str] = None) -> Optional[RuntimeProcess]:
    """Returns a runtime that this interpreter started and that still runs.

    Args:
        address: ``host:port`` of its bridge; ``None`` for any runtime.
    """
    for runtime in list(_running):
        if runtime.poll() is not None:
            _unregister(runtime)
        elif address in (None, runtime.address, runtime.env.get("LOOM_BRIDGE_ADDR")):
            return runtime
    return None


def _unregister(runtime: RuntimeProcess) -> None:
    if runtime in _running:
        _running.remove(runtime)


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """Reads the first line of a program's output; all of the output if it contains no newline."""
    output = process.stdout
    line = b""
    while output is not None and not line.endswith(b"\n"):
        block = output.read(_READ_SIZE)
        if not block:
            break
        line += block
    return line


def _close_streams(process: subprocess.Popen[bytes], keep: Optional[IO[bytes]] = None) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None and stream is not keep:
            stream.close()


def _stop_all() -> None:
    """Stops all runtimes of this interpreter at its exit: first requests all stops, then waits for them."""
    # A forked child inherits the list, but its parent owns the runtimes.
    owned = [runtime for runtime in _running if runtime.owner == os.getpid() and runtime.poll() is None]
    for runtime in owned:
        runtime.terminate()
    for runtime in owned:
        try:
            runtime.wait(_EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            runtime.kill()


def _close_in_child() -> None:
    """Closes the pipes by which the runtimes notice the end of this interpreter: a forked child must not hold them."""
    for runtime in _running:
        runtime.close_pipes()
    _running.clear()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
