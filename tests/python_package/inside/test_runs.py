"""What agents do belongs to the run that it follows from."""

import asyncio
import contextvars
import json
import subprocess
import threading
import time
import urllib.request

import pytest

from loom import Agent, ToolError, embedded, tool

DEADLINE = 20


@pytest.fixture
def runtime():
    with embedded.start(mode="full", bridge_addr="127.0.0.1:0", dashboard_port=0) as bridge:
        yield bridge


def run(test):
    """Runs the coroutine of a test; fails after 60 seconds."""
    return asyncio.run(asyncio.wait_for(test, 60))


def get_json(runtime, path):
    with urllib.request.urlopen(runtime.dashboard_url + path, timeout=DEADLINE) as response:
        return json.load(response)


async def spans_when(runtime, is_complete):
    """Returns the latest spans, oldest first, once they are complete."""
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while True:
        spans = await asyncio.to_thread(get_json, runtime, "/api/spans/recent?limit=1000")
        if is_complete(spans):
            return spans[::-1]
        assert asyncio.get_running_loop().time() < deadline, spans
        await asyncio.sleep(0.05)


def named(spans, name, **attributes):
    """Returns the only span of this name and these attributes."""
    (found,) = [s for s in spans if s["name"] == name and attributes.items() <= s["attributes"].items()]
    return found


def ancestors(spans, span):
    """Returns the names of the spans from this one to the root of its run."""
    by_id = {each["span_id"]: each for each in spans}
    names = [span["name"]]
    while span["parent_span_id"]:
        span = by_id[span["parent_span_id"]]
        names.append(span["name"])
    return names


def test_a_chain_of_agents_is_one_run(runtime):
    done = asyncio.Event()

    async def analyse(agent, topic, event):
        async with agent.span("plan", model="none", steps=2, sure=True, share=0.5):
            fee = await agent.call_tool("fee", {"amount": 3})
        await agent.publish("analysis", {"fee": fee})

    def order(agent, topic, event):
        # A plain handler runs in a thread.
        asyncio.run_coroutine_threadsafe(agent.publish("order", event.json()), agent.loop).result()

    async def book(agent, topic, event):
        done.set()

    @tool()
    def fee(amount: int) -> int:
        return amount * 2

    async def test():
        at = dict(address=runtime.address)
        async with (
            Agent("clerk", tools=[fee], **at),
            Agent("analyst", ["price"], on_event=analyse, **at),
            Agent("trader", ["analysis"], on_event=order, **at),
            Agent("book", ["order"], on_event=book, **at),
            Agent("market", **at) as market,
        ):
            await market.publish("price", 1)
            await market.publish("quiet", 2)
            await done.wait()
            spans = await spans_when(runtime, lambda spans: sum(s["name"] == "event.handle" for s in spans) == 3)
        price = named(spans, "event.publish", topic="price")
        in_run = [span for span in spans if span["trace_id"] == price["trace_id"]]
        ordered = named(spans, "event.publish", topic="order")
        event = ["event.publish", "event.deliver", "event.handle"]
        assert ancestors(in_run, ordered) == [
            "event.publish", "event.handle", "event.deliver", "event.publish", "event.handle", "event.deliver",
            "event.publish",
        ]  # fmt: skip
        executed = named(in_run, "tool.execute", tool="fee")
        assert ancestors(in_run, executed) == ["tool.execute", "tool.call", "plan", *event[::-1]]
        plan = named(in_run, "plan", agent="analyst")
        assert plan["attributes"] == {
            "agent": "analyst", "model": "none", "steps": "2", "sure": "true", "share": "0.5",
        }  # fmt: skip
        assert plan["status"] == "ok"
        assert named(spans, "event.publish", topic="quiet")["trace_id"] != price["trace_id"]

    run(test())


def test_a_failed_handler_and_a_failed_tool_are_errors_of_the_run(runtime):
    async def fail(agent, topic, event):
        try:
            await agent.call_tool("broken")
        except ToolError:
            raise ValueError("no order") from None

    @tool()
    def broken() -> None:
        raise RuntimeError("out of paper")

    async def test():
        at = dict(address=runtime.address)
        async with Agent("a", ["t"], tools=[broken], on_event=fail, **at), Agent("b", **at) as b:
            await b.publish("t", 1)
            spans = await spans_when(runtime, lambda spans: any(s["name"] == "event.handle" for s in spans))
        handled = named(spans, "event.handle", topic="t")
        assert (handled["status"], handled["error_message"]) == ("error", "ValueError: no order")
        assert handled["attributes"]["code"] == "ValueError"
        executed = named(spans, "tool.execute", tool="broken")
        assert (executed["status"], executed["error_message"]) == ("error", "RuntimeError: out of paper")
        assert len({s["trace_id"] for s in spans if s["name"] != "agent.register"}) == 1

    run(test())


def test_tasks_and_threads_belong_to_the_run_if_they_have_its_context(runtime):
    async def handle(agent, topic, event):
        loop = asyncio.get_running_loop()

        def publish(name):
            asyncio.run_coroutine_threadsafe(agent.publish(name), loop).result()

        await asyncio.create_task(agent.publish("task"))
        await asyncio.to_thread(publish, "thread")
        own = threading.Thread(target=contextvars.copy_context().run, args=(publish, "own-thread"))
        own.start()
        await loop.run_in_executor(None, own.join)

    async def test():
        at = dict(address=runtime.address)
        async with Agent("a", ["t"], on_event=handle, **at), Agent("b", **at) as b:
            await b.publish("t")
            spans = await spans_when(runtime, lambda spans: any(s["name"] == "event.handle" for s in spans))
        handled = named(spans, "event.handle", topic="t")
        for topic in ("task", "thread", "own-thread"):
            assert named(spans, "event.publish", topic=topic)["parent_span_id"] == handled["span_id"], topic

    run(test())


