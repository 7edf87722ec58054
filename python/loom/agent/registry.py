"""The started agents of this process: of two with the same id, the second takes over."""

from __future__ import annotations

import threading
from typing import Callable
from weakref import WeakValueDictionary

_lock = threading.Lock()


class Seat:
    """The place of one started agent.

    Args:
        leave: called when another agent of the same id takes over, in the thread of that agent.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self.leave = leave


_seats: WeakValueDictionary[tuple[str, str], Seat] = WeakValueDictionary()


def take(address: str, agent_id: str, seat: Seat) -> None:
    """Makes ``seat`` the agent of this id at a bridge; the previous one is asked to leave."""
    with _lock:
        previous = _seats.get((address, agent_id))
        _seats[address, agent_id] = seat
    if previous is not None and previous is not seat:
        previous.leave()


def release(address: str, agent_id: str, seat: Seat) -> None:
    """Removes ``seat``, unless another one has taken over."""
    with _lock:
        if _seats.get((address, agent_id)) is seat:
            del _seats[address, agent_id]
