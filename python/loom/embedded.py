"""The runtime from Python: its binaries, and starting it. All of it is done by the ``loom`` program."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from dataclasses import asdict
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any, Mapping, Optional, Sequence, Union

from .command import PathLike, as_path, ask
from .config import MCPServerConfig, load_project_config
from .process import RuntimeProcess, serving

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

BINARY = "loom-bridge-server"
"""The runtime's program."""


class _Text(str):
    """A default that gives way to environment and ``loom.toml``."""


class _Number(int):
    """A default that gives way to environment and ``loom.toml``."""


ADDRESS: str = _Text("127.0.0.1:50051")
LATEST: str = _Text("latest")
MODE: str = _Text("full")
DASHBOARD_PORT: int = _Number(3030)

MCPServers = Union[Mapping[str, Union[MCPServerConfig, Mapping[str, Any]]], Sequence[MCPServerConfig]]
"""MCP servers by name, as in ``loom.toml``, or a list of them."""


def said(value: Any) -> bool:
    """Whether a caller gave a value, rather than one of the defaults above."""
    return value is not None and not isinstance(value, (_Text, _Number))


def platform_tag() -> str:
    """The platform of this machine's releases, such as ``linux-x86_64``."""
    return str(ask("store", "path")["platform"])


def cache_dir() -> Path:
    """The folder in which versions stand: ``~/.cache/loom/bin``."""
    return as_path(ask("store", "path")["root"]) / "bin"


def binary_path(binary_name: str = BINARY, version: str = "latest") -> Path:
    """Where a version of a program stands, whether it is here or not."""
    arguments = ("--binary", binary_name, "store", "path", "--expected", "--version", version)
    return as_path(ask(*arguments)["path"])


def get_binary(
    binary_name: str = BINARY,
    version: str = LATEST,
    allow_local: bool = True,
    prefer_release: bool = True,
    force_download: bool = False,
) -> Path:
    """Makes sure that a release is here, and answers where.

    Args:
        binary_name: the program.
        version: ``latest``, a version, a range, or ``dev``; by default what environment and ``loom.toml`` say.
        allow_local: whether a cargo build may be the latest; if not, ``version`` has to name one.
        prefer_release: has no effect: the newest cargo build counts.
        force_download: fetch it again even if it is here.

    Raises:
        LoomError: with the program's exit code, message and hint.
    """
    del prefer_release
    wanted = ["--version", str(version)] if said(version) else []
    if not allow_local and str(version) in ("latest", "dev"):
        raise ValueError("allow_local=False needs a version: `latest` may be a cargo build")
    forced = ["--force-download"] if force_download else []
    return as_path(ask("--binary", binary_name, "get", *wanted, *forced)["path"])


def find_local_build(binary_name: str = BINARY, prefer_release: bool = True) -> Optional[Path]:
    """The cargo build of the workspace that the current folder lies in, if there is one.

    It only looks; whether a build is used is decided by the ``loom`` program (see ``loom dev find``).
    """
    here = Path.cwd()
    profiles = ["release", "debug"] if prefer_release else ["debug", "release"]
    for folder in (here, *here.parents):
        try:
            is_workspace = "[workspace]" in (folder / "Cargo.toml").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if is_workspace:
            name = binary_name + (".exe" if os.name == "nt" else "")
            builds = (folder / "target" / profile / name for profile in profiles)
            return next((build for build in builds if build.is_file()), None)
    return None


def verify_checksum(file_path: PathLike, expected_sha256: Optional[str]) -> bool:
    """Whether a file has this SHA-256; true where none is given: strictness is the installer's affair."""
    if not expected_sha256:
        return True
    digest = hashlib.sha256()
    with open(file_path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest() == expected_sha256.strip().lower()


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
    env: Optional[Mapping[str, str]] = None,
    log_to: Optional[Union[IO[bytes], int]] = None,
) -> RuntimeProcess:
    """Starts a runtime, fetching it first where that is needed, and returns when it is ready.

    What is not given is decided by environment, ``loom.toml`` and defaults, in this order.

    Args:
        mode: ``full``, or ``bridge-only``: without the dashboard.
        bridge_addr: where the bridge listens; port 0 takes a free one.
        dashboard_port: where the dashboard listens; 0 takes a free one.
        version: ``latest``, a version, a range, or ``dev``.
        mcp_servers: instead of those in ``loom.toml``.
        project_dir: the project's folder, by default the current one.
        sources: where to look for releases instead of the configured sources, such as ``file:///srv/loom``.
        force_download: fetch it again even if it is here.
        env: further variables, also for the runtime.
        log_to: takes the runtime's log, as ``stderr`` of :class:`subprocess.Popen` does.

    Raises:
        LoomError: with the program's exit code, message and hint.
    """
    options: list[str] = []
    given = {"--mode": mode, "--dashboard-port": dashboard_port, "--version": version}
    for name, value in given.items():
        if said(value):
            options += [name, str(value)]
    for source in sources:
        options += ["--source", source]
    if force_download:
        options.append("--force-download")
    variables = dict(env or {})
    if said(bridge_addr):
        variables["LOOM_BRIDGE_ADDR"] = bridge_addr
    if mcp_servers is not None:
        variables["LOOM_MCP_SERVERS"] = json.dumps(_tables(mcp_servers))
    _make_room(variables.get("LOOM_BRIDGE_ADDR"), project_dir)
    return RuntimeProcess.start(options, cwd=project_dir, env=variables, log_to=log_to)


def start_bridge(
    address: str = ADDRESS,
    version: str = LATEST,
    prefer_release: bool = True,
    force_download: bool = False,
    capture_output: bool = False,
) -> RuntimeProcess:
    """Starts a runtime without its dashboard; see :func:`start`.

    A runtime that this interpreter already has at ``address`` is stopped first.
    """
    del prefer_release
    log_to = PIPE if capture_output else None
    return start(
        mode="bridge-only", bridge_addr=address, version=version, force_download=force_download, log_to=log_to
    )


def start_core(
    bridge_addr: str = ADDRESS,
    dashboard_port: int = DASHBOARD_PORT,
    version: str = LATEST,
    prefer_release: bool = True,
    force_download: bool = False,
    mcp_servers: Optional[MCPServers] = None,
    capture_output: bool = False,
) -> RuntimeProcess:
    """Starts a runtime with its dashboard; see :func:`start`.

    A runtime that this interpreter already has at ``bridge_addr`` is stopped first.
    """
    del prefer_release
    return start(
        mode="full",
        bridge_addr=bridge_addr,
        dashboard_port=dashboard_port,
        version=version,
        mcp_servers=mcp_servers,
        force_download=force_download,
        log_to=PIPE if capture_output else None,
    )


def _make_room(address: Optional[str], project_dir: Optional[PathLike]) -> None:
    """Stops the runtime that this interpreter already has at the address that is meant."""
    if address is None and serving():
        address = load_project_config(project_dir or ".").bridge.address
    runtime = None if address is None else serving(address)
    if runtime is not None:
        told = f"the runtime at {runtime.address} (process {runtime.pid}) makes room for another one"
        warnings.warn(told, RuntimeWarning, stacklevel=4)
        runtime.terminate()
        runtime.wait()


def _tables(servers: MCPServers) -> dict[str, dict[str, Any]]:
    """The servers as ``loom.toml`` has them."""
    named = servers.items() if isinstance(servers, Mapping) else ((s.name, s) for s in servers)
    tables: dict[str, dict[str, Any]] = {}
    for name, server in named:
        table = asdict(server) if isinstance(server, MCPServerConfig) else dict(server)
        tables[name] = {key: value for key, value in table.items() if key != "name"}
    return tables
