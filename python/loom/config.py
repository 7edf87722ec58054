"""A project's configuration, as the ``loom`` program resolves it: environment > ``loom.toml`` > defaults."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional

from .command import PathLike, ask

__all__ = [
    "BridgeConfig",
    "DashboardConfig",
    "LLMProviderConfig",
    "MCPServerConfig",
    "ProjectConfig",
    "UntrustedProjectWarning",
    "load_project_config",
]


class UntrustedProjectWarning(UserWarning):
    """Settings of a project have no effect until its user trusts it."""


@dataclass
class BridgeConfig:
    """How the runtime listens, and which one runs."""

    address: str = "127.0.0.1:50051"
    mode: str = "full"
    """``full``, or ``bridge-only``: without the dashboard."""
    version: str = "latest"
    timeout_sec: int = 30
    """How many seconds it may take until it is ready."""


@dataclass
class DashboardConfig:
    """The dashboard."""

    enabled: bool = True
    port: int = 3030
    host: str = "127.0.0.1"


@dataclass
class LLMProviderConfig:
    """A language model provider."""

    name: str
    type: str = "http"
    api_key: Optional[str] = field(default=None, repr=False)
    api_base: Optional[str] = None
    model: Optional[str] = None
    max_tokens: int = 2048
    temperature: float = 0.7
    timeout_sec: int = 30
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class MCPServerConfig:
    """An MCP server."""

    name: str
    command: str
    args: list[str] = field(default_factory=list[str])
    env: dict[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass
class ProjectConfig:
    """What holds for a project."""

    name: Optional[str] = None
    version: str = "0.1.0"
    description: Optional[str] = None
    bridge: BridgeConfig = field(default_factory=BridgeConfig)
    dashboard: DashboardConfig = field(default_factory=DashboardConfig)
    llm_providers: dict[str, LLMProviderConfig] = field(default_factory=dict[str, LLMProviderConfig])
    """By name; the default one first."""
    mcp_servers: dict[str, MCPServerConfig] = field(default_factory=dict[str, MCPServerConfig])
    """By name."""
    agents: dict[str, Any] = field(default_factory=dict[str, Any])
    """Free-form tables by name."""

    @classmethod
    def load(cls, path: PathLike = "loom.toml") -> ProjectConfig:
        """The configuration with this ``loom.toml``; a missing file says nothing.

        Raises:
            ConfigurationError: naming file, line and key of each mistake.
        """
        file = Path(path)
        if file.exists():
            return _resolved("--config", os.fspath(file.absolute()))
        from tempfile import TemporaryDirectory  # Costs more than all else here, and is seldom needed.

        # A folder of ours, so that no other file is found above it either.
        with TemporaryDirectory(prefix="loom-") as folder:
            empty = Path(folder, "loom.toml")
            empty.touch()
            return _resolved("--config", os.fspath(empty))

    def to_env_vars(self) -> dict[str, str]:
        """The variables in which a runtime is told all this."""
        enabled = self.dashboard.enabled and self.bridge.mode == "full"
        providers: dict[str, Any] = {}
        for name, provider in self.llm_providers.items():
            # The first one is the default one.
            providers.setdefault("default", name)
            providers[name] = _without_name(provider)
        servers = {name: _without_name(server) for name, server in self.mcp_servers.items()}
        env = {
            "LOOM_BRIDGE_ADDR": self.bridge.address,
            "LOOM_DASHBOARD": "true" if enabled else "false",
            "LOOM_DASHBOARD_HOST": self.dashboard.host,
            "LOOM_DASHBOARD_PORT": str(self.dashboard.port),
            "LOOM_LLM_PROVIDERS": json.dumps(providers),
            "LOOM_MCP_SERVERS": json.dumps(servers),
            "LOOM_AGENTS": json.dumps(self.agents),
        }
        for default in list(self.llm_providers.values())[:1]:
            told = {"API_KEY": default.api_key, "API_BASE": default.api_base, "MODEL": default.model}
            env.update({f"LOOM_LLM_{name}": value for name, value in told.items() if value})
        return env


def load_project_config(start_dir: PathLike = ".") -> ProjectConfig:
    """The configuration in a folder: that of the nearest ``loom.toml`` in it or above it, if there is one.

    Raises:
        ConfigurationError: naming file, line and key of each mistake.
    """
    return _resolved(cwd=start_dir)


def _resolved(*options: str, cwd: Optional[PathLike] = None) -> ProjectConfig:
    document = ask(*options, "--quiet", "config", "show", "--show-secrets", cwd=cwd)
    untrusted = document.get("untrusted")
    if untrusted:
        keys = ", ".join(str(withheld["key"]) for withheld in untrusted["what"])
        told = f"{untrusted['file']} is not trusted to set {keys}; read it, then run `loom trust`"
        warnings.warn(f"{told} (LOOM_TRUST_PROJECT=1 in CI)", UntrustedProjectWarning, stacklevel=3)
    return _project(document["config"])


def _project(tables: Mapping[str, Any]) -> ProjectConfig:
    bridge, dashboard, llm = tables["bridge"], tables["dashboard"], tables.get("llm", {})
    names = sorted((name for name in llm if name != "default"), key=lambda name: name != llm.get("default"))
    mcp = tables.get("mcp", {})
    return ProjectConfig(
        name=tables.get("name"),
        version=tables.get("version", ProjectConfig.version),
        description=tables.get("description"),
        bridge=BridgeConfig(**{key: bridge[key] for key in ("address", "mode", "version", "timeout_sec")}),
        dashboard=DashboardConfig(**{key: dashboard[key] for key in ("enabled", "port", "host")}),
        llm_providers={name: LLMProviderConfig(name=name, **llm[name]) for name in names},
        mcp_servers={name: MCPServerConfig(name=name, **server) for name, server in mcp.items()},
        agents=dict(tables.get("agents", {})),
    )


def _without_name(entry: Any) -> dict[str, Any]:
    """The table as ``loom.toml`` has it: without its own name and what is not set."""
    table = {key: value for key, value in asdict(entry).items() if key != "name" and value is not None}
    if not table.get("extra", True):
        del table["extra"]
    return table
