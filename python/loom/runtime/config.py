"""Same names as ``loom.config``."""

from ..config import *  # noqa: F403
from ..config import __all__ as __all__
