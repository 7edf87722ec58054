"""Configuration of a project as the ``loom`` program resolves it: environment, then ``loom.toml``, then defaults."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional

from .command import PathLike, run_json

__all__ = [
    "BridgeConfig",
    "DashboardConfig",
    "HistoryConfig",
    "LLMProviderConfig",
    "MCPServerConfig",
    "ProjectConfig",
    "load_project_config",
]


@dataclass
class BridgeConfig:
    """Settings of the runtime and its gRPC bridge: table ``[bridge]``."""

    address: str = "127.0.0.1:50051"
    """``host:port`` on which the bridge listens; port 0 selects a free port."""
    mode: str = "full"
    """``full`` (with the dashboard) or ``bridge-only``."""
    version: str = "latest"
    """Version of the runtime: ``latest``, a version, a range, or ``dev``."""
    timeout_sec: int = 30
    """Longest time from start to ready, in seconds."""


@dataclass
class DashboardConfig:
    """Settings of the dashboard: table ``[dashboard]``."""

    enabled: bool = True
    port: int = 3030
    """TCP port; 0 selects a free port."""
    host: str = "127.0.0.1"
    """Address on which the dashboard listens."""
    content: str = "auto"
    """Whether the history keeps what events and calls contain: ``auto``, ``on`` or ``off``."""


@dataclass
class HistoryConfig:
    """What the history of runs keeps, and where: table ``[history]``."""

    file: Optional[str] = None
    """A path, ``memory`` or ``off``; ``None`` for the runtime's choice."""
    max_size: str = "256MiB"
    """How large its file may grow."""
    max_age: str = "7days"
    """The age after which runs are removed."""
    rows_per_second: int = 2000
    """The rows that are stored in one second; beyond it, runs that begin are left out."""


@dataclass
class LLMProviderConfig:
    """Settings of a language model provider: table ``[llm.NAME]``."""

    name: str
    type: str = "http"
    api_key: Optional[str] = field(default=None, repr=False)
    """Secret; not part of ``repr()``."""
    api_base: Optional[str] = None
    """Base URL of an API that is compatible with OpenAI's chat completions."""
    model: Optional[str] = None
    max_tokens: int = 2048
    """Upper limit of tokens in one response."""
    temperature: float = 0.7
    timeout_sec: int = 30
    """Longest time for one response, in seconds; for a streamed response, the longest time without data."""
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    """Additional fields of each request; they replace no field that the runtime sets."""
    price: dict[str, Any] = field(default_factory=dict[str, Any])
    """Prices of one million tokens: ``{"input": 2.5, "output": 10}``, and such tables by name of the model."""


@dataclass
class MCPServerConfig:
    """MCP server: table ``[mcp.NAME]``. It has a ``command`` that starts it, or a ``url`` at which it is reached."""

    name: str
    command: Optional[str] = None
    args: list[str] = field(default_factory=list[str])
    env: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """Variables of the server process; may hold secrets, so they are not part of ``repr()``."""
    url: Optional[str] = field(default=None, repr=False)
    """Address of a server that speaks MCP's Streamable HTTP; may hold a password, so it is not part of ``repr()``."""
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """Headers of every request to the address; may hold secrets."""


