"""Functions that others may call."""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, TypeVar

from loom.v1 import action_pb2

F = TypeVar("F", bound=Callable[..., Any])

_TYPES: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}


class ToolError(RuntimeError):
    """A call that failed."""

    code: str
    """Such as ``NOT_FOUND``, ``TIMEOUT``, ``INVALID_ARGUMENTS`` or ``TOOL_ERROR``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code, self.message = code, message

    def __reduce__(self) -> Any:
        return (type(self), (self.code, self.message))


@dataclass(frozen=True)
class Tool:
    """A function with what callers have to know of it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """The JSON Schema of its arguments, an object."""
    function: Callable[..., Any]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Tool:
        """The tool that a function was declared as; else one with its name, docstring and parameters."""
        declared = getattr(function, "__loom_tool__", None)
        return declared if isinstance(declared, cls) else declare(function)

    def descriptor(self) -> action_pb2.ToolDescriptor:
        """What the bridge is told of it."""
        return action_pb2.ToolDescriptor(
            name=self.name,
            description=self.description,
            parameters_schema=json.dumps(self.parameters),
            provider=action_pb2.PROVIDER_GRPC,
        )

    async def answer(self, call: action_pb2.ToolCall) -> action_pb2.ToolResult:
        """Calls the function as ``call`` wants it; a plain function has a thread of its own."""
        try:
            arguments = json.loads(call.arguments or "{}")
            if not isinstance(arguments, dict):
                raise ValueError("they are no object")
        except ValueError as error:
            why = f"the arguments are not understood: {error}"
            return failed(call, action_pb2.TOOL_INVALID_ARGUMENTS, "INVALID_ARGUMENTS", why)
        try:
            inspect.signature(self.function).bind(**arguments)
        except TypeError as error:
            why = f"{self.name}: {error}"
            return failed(call, action_pb2.TOOL_INVALID_ARGUMENTS, "INVALID_INPUT", why)
        try:
            if inspect.iscoroutinefunction(self.function):
                result = await self.function(**arguments)
            else:
                result = await asyncio.to_thread(self.function, **arguments)
            output = json.dumps(result)
        except Exception as error:  # Whatever it is, the caller is told.
            return failed(call, action_pb2.TOOL_ERROR, "TOOL_ERROR", f"{type(error).__name__}: {error}")
        return action_pb2.ToolResult(id=call.id, status=action_pb2.TOOL_OK, output=output)


def tool(
    name: Optional[str] = None,
    *,
    description: Optional[str] = None,
    parameters: Optional[Mapping[str, Any]] = None,
) -> Callable[[F], F]:
    """Declares a function, plain or ``async``, as a tool.

    Args:
        name: by default the function's.
        description: by default the first line of its docstring.
        parameters: the JSON Schema of its arguments, by default made from its annotations.
    """

    def declared(function: F) -> F:
        function.__loom_tool__ = declare(function, name, description, parameters)  # type: ignore[attr-defined]
        return function

    return declared


def declare(
    function: Callable[..., Any],
    name: Optional[str] = None,
    description: Optional[str] = None,
    parameters: Optional[Mapping[str, Any]] = None,
) -> Tool:
    """The tool of a function; what is not given is read from it."""
    documented = (inspect.getdoc(function) or "").partition("\n")[0]
    return Tool(
        name=name or function.__name__,
        description=documented if description is None else description,
        parameters=_schema(function) if parameters is None else parameters,
        function=function,
    )


def failed(
    call: action_pb2.ToolCall, status: action_pb2.ToolStatus, code: str, message: str
) -> action_pb2.ToolResult:
    """The result of a call that failed."""
    error = action_pb2.ToolError(code=code, message=message)
    return action_pb2.ToolResult(id=call.id, status=status, error=error)


def _schema(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}  # Annotations that mean nothing at run time.
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        properties[parameter.name] = _type(hints.get(parameter.name))
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    return {"type": "object", "properties": properties, "required": required}


def _type(hint: Any) -> dict[str, Any]:
    origin = typing.get_origin(hint) or hint
    if origin is typing.Union:
        return {"anyOf": [_type(choice) for choice in typing.get_args(hint)]}
    name = _TYPES.get(origin)
    return {"type": name} if name else {}
