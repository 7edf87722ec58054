"""Calls of the functions that a user gave: on_event and tools."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from concurrent.futures import Executor
from functools import partial
from typing import Any, Callable, Optional


class FunctionCancelled(Exception):
    """The function ended with ``CancelledError``: a task that it waited for was cancelled."""

    def __init__(self) -> None:
        super().__init__("a task that the function waited for was cancelled")


async def call(function: Callable[..., Any], *arguments: Any, executor: Optional[Executor] = None, **named: Any) -> Any:
    """Calls a coroutine function in the event loop, any other function in a thread; waits for an awaitable result.

    A plain function may take long; in a thread it holds up neither heartbeats nor other agents of the event loop.

    Raises:
        FunctionCancelled: if the function ended with ``CancelledError``, unless the caller itself is cancelled.
        Exception: whatever the function raises.
    """
    task = asyncio.ensure_future(_result(function, executor, arguments, named))
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        raise
    if task.cancelled():
        raise FunctionCancelled
    return task.result()


async def _result(function: Callable[..., Any], executor: Optional[Executor], arguments: Any, named: Any) -> Any:
    if _is_coroutine_function(function):
        return await function(*arguments, **named)
    loop = asyncio.get_running_loop()
    # Threads of an executor have no context variables of the task.
    in_context = partial(contextvars.copy_context().run, function, *arguments, **named)
    result = await loop.run_in_executor(executor, in_context)
    return await result if inspect.isawaitable(result) else result


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))
