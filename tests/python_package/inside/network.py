"""Helpers for addresses of runtimes, and for conditions that become true after some time."""

import socket
import time

TIMEOUT = 60
"""Longest wait for a condition, in seconds."""


def accepts_connections(address):
    """Returns whether a process accepts TCP connections at ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def free_address():
    """Returns an address whose port is free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def wait_until(condition, holds):
    """Waits until ``holds()`` is true; fails with the text ``condition`` after ``TIMEOUT`` seconds."""
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < deadline, f"not reached within {TIMEOUT} s: {condition}"
        time.sleep(0.01)
