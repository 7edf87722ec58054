"""Python API of Loom: project configuration, the runtime process, and agents.

Submodules are imported on first access to one of their names, so ``import loom`` loads this file only.
"""

# Type checkers take this name for true; importing ``typing`` for it would double the cost of ``import loom``.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from . import embedded as embedded
    from .agent import Agent as Agent
    from .agent import Event as Event
    from .agent import ToolError as ToolError
    from .agent import tool as tool
    from .config import BridgeConfig as BridgeConfig
    from .config import DashboardConfig as DashboardConfig
    from .config import HistoryConfig as HistoryConfig
    from .config import LLMProviderConfig as LLMProviderConfig
    from .config import MCPServerConfig as MCPServerConfig
    from .config import ProjectConfig as ProjectConfig
    from .config import load_project_config as load_project_config
    from .errors import LoomError as LoomError
    from .orchestrator import Orchestrator as Orchestrator
    from .orchestrator import OrchestratorConfig as OrchestratorConfig
    from .orchestrator import run_orchestrator as run_orchestrator
    from .process import RuntimeProcess as RuntimeProcess

_MODULE_OF = {
    "Agent": "agent",
    "BridgeConfig": "config",
    "DashboardConfig": "config",
    "Event": "agent",
    "HistoryConfig": "config",
    "LLMProviderConfig": "config",
    "LoomError": "errors",
    "MCPServerConfig": "config",
    "Orchestrator": "orchestrator",
    "OrchestratorConfig": "orchestrator",
    "ProjectConfig": "config",
    "RuntimeProcess": "process",
    "ToolError": "agent",
    "load_project_config": "config",
    "run_orchestrator": "orchestrator",
    "tool": "agent",
}

__all__ = [
    "Agent",
    "BridgeConfig",
    "DashboardConfig",
    "Event",
    "HistoryConfig",
    "LLMProviderConfig",
    "LoomError",
    "MCPServerConfig",
    "Orchestrator",
    "OrchestratorConfig",
    "ProjectConfig",
    "RuntimeProcess",
    "ToolError",
    "embedded",
    "load_project_config",
    "run_orchestrator",
    "tool",
]


def __getattr__(name: str) -> object:
    """Imports the module that defines ``name`` (PEP 562)."""
    from importlib import import_module

    if name == "embedded":
        return import_module(".embedded", __name__)
    if name == "__version__":
        return import_module("importlib.metadata").version("loom")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("." + _MODULE_OF[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__, "__version__"})
