"""Helps where there is no network but loopback, and drives the document's snippet there."""

import array
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time

SIOCSIFFLAGS, UP = 0x8914, 0x1


def loopback_up():
    """A new network's loopback is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, array.array("B", struct.pack("16sH14s", b"lo", UP, b"")))


def run(command):
    """Runs it to its end and answers its code."""
    return subprocess.run(command, check=False).returncode


def answers(port):
    """Whether somebody listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def until(holds):
    """Waits for it, within reason."""
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError("it does not come about")
        time.sleep(0.02)


def main(command):
    """Runs a snippet that starts a runtime and waits, and ends it by Ctrl+C."""
    # A shell starts what it puts into the background with the signal ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    snippet = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    # Only the second runtime has a dashboard.
    until(lambda: answers(3030) and answers(50051))
    print("bridge and dashboard answer")
    assert snippet.poll() is None
    print("it still waits")
    os.kill(snippet.pid, signal.SIGINT)
    _, said = snippet.communicate(timeout=60)
    assert "makes room for another one" in said and "KeyboardInterrupt" in said, said
    until(lambda: not answers(3030) and not answers(50051))
    print("all have ended", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
