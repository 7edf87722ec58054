"""JSON Schema of a function's parameters."""

from __future__ import annotations

import inspect
import typing
from typing import Any, Callable, Mapping

_TYPES: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}


def parameters_schema(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Returns the JSON Schema of an object with one property for each parameter.

    ``*args`` and ``**kwargs`` are omitted. A parameter without an annotation, or with one that has no counterpart in
    JSON, accepts any value.
    """
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}  # An annotation names something that does not exist at run time.
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        properties[parameter.name] = _type_schema(hints.get(parameter.name))
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    return {"type": "object", "properties": properties, "required": required}


def _type_schema(hint: Any) -> dict[str, Any]:
    origin = typing.get_origin(hint) or hint
    if origin is typing.Union:
        return {"anyOf": [_type_schema(choice) for choice in typing.get_args(hint)]}
    name = _TYPES.get(origin)
    return {"type": name} if name else {}
