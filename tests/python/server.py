"""The server under test."""

import json
import os
import signal
import subprocess
import time
from contextlib import nullcontext

import grpc

DEADLINE = 20
"""Seconds after which a server or stream counts as hung."""


class Server:
    """A process of the program `LOOM_TEST_SERVER`, and a channel to it."""

    def __init__(self, ready_file, environment, log=None):
        binary = os.environ.get("LOOM_TEST_SERVER")
        assert binary, "LOOM_TEST_SERVER must name the loom-bridge-server to test"
        self.ready_file = ready_file
        variables = {"LOOM_BRIDGE_ADDR": "127.0.0.1:0", "LOOM_READY_FILE": str(ready_file)}
        variables |= {"PATH": os.environ.get("PATH", ""), "RUST_LOG": "warn"}
        self.log = log
        with open(log, "wb") if log else nullcontext() as stderr:
            self.process = subprocess.Popen([binary], env=variables | environment, stderr=stderr)
        self.channels = []

    def wait_ready(self):
        """Waits for the ready file, which the server writes once it listens."""
        deadline = time.monotonic() + DEADLINE
        while not self.ready_file.exists():
            assert self.process.poll() is None, f"the server has ended with {self.process.returncode}"
            assert time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.005)
        ready = json.loads(self.ready_file.read_text())
        self.address, self.dashboard = ready["bridge"], ready["dashboard"]
        self.channel = self.connect()
        return self

    def connect(self, address=None):
        """Returns a channel with a connection of its own, as another process would have."""
        channel = grpc.insecure_channel(address or self.address, options=[("grpc.use_local_subchannel_pool", 1)])
        self.channels.append(channel)
        return channel

    def bridge(self, channel=None):
        """Returns a stub of `Bridge`."""
        from loom.v1 import bridge_pb2_grpc

        return bridge_pb2_grpc.BridgeStub(channel or self.channel)

    def stop(self):
        """Asks the server to stop. Returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def close(self):
        """Closes the channels and kills the server."""
        for channel in self.channels:
            channel.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE)
