"""Support for tests in a network namespace of their own, where the document's default ports are free.

As a program, it runs a snippet of the document that starts a runtime and waits, and stops it with Ctrl+C.
"""

import array
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys

from network import accepts_connections, wait_until

SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

BRIDGE = "127.0.0.1:50051"
DASHBOARD = "127.0.0.1:3030"


def loopback_up():
    """Enables the loopback interface, which is down in a new namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, array.array("B", struct.pack("16sH14s", b"lo", IFF_UP, b"")))


def run(command):
    """Runs a command and returns its exit code."""
    return subprocess.run(command, check=False).returncode


def main(command):
    """Runs a snippet until its runtime is ready, and stops it with Ctrl+C."""
    # A shell starts background jobs with SIGINT ignored, and child processes inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    snippet = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    # The dashboard belongs to the second of the snippet's two runtimes.
    wait_until("the second runtime is ready", lambda: accepts_connections(DASHBOARD) and accepts_connections(BRIDGE))
    print("bridge and dashboard accept connections")
    assert snippet.poll() is None
    print("the snippet waits")
    os.kill(snippet.pid, signal.SIGINT)
    _, stderr = snippet.communicate(timeout=60)
    assert f"stopping the runtime at {BRIDGE}" in stderr and "KeyboardInterrupt" in stderr, stderr
    wait_until("both runtimes stop", lambda: not accepts_connections(DASHBOARD) and not accepts_connections(BRIDGE))
    print("no runtime is left", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
