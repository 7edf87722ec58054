"""Tools: functions that other agents may call."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, TypeVar, cast

from loom.v1 import action_pb2

from .calling import call as call_function
from .schema import parameters_schema

F = TypeVar("F", bound=Callable[..., Any])


class ToolError(RuntimeError):
    """A failed call of a tool."""

    code: str
    """Machine-readable code, such as ``NOT_FOUND``, ``TIMEOUT``, ``INVALID_ARGUMENTS`` or ``TOOL_ERROR``."""
    message: str
    """What failed, in one line."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message

    def __reduce__(self) -> Any:
        return (type(self), (self.code, self.message))


class _InvalidArguments(Exception):
    """The arguments of a call do not fit the tool; ``code`` is the error code of the result."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Tool:
    """A function with the description that callers see."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of the arguments; describes an object."""
    function: Callable[..., Any]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Tool:
        """Returns the tool of a function.

        Args:
            function: a function that :func:`tool` decorated, or any other; the tool of the latter has the function's
                name, docstring and parameters.
        """
        decorated = getattr(function, "__loom_tool__", None)
        return decorated if isinstance(decorated, cls) else _tool_from(function)

    def descriptor(self) -> action_pb2.ToolDescriptor:
        """Returns the protobuf message that registers the tool at the bridge."""
        return action_pb2.ToolDescriptor(
            name=self.name,
            description=self.description,
            parameters_schema=json.dumps(self.parameters),
            provider=action_pb2.PROVIDER_GRPC,
        )

    async def answer(self, call: action_pb2.ToolCall) -> action_pb2.ToolResult:
        """Executes a call: a coroutine function in the event loop, any other function in a thread.

        Returns:
            The result for the caller; it describes the error if the call failed.
        """
        try:
            arguments = self._arguments(call)
        except _InvalidArguments as error:
            message = f"invalid arguments for {self.name}: {error}"
            return error_result(call, action_pb2.TOOL_INVALID_ARGUMENTS, error.code, message)
        try:
            output = json.dumps(await call_function(self.function, **arguments))
        except Exception as error:  # The caller receives any error of the function.
            message = f"{type(error).__name__}: {error}"
            return error_result(call, action_pb2.TOOL_ERROR, "TOOL_ERROR", message)
        return action_pb2.ToolResult(id=call.id, status=action_pb2.TOOL_OK, output=output)

    def _arguments(self, call: action_pb2.ToolCall) -> dict[str, Any]:
        """Parses the arguments of a call and checks that the function accepts them.

        Raises:
            _InvalidArguments: if they are no JSON object, or the function does not accept them.
        """
        try:
            arguments: Any = json.loads(call.arguments or "{}")
        except ValueError as error:
            raise _InvalidArguments("INVALID_ARGUMENTS", f"expected a JSON object, got invalid JSON: {error}") from None
        if not isinstance(arguments, dict):
            raise _InvalidArguments("INVALID_ARGUMENTS", f"expected a JSON object, got {type(arguments).__name__}")
        try:
            inspect.signature(self.function).bind(**arguments)
        except TypeError as error:
            raise _InvalidArguments("INVALID_INPUT", str(error)) from None
        return cast("dict[str, Any]", arguments)


def tool(
    name: Optional[str] = None,
    *,
    description: Optional[str] = None,
    parameters: Optional[Mapping[str, Any]] = None,
) -> Callable[[F], F]:
    """Returns a decorator that declares a function, plain or ``async``, as a tool.

    Args:
        name: the tool's name, by default the name of the function.
        description: what the tool does, by default the first line of the function's docstring.
        parameters: JSON Schema of the arguments, by default derived from the function's annotations.
    """

    def decorate(function: F) -> F:
        function.__loom_tool__ = _tool_from(function, name, description, parameters)  # type: ignore[attr-defined]
        return function

    return decorate


def error_result(
    call: action_pb2.ToolCall, status: action_pb2.ToolStatus, code: str, message: str
) -> action_pb2.ToolResult:
    """Returns the result of a failed call."""
    error = action_pb2.ToolError(code=code, message=message)
    return action_pb2.ToolResult(id=call.id, status=status, error=error)


def _tool_from(
    function: Callable[..., Any],
    name: Optional[str] = None,
    description: Optional[str] = None,
    parameters: Optional[Mapping[str, Any]] = None,
) -> Tool:
    """Returns the tool of a function; values that are not given are derived from the function."""
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    return Tool(
        name=name or function.__name__,
        description=summary if description is None else description,
        parameters=parameters_schema(function) if parameters is None else parameters,
        function=function,
    )
