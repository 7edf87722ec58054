"""Loom's runtime from Python: configuration, the runtime itself, and agents.

Everything is loaded when it is first used, so that ``import loom`` costs next to nothing.
"""

# Known to type checkers, and cheaper than importing ``typing``.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from . import embedded as embedded
    from .agent import Agent as Agent
    from .agent import Event as Event
    from .agent import ToolError as ToolError
    from .agent import tool as tool
    from .config import BridgeConfig as BridgeConfig
    from .config import DashboardConfig as DashboardConfig
    from .config import LLMProviderConfig as LLMProviderConfig
    from .config import MCPServerConfig as MCPServerConfig
    from .config import ProjectConfig as ProjectConfig
    from .config import load_project_config as load_project_config
    from .errors import LoomError as LoomError
    from .orchestrator import Orchestrator as Orchestrator
    from .orchestrator import OrchestratorConfig as OrchestratorConfig
    from .orchestrator import run_orchestrator as run_orchestrator
    from .process import RuntimeProcess as RuntimeProcess

_WHERE = {
    "Agent": "agent",
    "BridgeConfig": "config",
    "DashboardConfig": "config",
    "Event": "agent",
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
    from importlib import import_module

    if name == "embedded":
        return import_module(".embedded", __name__)
    if name == "__version__":
        return import_module("importlib.metadata").version("loom")
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("." + _WHERE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__, "__version__"})
