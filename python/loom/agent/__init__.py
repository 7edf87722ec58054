"""Agents: ``pip install loom[agent]``.

=============  ==========================================================
module         holds
=============  ==========================================================
``agent``      :class:`Agent`: what its owner calls
``event``      :class:`Event`: what it hears
``tool``       :func:`tool`: what others may call
``connection``  one connection to the bridge, from registering to its end
=============  ==========================================================
"""

from ..errors import LoomError

try:
    import google.protobuf as _protobuf
    import grpc as _grpc
except ImportError as missing:
    raise LoomError(
        "an agent needs grpcio and protobuf", hint="pip install 'loom[agent]'", chain=[str(missing)]
    ) from missing
del _grpc, _protobuf

from .agent import Agent
from .event import Event
from .tools import Tool, ToolError, tool

__all__ = ["Agent", "Event", "Tool", "ToolError", "tool"]
