"""Agents under load, in threads, beside each other, and while the runtime is away."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from loom import Agent, Event, ToolError, embedded, tool
from loom.agent.endpoint import Endpoint, is_loopback
from loom.agent.event_queue import MAX_BYTES, EventQueue
from loom.errors import ConfigurationError


@pytest.fixture
def runtime():
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        yield bridge


def run(test):
    """Runs the coroutine of a test; fails after 60 seconds."""
    return asyncio.run(asyncio.wait_for(test, 60))


def test_a_plain_handler_runs_in_a_thread_and_in_order(runtime):
    handled = []
    done = threading.Event()

    def on_event(agent, topic, event):
        time.sleep(0.05)
        handled.append((event.text, threading.current_thread() is threading.main_thread()))
        if len(handled) == 3:
            # A plain handler reaches the agent through its event loop.
            published = asyncio.run_coroutine_threadsafe(agent.publish("done", "x"), agent.loop)
            assert published.result(20).text == "x"
            done.set()

    async def test():
        async with Agent("a", ["t"], on_event=on_event, address=runtime.address) as agent:
            for n in range(3):
                await agent.publish("t", str(n))
            ticks = 0
            while not done.is_set():
                await asyncio.sleep(0.01)
                ticks += 1
        # The event loop went on while the handler slept.
        assert ticks > 5

    run(test())
    assert handled == [("0", False), ("1", False), ("2", False)]


def test_a_cancelled_task_inside_a_handler_or_tool_ends_that_call_only(runtime, caplog):
    async def cancelled():
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    handled = asyncio.Queue()

    async def on_event(agent, topic, event):
        if event.text == "0":
            await cancelled()
        handled.put_nowait(event.text)

    @tool("broken")
    async def broken():
        await cancelled()

    async def test():
        async with Agent("a", ["t"], [broken], on_event, address=runtime.address) as agent:
            await agent.publish("t", "0")
            await agent.publish("t", "1")
            assert await handled.get() == "1"
            with pytest.raises(ToolError, match="was cancelled"):
                await agent.call_tool("broken")

    run(test())
    assert any("on_event failed" in record.getMessage() for record in caplog.records)


def test_timeouts_hold_while_the_runtime_is_away(runtime):
    async def test():
        async with Agent("a", address=runtime.address) as agent:
            runtime.kill()
            await asyncio.get_running_loop().run_in_executor(None, runtime.wait)
            while agent._session._connection is not None:
                await asyncio.sleep(0.01)
            begun = time.monotonic()
            with pytest.raises(asyncio.TimeoutError):
                await agent.request("t", "x", timeout=0.2)
            with pytest.raises(ToolError, match="no connection to the runtime within 0.2 s") as raised:
                await agent.call_tool("x", timeout=0.2)
            assert raised.value.code == "UNAVAILABLE"
            assert time.monotonic() - begun < 20

    run(test())


def test_a_second_agent_of_one_name_takes_over(runtime, caplog):
    heard = {"first": [], "second": []}

    def listener(name):
        async def on_event(agent, topic, event):
            heard[name].append(event.text)

        return on_event

    @tool("who")
    def second_who():
        return "second"

    @tool("who")
    def first_who():
        return "first"

    async def test():
        address = runtime.address
        async with Agent("x", ["t"], [first_who], listener("first"), address=address) as first:
            async with Agent("x", ["t"], [second_who], listener("second"), address=address):
                while first._session._connection is not None:
                    await asyncio.sleep(0.01)
                with pytest.raises(ConnectionError, match="another agent of this id was started"):
                    await first.publish("t", "0")
                async with Agent("p", address=address) as publisher:
                    await publisher.publish("t", "1")
                    assert await publisher.call_tool("who") == "second"
                    while not heard["second"]:
                        await asyncio.sleep(0.01)
                    await first.stop()
                    # The end of the first one does not unregister the second.
                    assert await publisher.call_tool("who") == "second"

    run(test())
    assert heard == {"first": [], "second": ["1"]}
    assert any("takes over" in record.getMessage() for record in caplog.records)


def test_an_event_beyond_the_limit_of_the_runtime_raises(monkeypatch):
    monkeypatch.setenv("LOOM_MAX_MESSAGE_BYTES", "100000")

    @tool("large")
    def large():
        return "x" * 200_000

    async def test(address):
        async with Agent("a", ["t"], [large], address=address) as agent:
            with pytest.raises(ValueError, match="at most 100000 bytes .LOOM_MAX_MESSAGE_BYTES."):
                await agent.publish("t", b"x" * 100_000)
            with pytest.raises(ValueError, match="at most 100000 bytes"):
                await agent.call_tool("large", {"x": "x" * 100_000})
            with pytest.raises(ToolError, match="result of large: the message has"):
                await agent.call_tool("large")
            # The connection is still the first one.
            assert (await agent.publish("t", b"x" * 90_000)).type == "event"

    with embedded.start_bridge("127.0.0.1:0") as bridge:
        run(test(bridge.address))


def test_the_queue_of_a_slow_handler_is_limited_and_a_loss_is_reported(caplog):
    async def test():
        queue = EventQueue("a", max_events=3)
        for n in range(5):
            queue.put("t", Event("t", payload=str(n).encode()))
        assert queue.dropped == 2
        assert [(await queue.get())[1].text for _ in range(3)] == ["2", "3", "4"]
        half = b"x" * (MAX_BYTES // 2 + 1)
        for _ in range(2):
            queue.put("t", Event("t", payload=half))
        assert queue.dropped == 3
        queue.put("t", Event("t", payload=half + half))
        # The newest event is never dropped.
        assert len((await queue.get())[1].payload) == len(half + half)

    run(test())
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["agent a: on_event is too slow: events dropped so far: 1"]


def test_run_works_in_any_thread(runtime):
    heard = []
    agent = Agent("a", ["t"], on_event=lambda agent, topic, event: heard.append(event.text), address=runtime.address)
    thread = threading.Thread(target=agent.run)
    thread.start()

    async def publish():
        async with Agent("p", address=runtime.address) as publisher:
            while not heard:
                await publisher.publish("t", "x")
                await asyncio.sleep(0.05)

    run(publish())
    agent.request_stop()
    thread.join(20)
    assert not thread.is_alive()


def test_a_bridge_on_this_machine_is_not_asked_through_a_proxy(runtime, monkeypatch):
    for variable in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")

    async def test():
        async with Agent("a", address=runtime.address) as agent:
            await agent.publish("t")

    run(test())
    for address, expected in [
        ("127.0.0.1:1", True),
        ("127.8.8.8:1", True),
        ("[::1]:1", True),
        ("[::ffff:127.0.0.1]:1", True),
        ("localhost:1", True),
        ("localhost.example:1", False),
        ("10.0.0.1:1", False),
    ]:
        assert is_loopback(address) is expected, address


def certificate(folder):
    """Makes a certificate for this machine and its key."""
    folder.mkdir(exist_ok=True)
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext"
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        ["openssl", *command.split(), names, "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    return cert, key


def test_a_failed_handshake_is_named(tmp_path, monkeypatch, runtime):
    (cert, key), (other, _) = certificate(tmp_path / "a"), certificate(tmp_path / "b")
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")

    async def fails(address, ca, reason):
        with pytest.raises(ConnectionError, match=f"no secure connection to the runtime at .*{reason}.*check `ca`"):
            await Agent("a", address=address, ca=ca).start(timeout=3)

    run(fails(runtime.address, cert, "WRONG_VERSION_NUMBER"))
    monkeypatch.setenv("LOOM_BRIDGE_TLS_CERT", str(cert))
    monkeypatch.setenv("LOOM_BRIDGE_TLS_KEY", str(key))
    with embedded.start_bridge("127.0.0.1:0") as bridge:
        run(fails(bridge.address, other, "CERTIFICATE_VERIFY_FAILED"))
        run(fails(bridge.address, junk, "the certificates or the key cannot be used"))


@pytest.mark.skipif(os.name == "nt", reason="no process can be stopped")
def test_a_call_that_the_runtime_does_not_answer_is_a_tool_error(runtime):
    async def test():
        async with Agent("a", address=runtime.address) as agent:
            os.kill(runtime.pid, signal.SIGSTOP)
            await asyncio.sleep(0.2)
            try:
                with pytest.raises(ToolError, match="did not return the result of t within 0.1 s") as error:
                    await agent.call_tool("t", timeout=0.1)
                assert error.value.code == "TIMEOUT"
            finally:
                os.kill(runtime.pid, signal.SIGCONT)

    run(test())


def test_tls_and_the_token_are_arguments_or_variables(tmp_path, monkeypatch):
    cert, key = certificate(tmp_path)
    monkeypatch.setenv("LOOM_BRIDGE_TLS_CERT", str(cert))
    monkeypatch.setenv("LOOM_BRIDGE_TLS_KEY", str(key))
    monkeypatch.setenv("LOOM_BRIDGE_TOKEN", " secret ")

    async def test(address):
        async with Agent("argument", address=address, token="secret", ca=cert):
            pass
        monkeypatch.setenv("LOOM_BRIDGE_TLS_CA", str(cert))
        async with Agent("variable", address=f"https://{address}"):
            pass

    with embedded.start_bridge("127.0.0.1:0") as bridge:
        run(test(bridge.address))


def test_empty_tokens_and_unreadable_files_are_errors(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="token is empty"):
        Agent("a", address="127.0.0.1:1", token=" ")
    for token in ("wro ng", "schl\u00fcssel", "a\nb"):
        with pytest.raises(ConfigurationError, match="token is not of visible ASCII characters"):
            Agent("a", address="127.0.0.1:1", token=token)
    with pytest.raises(ConfigurationError, match="both its certificate and its key"):
        Agent("a", address="127.0.0.1:1", cert=tmp_path / "cert.pem")
    with pytest.raises(ConfigurationError, match="cannot read .*missing.pem"):
        Agent("a", address="127.0.0.1:1", ca=tmp_path / "missing.pem")
    monkeypatch.setenv("LOOM_BRIDGE_TOKEN", "\t")
    with pytest.raises(ConfigurationError, match="LOOM_BRIDGE_TOKEN is empty"):
        Agent("a", address="127.0.0.1:1")
    assert "secret" not in repr(Endpoint.of("127.0.0.1:1", token="secret"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only processes that fork inherit pipes")
def test_a_forked_child_does_not_keep_a_runtime_alive():
    code = (
        "import multiprocessing, os, time\n"
        "from loom import embedded\n"
        "runtime = embedded.start_bridge('127.0.0.1:0')\n"
        "child = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        "child.start()\n"
        "print(runtime.pid, child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    interpreter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    runtime, child = map(int, interpreter.stdout.readline().split())
    try:
        interpreter.kill()
        interpreter.wait()
        deadline = time.monotonic() + 20
        while is_running(runtime):
            assert time.monotonic() < deadline, "the runtime still runs"
            time.sleep(0.01)
    finally:
        os.kill(child, signal.SIGKILL)
        interpreter.stdout.close()


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    "variable", ["LOOM_BRIDGE_TLS_CA", "LOOM_BRIDGE_TLS_CLIENT_CERT", "LOOM_BRIDGE_TLS_CLIENT_KEY"]
)
@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_only_regular_files_of_limited_size_are_read(monkeypatch, tmp_path, variable):
    fifo, huge, pem = tmp_path / "fifo", tmp_path / "huge", tmp_path / "pem"
    os.mkfifo(fifo)
    huge.touch()
    os.truncate(huge, (16 << 20) + 1)
    pem.write_bytes(b"pem")
    monkeypatch.setenv("LOOM_BRIDGE_TLS_CLIENT_CERT", str(pem))
    monkeypatch.setenv("LOOM_BRIDGE_TLS_CLIENT_KEY", str(pem))
    for path, why in [
        (fifo, "not a regular file"),
        ("/dev/zero", "not a regular file"),
        (tmp_path, "not a regular file"),
        (huge, "larger than 16 MiB"),
        (tmp_path / "gone", "No such file or directory"),
    ]:
        monkeypatch.setenv(variable, str(path))
        with pytest.raises(ConfigurationError, match=f"cannot read {path}: {why}"):
            Endpoint.of("localhost:1")
    monkeypatch.setenv(variable, str(pem))
    assert Endpoint.of("localhost:1").ca == (b"pem" if variable == "LOOM_BRIDGE_TLS_CA" else None)
