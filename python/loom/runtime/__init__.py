"""Names of ``loom.config``, ``loom.embedded`` and ``loom.orchestrator`` at the path that existing code imports."""

from ..config import (
    BridgeConfig,
    DashboardConfig,
    LLMProviderConfig,
    MCPServerConfig,
    ProjectConfig,
    load_project_config,
)
from ..embedded import (
    binary_path,
    cache_dir,
    find_local_build,
    get_binary,
    platform_tag,
    start_bridge,
    start_core,
    verify_checksum,
)
from ..orchestrator import Orchestrator, OrchestratorConfig, ProcessInfo, run_orchestrator

__all__ = [
    "BridgeConfig",
    "DashboardConfig",
    "LLMProviderConfig",
    "MCPServerConfig",
    "Orchestrator",
    "OrchestratorConfig",
    "ProcessInfo",
    "ProjectConfig",
    "binary_path",
    "cache_dir",
    "find_local_build",
    "get_binary",
    "load_project_config",
    "platform_tag",
    "run_orchestrator",
    "start_bridge",
    "start_core",
    "verify_checksum",
]
