"""Starts a runtime from Python, and gives access to its binaries. The ``loom`` program does the work."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from subprocess import PIPE
from typing import IO, Any, Mapping, Optional, Sequence, Union

from .binaries import (
    BINARY,
    binary_path,
    cache_dir,
    find_local_build,
    get_binary,
    lock_options,
    platform_tag,
    verify_checksum,
)
from .command import PathLike
from .config import MCPServerConfig, effective_project_config
from .defaults import ADDRESS as ADDRESS
from .defaults import DASHBOARD_PORT as DASHBOARD_PORT
from .defaults import LATEST as LATEST
from .defaults import MODE as MODE
from .defaults import is_given
from .process import RuntimeProcess, running_runtime

__all__ = [
    "BINARY",
    "RuntimeProcess",
    "binary_path",
    "cache_dir",
    "find_local_build",
    "get_binary",
    "platform_tag",
    "start",
    "start_bridge",
    "start_core",
    "verify_checksum",
]

MCPServers = Union[Mapping[str, Union[MCPServerConfig, Mapping[str, Any]]], Sequence[MCPServerConfig]]
"""MCP servers by name, as in ``loom.toml``, or a sequence of :class:`MCPServerConfig`."""


def start(
    *,
    mode: str = MODE,
    bridge_addr: str = ADDRESS,
    dashboard_port: int = DASHBOARD_PORT,
    version: str = LATEST,
    mcp_servers: Optional[MCPServers] = None,
    project_dir: Optional[PathLike] = None,
    sources: Sequence[str] = (),
    force_download: bool = False,
    locked: bool = False,
    frozen: bool = False,
    env: Optional[Mapping[str, str]] = None,
    log_to: Optional[Union[IO[bytes], int]] = None,
) -> RuntimeProcess:
    """Starts a runtime and waits until it is ready; downloads the release if it is not installed.

    Environment, ``loom.toml`` and defaults, in this order, decide arguments that are not given. A runtime that this
    interpreter already runs at the same address is stopped first, with a ``RuntimeWarning``.

    Args:
        mode: ``full`` (with the dashboard) or ``bridge-only``.
        bridge_addr: ``host:port`` on which the bridge listens; port 0 selects a free port.
        dashboard_port: TCP port of the dashboard; 0 selects a free port.
        version: ``latest``, a version, a range, or ``dev``.
        mcp_servers: replace the MCP servers of ``loom.toml``.
        project_dir: the project's folder, by default the current folder.
        sources: replace the configured sources of releases, such as ``file:///srv/loom``.
        force_download: download the release even if it is installed.
        locked: require a lock file (``loom.lock``) that agrees with ``loom.toml``.
        frozen: let the lock file decide, whatever ``loom.toml`` says.
        env: additional environment variables of ``loom`` and the runtime.
        log_to: receives the runtime's log, as ``stderr`` of :class:`subprocess.Popen` does.

    Returns:
        The runtime, ready for connections.

    Raises:
        LoomError: with the program's exit code, message and hint.
    """
    options = _options(mode=mode, dashboard_port=dashboard_port, version=version)
    for source in sources:
        options += ["--source", source]
    if force_download:
        options.append("--force-download")
    options += lock_options(locked, frozen)
    variables = dict(env or {})
    if is_given(bridge_addr):
        variables["LOOM_BRIDGE_ADDR"] = bridge_addr
    if mcp_servers is not None:
        variables["LOOM_MCP_SERVERS"] = json.dumps(_tables(mcp_servers))
    _stop_running(variables.get("LOOM_BRIDGE_ADDR"), project_dir)
    return RuntimeProcess.start(options, cwd=project_dir, env=variables, log_to=log_to)


def start_bridge(
    address: str = ADDRESS,
    version: str = LATEST,
    prefer_release: bool = True,
    force_download: bool = False,
    capture_output: bool = False,
    locked: bool = False,
    frozen: bool = False,
) -> RuntimeProcess:
    """Starts a runtime without its dashboard; see :func:`start`.

    Args:
        address: ``host:port`` on which the bridge listens; port 0 selects a free port.
        version: ``latest``, a version, a range, or ``dev``.
        prefer_release: has no effect; the most recent cargo build is used.
        force_download: download the release even if it is installed.
        capture_output: whether ``stderr`` of the returned runtime is a pipe with its log.
        locked: require a lock file (``loom.lock``) that agrees with ``loom.toml``.
        frozen: let the lock file decide, whatever ``loom.toml`` says.

    Raises:
        LoomError: with the program's exit code, message and hint.
    """
    del prefer_release
    return start(
        mode="bridge-only",
        bridge_addr=address,
        version=version,
        force_download=force_download,
        locked=locked,
        frozen=frozen,
        log_to=PIPE if capture_output else None,
    )


def start_core(
    bridge_addr: str = ADDRESS,
    dashboard_port: int = DASHBOARD_PORT,
    version: str = LATEST,
    prefer_release: bool = True,
    force_download: bool = False,
    mcp_servers: Optional[MCPServers] = None,
    capture_output: bool = False,
    locked: bool = False,
    frozen: bool = False,
) -> RuntimeProcess:
    """Starts a runtime with its dashboard; see :func:`start`.

    Args:
        bridge_addr: ``host:port`` on which the bridge listens; port 0 selects a free port.
        dashboard_port: TCP port of the dashboard; 0 selects a free port.
        version: ``latest``, a version, a range, or ``dev``.
        prefer_release: has no effect; the most recent cargo build is used.
        force_download: download the release even if it is installed.
        mcp_servers: replace the MCP servers of ``loom.toml``.
        capture_output: whether ``stderr`` of the returned runtime is a pipe with its log.
        locked: require a lock file (``loom.lock``) that agrees with ``loom.toml``.
        frozen: let the lock file decide, whatever ``loom.toml`` says.

    Raises:
        LoomError: with the program's exit code, message and hint.
    """
    del prefer_release
    return start(
        mode="full",
        bridge_addr=bridge_addr,
        dashboard_port=dashboard_port,
        version=version,
        mcp_servers=mcp_servers,
        force_download=force_download,
        locked=locked,
        frozen=frozen,
        log_to=PIPE if capture_output else None,
    )


def _options(**arguments: Any) -> list[str]:
    """Returns the given arguments as options of ``loom up``."""
    options: list[str] = []
    for name, value in arguments.items():
        if is_given(value):
            options += [f"--{name.replace('_', '-')}", str(value)]
    return options


def _stop_running(address: Optional[str], project_dir: Optional[PathLike]) -> None:
    """Stops the runtime that this interpreter already runs at ``address``, by default the configured address."""
    if address is None and running_runtime():
        address = effective_project_config(project_dir or ".").bridge.address
    runtime = None if address is None else running_runtime(address)
    if runtime is not None:
        message = f"stopping the runtime at {runtime.address} (process {runtime.pid}): another one starts there"
        # The caller of start_bridge or start_core.
        warnings.warn(message, RuntimeWarning, stacklevel=4)
        runtime.terminate()
        runtime.wait()


def _tables(servers: MCPServers) -> dict[str, dict[str, Any]]:
    """Converts MCP servers into their ``loom.toml`` tables by name."""
    named = servers.items() if isinstance(servers, Mapping) else ((server.name, server) for server in servers)
    tables: dict[str, dict[str, Any]] = {}
    for name, server in named:
        if isinstance(server, MCPServerConfig):
            # What is empty was not said: `headers` beside `command` would be an error.
            table = {key: value for key, value in asdict(server).items() if value}
        else:
            table = {key: value for key, value in server.items() if value is not None}
        tables[name] = {key: value for key, value in table.items() if key != "name"}
    return tables
