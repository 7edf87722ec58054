"""The fixture `loom_replay`, and what it publishes."""

import asyncio
import json
import subprocess
import sys

import pytest

from loom import Agent, embedded
from loom.errors import ConfigurationError
from loom.replay import ReplayError, replay

ORIGINAL = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def runtime():
    with embedded.start(mode="full", bridge_addr="127.0.0.1:0", dashboard_port=0) as bridge:
        yield bridge


def exported(folder, *events, name="run.json", **others):
    """Writes a file of an exported run."""
    file = folder / name
    file.write_text(json.dumps({"schema": 1, "run": ORIGINAL, "started_at": "", "events": events} | others))
    return file


def event(topic, payload, gap_ms=0.0, **others):
    return {"topic": topic, "type": "quote", "metadata": {"desk": "7"}, "payload": payload, "gap_ms": gap_ms} | others


def test_agents_handle_what_is_replayed_in_a_new_run(project, runtime):
    file = exported(project, event("price", '{"ask": 7}'), event("price", '{"ask": 9}', 5_000.0))

    async def order(agent, topic, received):
        await agent.publish("order", received.json())

    async def test():
        async with Agent("trader", ["price"], on_event=order, address=runtime.address):
            run = await asyncio.to_thread(replay, file, speed=100, dashboard_url=runtime.dashboard_url)
            await asyncio.to_thread(run.wait, lambda run: run.topics().count("order") == 2)
            return run

    run = asyncio.run(asyncio.wait_for(test(), 60))
    assert run.replay_of == ORIGINAL and run.id != ORIGINAL
    assert [(each["topic"], each["delivered"]) for each in run.published] == [("price", 1), ("price", 1)]
    asks = [json.loads(each["payload_preview"])["ask"] for each in run.events() if each["topic"] == "order"]
    assert asks == [7, 9]
    detail = run.detail()
    assert detail["error"] is None and "trader" in detail["agents"]
    assert {each["metadata"].get("desk") for each in run.events() if each["topic"] == "price"} == {"7"}


def test_bytes_and_topics_of_choice(project, runtime):
    file = exported(project, {"topic": "price", "payload_hex": "00ff"}, event("other", "plain text"))
    received = []

    async def keep(agent, topic, event):
        received.append((topic, event.payload))

    async def test():
        async with Agent("a", ["test"], on_event=keep, address=runtime.address):
            await asyncio.to_thread(replay, file, "test", dashboard_url=runtime.dashboard_url)
            while len(received) < 2:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(test(), 60))
    assert received == [("test", b"\0\xff"), ("test", b"plain text")]


@pytest.mark.parametrize(
    "second, words",
    [
        ({"topic": "order"}, "event 2 on order has no payload: it was not kept; nothing was published"),
        (event("order", '[{"api_key": "***"}]'), "redacted: api_key"),
        (event("order", "{}", metadata={"token": "***"}), "redacted: token"),
        (event("order", "x", is_cut=True), "only the beginning"),
        (event("order", "x", payload_hex="00"), "either payload or payload_hex"),
        (event("order", "x", 1e9), "at most an hour"),
        (event("", "x"), "needs a topic"),
        ({"topic": "order", "payload_hex": "0x"}, "no pairs of hexadecimal digits"),
        (event("order", "x", metadata={"n": 7}), "metadata that is not text"),
        (7, "needs a topic"),
    ],
)
def test_what_is_not_complete_is_refused_by_name(project, second, words):
    file = exported(project, event("price", "1"), second)
    # Nothing listens there: nothing was published.
    with pytest.raises(ReplayError, match="could not replay") as caught:
        replay(file, dashboard_url="http://127.0.0.1:9")
    assert words in str(caught.value)


def test_other_mistakes_are_named(project, monkeypatch):
    whole = exported(project, event("price", "1"))
    with pytest.raises(ReplayError, match="does not answer"):
        replay(whole, dashboard_url="http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="LOOM_DASHBOARD_URL is not set"):
        replay(whole)
    with pytest.raises(ConfigurationError, match="speed must be positive"):
        replay(whole, speed=0, dashboard_url="http://127.0.0.1:9")
    with pytest.raises(ReplayError, match="no exported run of schema 1"):
        replay(exported(project, schema=2), dashboard_url="http://127.0.0.1:9")
    with pytest.raises(ReplayError, match="1 to 10000 events"):
        replay(exported(project), dashboard_url="http://127.0.0.1:9")
    with pytest.raises(ReplayError, match="could not replay"):
        replay(project / "none.json", dashboard_url="http://127.0.0.1:9")


def test_the_fixture_starts_a_runtime_where_none_is_named(project):
    exported(project, event("price", "1"))
    (project / "pytest.ini").write_text("[pytest]\nloom_version = 0.2.0\nloom_mode = full\n")
    (project / "test_it.py").write_text(
        "import os\n"
        "def test_it(loom_replay):\n"
        "    run = loom_replay('run.json', to='test.price', speed=10)\n"
        "    run.wait(lambda run: run.topics() == ['test.price'])\n"
        "    assert run.detail()['trigger'] == 'test.price'\n"
        "    assert run.dashboard_url == os.environ['LOOM_DASHBOARD_URL']\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    completed = subprocess.run(command, cwd=project, stdout=subprocess.PIPE, text=True, check=False)
    assert "1 passed" in completed.stdout, completed.stdout