@dataclass
class ProjectConfig:
    """Configuration of a project: what its files say, whether or not the project is trusted."""

    name: Optional[str] = None
    version: str = "0.1.0"
    """Version of the project itself."""
    description: Optional[str] = None
    bridge: BridgeConfig = field(default_factory=BridgeConfig)
    dashboard: DashboardConfig = field(default_factory=DashboardConfig)
    llm_providers: dict[str, LLMProviderConfig] = field(default_factory=dict[str, LLMProviderConfig])
    """Providers by name; the default provider is first."""
    mcp_servers: dict[str, MCPServerConfig] = field(default_factory=dict[str, MCPServerConfig])
    """MCP servers by name."""
    agents: dict[str, Any] = field(default_factory=dict[str, Any])
    """Free-form tables ``[agents.NAME]`` by name."""
    trusted: bool = True
    """Whether ``loom`` would act on all of it. If not, the settings that need trust are as written: variables in them are
    not expanded, and they have no effect until ``loom trust``."""
    history: HistoryConfig = field(default_factory=HistoryConfig)

    @classmethod
    def load(cls, path: PathLike = "loom.toml") -> ProjectConfig:
        """Resolves the configuration with ``path`` as the project's ``loom.toml``.

        Args:
            path: the file; if it does not exist, the configuration consists of environment and defaults.

        Raises:
            ConfigurationError: names file, line and key of each invalid setting.
        """
        file = Path(path)
        if file.exists():
            return _load("--config", os.fspath(file.absolute()))
        # Imported here because it takes longer to import than this whole module and is rarely needed.
        from tempfile import TemporaryDirectory

        # An empty file in a new folder keeps `loom` from searching the parent folders for a loom.toml.
        with TemporaryDirectory(prefix="loom-") as folder:
            empty = Path(folder, "loom.toml")
            empty.touch()
            return _load("--config", os.fspath(empty))

    def to_env_vars(self) -> dict[str, str]:
        """Returns the environment variables that pass this configuration to a runtime."""
        dashboard_enabled = self.dashboard.enabled and self.bridge.mode == "full"
        servers = {name: _table(server) for name, server in self.mcp_servers.items()}
        return {
            "LOOM_BRIDGE_ADDR": self.bridge.address,
            "LOOM_DASHBOARD": "true" if dashboard_enabled else "false",
            "LOOM_DASHBOARD_HOST": self.dashboard.host,
            "LOOM_DASHBOARD_PORT": str(self.dashboard.port),
            "LOOM_LLM_PROVIDERS": json.dumps(self._provider_tables()),
            "LOOM_MCP_SERVERS": json.dumps(servers),
            "LOOM_AGENTS": json.dumps(self.agents),
            **self._default_provider_variables(),
            **self._history_variables(),
        }

    def _provider_tables(self) -> dict[str, Any]:
        """Returns the table ``[llm]``: the key ``default``, then one table for each provider."""
        tables: dict[str, Any] = {}
        for name, provider in self.llm_providers.items():
            tables.setdefault("default", name)
            tables[name] = _table(provider)
        return tables

    def _history_variables(self) -> dict[str, str]:
        """Returns the variables of the history and of contents, without those that have their defaults."""
        history, default = self.history, HistoryConfig()
        values = {
            "LOOM_HISTORY": (history.file, default.file),
            "LOOM_HISTORY_MAX_SIZE": (history.max_size, default.max_size),
            "LOOM_HISTORY_MAX_AGE": (history.max_age, default.max_age),
            "LOOM_HISTORY_ROWS_PER_SECOND": (history.rows_per_second, default.rows_per_second),
            "LOOM_DASHBOARD_CONTENT": (self.dashboard.content, DashboardConfig.content),
        }
        return {name: str(value) for name, (value, usual) in values.items() if value != usual}

    def _default_provider_variables(self) -> dict[str, str]:
        """Returns the variables that describe the default provider, as far as its settings are known."""
        default = next(iter(self.llm_providers.values()), None)
        if default is None:
            return {}
        values = {
            "LOOM_LLM_API_KEY": default.api_key,
            "LOOM_LLM_API_BASE": default.api_base,
            "LOOM_LLM_MODEL": default.model,
        }
        return {name: value for name, value in values.items() if value}


def load_project_config(start_dir: PathLike = ".") -> ProjectConfig:
    """Resolves the configuration of the project in a folder.

    Args:
        start_dir: where the search for ``loom.toml`` begins; it goes on in the parent folders. Without a
            ``loom.toml``, the configuration consists of environment and defaults.

    Raises:
        ConfigurationError: names file, line and key of each invalid setting.
    """
    return _load(cwd=start_dir)


def effective_project_config(start_dir: PathLike = ".") -> ProjectConfig:
    """Resolves the configuration that takes effect: without the settings of an untrusted project that need trust."""
    return _project(run_json("--quiet", "config", "show", "--show-secrets", cwd=start_dir))


def _load(*options: str, cwd: Optional[PathLike] = None) -> ProjectConfig:
    return _project(run_json(*options, "--quiet", "config", "show", "--show-secrets", "--untrusted", cwd=cwd))


def _project(document: Mapping[str, Any]) -> ProjectConfig:
    """Converts the document of ``loom config show --json``."""
    tables: Mapping[str, Any] = document["config"]
    bridge = tables["bridge"]
    dashboard = tables["dashboard"]
    mcp_servers = tables.get("mcp", {})
    return ProjectConfig(
        name=tables.get("name"),
        version=tables.get("version", ProjectConfig.version),
        description=tables.get("description"),
        bridge=BridgeConfig(**{key: bridge[key] for key in ("address", "mode", "version", "timeout_sec")}),
        dashboard=DashboardConfig(**{key: dashboard[key] for key in ("enabled", "port", "host", "content")}),
        llm_providers=_providers(tables.get("llm", {})),
        mcp_servers={name: MCPServerConfig(name=name, **server) for name, server in mcp_servers.items()},
        agents=dict(tables.get("agents", {})),
        trusted=document.get("untrusted") is None,
        history=HistoryConfig(**tables["history"]),
    )


def _providers(tables: Mapping[str, Any]) -> dict[str, LLMProviderConfig]:
    """Converts the table ``[llm]``; the default provider comes first, the others keep their order."""
    default = tables.get("default")
    names = sorted((name for name in tables if name != "default"), key=lambda name: name != default)
    return {name: LLMProviderConfig(name=name, **tables[name]) for name in names}


def _table(config: Any) -> dict[str, Any]:
    """Converts a dataclass into its ``loom.toml`` table: without ``name`` and without empty options."""
    table = {key: value for key, value in asdict(config).items() if key != "name" and value is not None}
    for option in ("extra", "price"):
        if not table.get(option, True):
            del table[option]
    return table
