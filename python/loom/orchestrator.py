"""Runs a project's runtime and its agent scripts together."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any, Callable, Optional, Union

from . import embedded
from .config import effective_project_config
from .defaults import ADDRESS, DASHBOARD_PORT, LATEST, MODE
from .process import RuntimeProcess

__all__ = ["Orchestrator", "OrchestratorConfig", "ProcessInfo", "run_orchestrator"]

_POLL_INTERVAL = 0.1
"""Time between two checks of the processes, in seconds."""

_STOP_TIMEOUT = 5.0
"""Time from SIGTERM to SIGKILL for an agent, in seconds."""


@dataclass
class ProcessInfo:
    """A process that an :class:`Orchestrator` started."""

    name: str
    proc: Union[RuntimeProcess, subprocess.Popen[bytes]]
    pid: int
    is_critical: bool = True
    """Whether the exit of this process stops all others."""
    status: str = "running"
    """``running``, ``stopped`` (exit code 0) or ``error`` (any other exit code)."""


@dataclass
class OrchestratorConfig:
    """What an :class:`Orchestrator` starts; environment and ``loom.toml`` decide what is not given."""

    project_dir: Path
    logs_dir: Optional[Path] = None
    """Folder for ``NAME.log`` and ``NAME.err`` of each process; by default processes inherit stdout and stderr."""
    runtime_mode: str = MODE
    """``full`` (with the dashboard) or ``bridge-only``."""
    runtime_version: str = LATEST
    """``latest``, a version, a range, or ``dev``."""
    bridge_port: Optional[int] = None
    """TCP port of the bridge on the configured host; 0 selects a free port."""
    dashboard_port: int = DASHBOARD_PORT
    """TCP port of the dashboard; 0 selects a free port."""
    startup_wait_sec: float = 2.0
    """Has no effect; the orchestrator waits until the runtime is ready."""
    agent_scripts: list[Path] = field(default_factory=list[Path])
    """Python scripts, relative to ``project_dir``."""
    prefer_release: bool = True
    """Has no effect; the most recent cargo build is used."""
    force_download: bool = False
    """Whether the release is downloaded even if it is installed."""
    show_logs: bool = True
    """Whether starts and exits of processes are reported on stderr."""


class Orchestrator:
    """Starts a runtime, then the agents with the runtime's address; stops all of them together.

    Args:
        config: what to start.

    Raises:
        ConfigurationError: names file, line and key of each invalid setting of the project.
    """

    def __init__(self, config: OrchestratorConfig) -> None:
        self.config = config
        self.project_config = effective_project_config(config.project_dir)
        self.runtime_proc: Optional[ProcessInfo] = None
        self.agent_procs: list[ProcessInfo] = []
        self._shutdown_requested = False
        self._log_files: list[IO[bytes]] = []

    async def start_runtime(self) -> ProcessInfo:
        """Starts the runtime and waits until it is ready.

        Raises:
            LoomError: with the program's exit code, message and hint.
        """
        config = self.config
        address = ADDRESS
        if config.bridge_port is not None:
            host = self.project_config.bridge.address.rpartition(":")[0]
            address = f"{host}:{config.bridge_port}"

        def start() -> RuntimeProcess:
            return embedded.start(
                mode=config.runtime_mode,
                bridge_addr=address,
                dashboard_port=config.dashboard_port,
                version=config.runtime_version,
                project_dir=config.project_dir,
                force_download=config.force_download,
                log_to=self._open_log("loom-runtime.log"),
            )

        runtime = await asyncio.get_running_loop().run_in_executor(None, start)
        self._report(f"runtime {runtime.version} is ready at {runtime.address}")
        dashboard = runtime.document.get("dashboard")
        if dashboard:
            # With a token, the page needs the login code of this address.
            self._report(f"dashboard: {dashboard.get('login_url') or dashboard['url']}")
        self.runtime_proc = ProcessInfo("loom-runtime", runtime, runtime.pid)
        return self.runtime_proc

    async def start_agents(self) -> list[ProcessInfo]:
        """Starts the agent scripts with the configuration and the runtime's address in their environment.

        Returns:
            All agents that were started so far.

        Raises:
            OSError: if a process or a log file cannot be created.
        """
        environment = {**os.environ, **self.project_config.to_env_vars()}
        if self.runtime_proc and isinstance(self.runtime_proc.proc, RuntimeProcess):
            environment.update(self.runtime_proc.proc.env)
        for script in self.config.agent_scripts:
            self._start_agent(script, environment)
        return self.agent_procs

    async def monitor(self) -> None:
        """Waits for the exit of the runtime or for a requested shutdown; updates the status of all processes."""
        runtime = self.runtime_proc
        while not self._shutdown_requested:
            for process in self.agent_procs + ([runtime] if runtime else []):
                self._update_status(process)
                if process.is_critical and process.status != "running":
                    self._shutdown_requested = True
            if not self._shutdown_requested:
                await asyncio.sleep(_POLL_INTERVAL)

    async def shutdown(self) -> None:
        """Stops the agents, then the runtime; kills a process that does not exit in time."""
        self._shutdown_requested = True
        await asyncio.get_running_loop().run_in_executor(None, self._stop_processes)

    async def run(self) -> None:
        """Starts everything and runs until Ctrl+C, SIGTERM or the exit of the runtime.

        Raises:
            LoomError: if the runtime cannot be started.
        """
        restore_handlers = self._install_signal_handlers()
        try:
            await self.start_runtime()
            if not self._shutdown_requested:
                await self.start_agents()
            await self.monitor()
        finally:
            await self.shutdown()
            restore_handlers()

    def _start_agent(self, script: Path, environment: dict[str, str]) -> None:
        name = Path(script).stem
        agent = subprocess.Popen(
            [sys.executable, os.fspath(script)],
            cwd=self.config.project_dir,
            env={"OTEL_SERVICE_NAME": f"agent-{name}", **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._open_log(f"{name}.log"),
            stderr=self._open_log(f"{name}.err"),
        )
        self.agent_procs.append(ProcessInfo(name, agent, agent.pid, is_critical=False))
        self._report(f"started agent {name} (process {agent.pid})")

    def _install_signal_handlers(self) -> Callable[[], None]:
        """Makes SIGINT and SIGTERM request a shutdown.

        Returns:
            A function that restores the previous handlers.
        """
        if threading.current_thread() is not threading.main_thread():
            return lambda: None  # Python allows signal handlers in the main thread only.

        def request_shutdown(number: int, frame: Optional[FrameType]) -> None:
            self._shutdown_requested = True

        previous: dict[int, Any] = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, request_shutdown)

        def restore() -> None:
            for number, handler in previous.items():
                signal.signal(number, handler)

        return restore

    def _update_status(self, process: ProcessInfo) -> None:
        exit_code = process.proc.poll()
        if exit_code is not None and process.status == "running":
            process.status = "stopped" if exit_code == 0 else "error"
            if not self._shutdown_requested:
                self._report(f"{process.name} exited with code {exit_code}")

    def _stop_processes(self) -> None:
        for agent in self.agent_procs:
            agent.proc.terminate()
        for agent in self.agent_procs:
            try:
                agent.proc.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                agent.proc.kill()
                agent.proc.wait()
            self._update_status(agent)
        if self.runtime_proc:
            self.runtime_proc.proc.terminate()
            self.runtime_proc.proc.wait()
            self._update_status(self.runtime_proc)
        for file in self._log_files:
            file.close()
        self._log_files.clear()

    def _open_log(self, name: str) -> Optional[IO[bytes]]:
        """Creates or truncates a log file; returns ``None`` (inherit) without a folder for logs."""
        if self.config.logs_dir is None:
            return None
        self.config.logs_dir.mkdir(parents=True, exist_ok=True)
        file = open(self.config.logs_dir / name, "wb")
        self._log_files.append(file)
        return file

    def _report(self, message: str) -> None:
        if self.config.show_logs:
            print(f"loom: {message}", file=sys.stderr, flush=True)


async def run_orchestrator(config: OrchestratorConfig) -> None:
    """Runs an :class:`Orchestrator` until Ctrl+C, SIGTERM or the exit of the runtime.

    Args:
        config: what to start.

    Raises:
        LoomError: if the project is invalid or the runtime cannot be started.
    """
    await Orchestrator(config).run()
