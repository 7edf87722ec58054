"""A project's runtime and the scripts of its agents, started and ended together."""

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
from .config import load_project_config
from .process import RuntimeProcess

__all__ = ["Orchestrator", "OrchestratorConfig", "ProcessInfo", "run_orchestrator"]

_LOOK = 0.1
"""Seconds between two looks at what runs."""

_GRACE = 5.0
"""Seconds that agents may take to end before they are killed."""


@dataclass
class ProcessInfo:
    """A process that the orchestrator looks after."""

    name: str
    proc: Union[RuntimeProcess, subprocess.Popen[bytes]]
    pid: int
    is_critical: bool = True
    """Whether everything ends with it."""
    status: str = "running"
    """``running``, ``stopped``, or ``error``: it ended with another code than 0."""


@dataclass
class OrchestratorConfig:
    """What to start. What is left as it is here gives way to environment and ``loom.toml``."""

    project_dir: Path
    logs_dir: Optional[Path] = None
    """Takes ``NAME.log`` and ``NAME.err`` of each process; without it, agents write where this process does."""
    runtime_mode: str = embedded.MODE
    runtime_version: str = embedded.LATEST
    bridge_port: Optional[int] = None
    """The host is the configured one; 0 takes a free port."""
    dashboard_port: int = embedded.DASHBOARD_PORT
    startup_wait_sec: float = 2.0
    """Has no effect: the runtime is waited for until it is ready."""
    agent_scripts: list[Path] = field(default_factory=list[Path])
    """Python scripts, relative to the project's folder."""
    prefer_release: bool = True
    """Has no effect: the newest cargo build counts."""
    force_download: bool = False
    show_logs: bool = True
    """Whether to say what is started and what has ended."""


class Orchestrator:
    """Starts a runtime, then agents that know where it really is; ends all of them together."""

    def __init__(self, config: OrchestratorConfig) -> None:
        self.config = config
        self.project_config = load_project_config(config.project_dir)
        self.runtime_proc: Optional[ProcessInfo] = None
        self.agent_procs: list[ProcessInfo] = []
        self._shutdown_requested = False
        self._files: list[IO[bytes]] = []

    async def start_runtime(self) -> ProcessInfo:
        """Starts the runtime, and returns when it is ready.

        Raises:
            LoomError: with the program's exit code, message and hint.
        """
        config, address = self.config, embedded.ADDRESS
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
                log_to=self._log("loom-runtime.log"),
            )

        runtime = await asyncio.get_running_loop().run_in_executor(None, start)
        self._say(f"runtime {runtime.version} is ready: bridge {runtime.address}")
        if runtime.dashboard_url:
            self._say(f"dashboard {runtime.dashboard_url}")
        self.runtime_proc = ProcessInfo("loom-runtime", runtime, runtime.pid)
        return self.runtime_proc

    async def start_agents(self) -> list[ProcessInfo]:
        """Starts the agents' scripts with the address that the runtime really has."""
        told = {**os.environ, **self.project_config.to_env_vars()}
        if self.runtime_proc and isinstance(self.runtime_proc.proc, RuntimeProcess):
            told.update(self.runtime_proc.proc.env)
        for script in self.config.agent_scripts:
            name = Path(script).stem
            told["OTEL_SERVICE_NAME"] = os.environ.get("OTEL_SERVICE_NAME", f"agent-{name}")
            agent = subprocess.Popen(
                [sys.executable, os.fspath(script)],
                cwd=self.config.project_dir,
                env=told,
                stdin=subprocess.DEVNULL,
                stdout=self._log(f"{name}.log"),
                stderr=self._log(f"{name}.err"),
            )
            self.agent_procs.append(ProcessInfo(name, agent, agent.pid, is_critical=False))
            self._say(f"agent {name} is started (process {agent.pid})")
        return self.agent_procs

    async def monitor(self) -> None:
        """Returns when the runtime has ended or a shutdown was asked for; notes which agents have ended."""
        runtime = self.runtime_proc
        while not self._shutdown_requested:
            for process in self.agent_procs + ([runtime] if runtime else []):
                self._look(process)
                if process.is_critical and process.status != "running":
                    self._shutdown_requested = True
            if not self._shutdown_requested:
                await asyncio.sleep(_LOOK)

    async def shutdown(self) -> None:
        """Ends the agents, then the runtime: first by asking, then surely."""
        self._shutdown_requested = True
        await asyncio.get_running_loop().run_in_executor(None, self._end)

    async def run(self) -> None:
        """Starts everything, and stays until Ctrl+C, SIGTERM or the end of the runtime."""
        restore = self._listen()
        try:
            await self.start_runtime()
            if not self._shutdown_requested:
                await self.start_agents()
            await self.monitor()
        finally:
            await self.shutdown()
            restore()

    def _listen(self) -> Callable[[], None]:
        """Makes signals ask for a shutdown; answers how to undo that."""
        if threading.current_thread() is not threading.main_thread():
            return lambda: None  # Only there can signals be heard.

        def heard(number: int, frame: Optional[FrameType]) -> None:
            self._shutdown_requested = True

        before: dict[int, Any] = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, heard)

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        return restore

    def _look(self, process: ProcessInfo) -> None:
        code = process.proc.poll()
        if code is not None and process.status == "running":
            process.status = "stopped" if code == 0 else "error"
            if not self._shutdown_requested:
                self._say(f"{process.name} has ended with {code}")

    def _end(self) -> None:
        for agent in self.agent_procs:
            agent.proc.terminate()
        for agent in self.agent_procs:
            try:
                agent.proc.wait(_GRACE)
            except subprocess.TimeoutExpired:
                agent.proc.kill()
                agent.proc.wait()
            self._look(agent)
        if self.runtime_proc:
            self.runtime_proc.proc.terminate()
            self.runtime_proc.proc.wait()
            self._look(self.runtime_proc)
        for file in self._files:
            file.close()
        self._files.clear()

    def _log(self, name: str) -> Optional[IO[bytes]]:
        """The log of this name, begun anew; none without a folder for logs."""
        if self.config.logs_dir is None:
            return None
        self.config.logs_dir.mkdir(parents=True, exist_ok=True)
        file = open(self.config.logs_dir / name, "wb")
        self._files.append(file)
        return file

    def _say(self, text: str) -> None:
        if self.config.show_logs:
            print(f"loom: {text}", file=sys.stderr, flush=True)


async def run_orchestrator(config: OrchestratorConfig) -> None:
    """Runs an :class:`Orchestrator` to its end."""
    await Orchestrator(config).run()
