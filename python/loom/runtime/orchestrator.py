"""Same names as ``loom.orchestrator``."""

from ..orchestrator import *  # noqa: F403
from ..orchestrator import __all__ as __all__