def test_a_request_and_its_reply_are_one_run_for_agents_that_know_nothing_of_runs(runtime):
    async def answer(agent, topic, event):
        # As an SDK that names only the request.
        context = contextvars.Context()
        await asyncio.create_task(agent.reply(event, "yes"), context=context)

    async def test():
        at = dict(address=runtime.address)
        async with Agent("a", ["question"], on_event=answer, **at), Agent("b", **at) as b:
            assert (await b.request("question")).text == "yes"
            spans = await spans_when(runtime, lambda spans: any(s["name"] == "event.handle" for s in spans))
        question = named(spans, "event.publish", topic="question")
        reply = named(spans, "event.publish", topic="agent.b.replies")
        assert (reply["trace_id"], reply["parent_span_id"]) == (question["trace_id"], question["span_id"])

    run(test())


def test_baggage_and_secrecy_travel_with_the_run(runtime):
    seen = {}

    async def keep(agent, topic, event):
        seen[topic] = dict(event.metadata)
        if topic == "first":
            await agent.publish("second")
        else:
            done.set()

    done = asyncio.Event()

    async def test():
        at = dict(address=runtime.address)
        async with Agent("a", ["first", "second"], on_event=keep, **at), Agent("b", **at) as b:
            await b.publish("first", secret=True, metadata={"baggage": "tenant=7,loom.secret=true;note=x"})
            await done.wait()
        assert seen["second"]["baggage"] == "tenant=7,loom.secret=true;note=x"
        assert seen["second"]["loom.secret"] == "true"
        assert "loom.secret" not in seen["second"]["traceparent"]

    run(test())


def test_spans_of_secret_runs_have_the_type_of_the_error_alone(runtime, caplog):
    done = asyncio.Event()

    async def fail(agent, topic, event):
        done.set()
        with agent.span("parse", card=event.text):
            int(event.text)

    async def test():
        async with Agent("a", ["first"], address=runtime.address, on_event=fail) as a:
            await a.publish("first", "hush", secret=True)
            await done.wait()
        spans = await spans_when(runtime, lambda spans: {"parse", "event.handle"} <= {span["name"] for span in spans})
        for name in ["parse", "event.handle"]:
            failed = named(spans, name, agent="a")
            assert failed["error_message"] == "error (secret run)" and "hush" not in str(failed)
            assert failed["attributes"].get("error.type", failed["attributes"].get("code")) == "ValueError"

    run(test())
    assert "ValueError (secret run)" in caplog.text and "hush" not in caplog.text


def test_a_span_outside_of_a_handler_begins_a_run(runtime):
    async def test():
        async with Agent("a", address=runtime.address) as agent:
            with agent.span("job") as span:
                traceparent = span.traceparent
                await agent.publish("t")
            with pytest.raises(RuntimeError, match="span 'job' is not open"):
                span.fail("late")
            await agent.publish("u")
        spans = await spans_when(runtime, lambda spans: any(s["name"] == "job" for s in spans))
        job = named(spans, "job", agent="a")
        assert traceparent == f"00-{job['trace_id']}-{job['span_id']}-01"
        assert named(spans, "event.publish", topic="t")["parent_span_id"] == job["span_id"]
        assert named(spans, "event.publish", topic="u")["parent_span_id"] is None

    run(test())


def test_the_shell_shows_what_the_dashboard_knows(loom, project):
    def loom_runs(*arguments, code=0):
        done = subprocess.run([loom, "runs", *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        return done

    async def work(address):
        async def fail(agent, topic, event):
            raise ValueError("no order today")

        async with (
            Agent("trader", ["price"], on_event=fail, address=address),
            Agent("market", address=address) as market,
        ):
            await market.publish("price", {"ask": 7})
            await asyncio.sleep(0.5)

    assert "no history of runs yet" in loom_runs(code=3).stderr
    up = [loom, "up", "--detach", "--json", "--version", "0.2.0", "--bridge-port", "0", "--dashboard-port", "0"]
    document = json.loads(subprocess.run(up, capture_output=True, check=True, timeout=60).stdout)
    run(work(document["bridge"]["address"]))
    failed = []
    for _ in range(100):
        failed = json.loads(loom_runs("--failed", "--json").stdout)["runs"]
        if failed:
            break
        time.sleep(0.1)
    (found,) = failed
    assert (found["trigger"], found["error"]) == ("price", "ValueError: no order today")
    listed = loom_runs("--agent", "trader").stdout
    assert found["id"][:12] in listed and "ValueError: no order today" in listed
    shown = loom_runs("show", found["id"][:12]).stdout
    assert '{"ask": 7}' in shown and "FAILED: ValueError: no order today" in shown
    exported = json.loads(loom_runs("export", found["id"]).stdout)
    assert [event["topic"] for event in exported["events"]] == ["price"]
    subprocess.run([loom, "down"], check=True, capture_output=True, timeout=60)

    after = json.loads(loom_runs("--json", "--search", "ask").stdout)["runs"]
    assert found["id"] in [kept["id"] for kept in after], "the file answers while nothing runs"
    assert "removed by a running runtime" in loom_runs("rm", found["id"], code=3).stderr
    subprocess.run(up, check=True, capture_output=True, timeout=60)
    assert "removed 1 run" in loom_runs("rm", found["id"]).stdout
    assert "no such run" in loom_runs("show", found["id"], code=3).stderr
    subprocess.run([loom, "down"], check=True, capture_output=True, timeout=60)
