"""Default values of arguments that configuration overrides.

A function declares ``version: str = LATEST``: signature and documentation show ``latest``, and :func:`is_given` tells
an omitted argument from ``version="latest"``, which the caller wrote.
"""

from __future__ import annotations

from typing import Any


class _DefaultText(str):
    """A default text; environment and ``loom.toml`` override it."""


class _DefaultNumber(int):
    """A default number; environment and ``loom.toml`` override it."""


ADDRESS: str = _DefaultText("127.0.0.1:50051")
LATEST: str = _DefaultText("latest")
MODE: str = _DefaultText("full")
DASHBOARD_PORT: int = _DefaultNumber(3030)


def is_given(value: Any) -> bool:
    """Returns whether the caller passed ``value``, rather than ``None`` or one of the defaults above."""
    return value is not None and not isinstance(value, (_DefaultText, _DefaultNumber))
