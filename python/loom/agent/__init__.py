"""Agents: publish and receive events, call tools and offer tools. Requires ``pip install "loom[agent]"``.

==============  =============================================================
module          content
==============  =============================================================
``agent``       :class:`Agent`: the public interface
``dispatch``    what arrives: events, replies, calls of tools
``session``     keeps an agent connected: retries and backoff
``connection``  one connection to the bridge, from registration to its end
``endpoint``    address, token and TLS of the bridge
``registry``    two agents of one id in this process
``event_queue`` events that wait for the handler, and their limit
``calling``     calls of the user's functions: in the event loop or in a thread
``event``       :class:`Event`: payload and metadata
``tools``       :class:`Tool` and :func:`tool`: functions that others may call
``schema``      JSON Schema of a function's parameters
==============  =============================================================
"""

from ..errors import LoomError

try:
    import google.protobuf as _protobuf
    import grpc as _grpc
except ImportError as missing:
    raise LoomError(
        "cannot import loom.agent: grpcio and protobuf are required",
        hint='install them with `pip install "loom[agent]"`',
        chain=[str(missing)],
    ) from missing
del _grpc, _protobuf

from .agent import Agent
from .event import Event
from .tools import Tool, ToolError, tool

__all__ = ["Agent", "Event", "Tool", "ToolError", "tool"]
