"""Same names as ``loom.embedded``."""

from ..embedded import *  # noqa: F403
from ..embedded import __all__ as __all__
