"""The example whose prices, analyses and orders are one run each."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboard import get_json
from language_model import LanguageModel
from server import DEADLINE
from test_llm import table
from test_runs import runs_when, settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def model(tmp_path):
    model = LanguageModel(tmp_path, [({}, {"content": "Better wait."})])
    yield model
    model.close()


@pytest.fixture
def example():
    """Starts the example at a server; it is killed after the test."""
    started = []

    def start_one(server):
        env = os.environ | {"PYTHONPATH": str(ROOT / "python"), "LOOM_BRIDGE_ADDR": server.address}
        command = [sys.executable, ROOT / "examples" / "python" / "trading.py"]
        started.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait(DEADLINE)
        process.stdout.close()


def whole_run(server):
    """The first run from a price to an order whose spans have all arrived, and its spans by id."""
    has_all = lambda run: run["trigger"] == "trading.price" and run["events"] == 3 and "trader" in run["agents"]
    deadline = time.monotonic() + DEADLINE
    while True:
        (run, *_) = [run for run in runs_when(server, lambda runs: any(map(has_all, runs))) if has_all(run)][-1:]
        spans = get_json(server, f"/api/runs/{run['id']}")["span_list"]
        if {"analyse", "event.handle"} <= {span["name"] for span in spans} and spans_of(spans, "event.publish", "trading.order"):
            return run, spans
        assert time.monotonic() < deadline, spans
        time.sleep(0.1)


def spans_of(spans, name, topic=None):
    return [span for span in spans if span["name"] == name and span["topic"] == topic]


def ancestors(spans, span):
    """The names of the spans from this one to the root of its run, with their topics or tools."""
    by_id = {each["span_id"]: each for each in spans}
    names = []
    while span:
        names.append(" ".join(filter(None, [span["name"], span["tool"] or span["topic"]])))
        span = by_id[span["parent_span_id"]] if span["parent_span_id"] else None
    return names


def test_a_price_an_analysis_and_an_order_are_one_run(start, tmp_path, model, example):
    variables = {"LOOM_LLM_PROVIDERS": json.dumps({"local": table(model)})}
    server = start(**settings(tmp_path / "history.db"), **variables)
    process = example(server)
    assert process.stdout.readline() == "100.0: no order\n"
    run, spans = whole_run(server)
    assert set(run["agents"]) == {"market", "analyst", "trader"}
    (ordered,) = spans_of(spans, "event.publish", "trading.order")
    up_to_analysis = [
        "event.publish trading.order",
        "event.handle trading.analysis",
        "event.deliver trading.analysis",
        "event.publish trading.analysis",
    ]
    up_to_price = ["event.handle trading.price", "event.deliver trading.price", "event.publish trading.price"]
    assert ancestors(spans, ordered) == up_to_analysis + up_to_price
    (asked,) = [span for span in spans if span["name"] == "llm.generate"]
    assert asked["model"] == "m" and ancestors(spans, asked)[-4:] == ["analyse", *up_to_price]
    (called,) = [span for span in spans if span["name"] == "tool.execute"]
    assert called["tool"] == "trading.risk" and called["agent"] == "analyst"
    roots = [span for span in spans if not span["parent_span_id"]]
    assert [root["name"] for root in roots] == ["event.publish"], "one waterfall"
    words = [body["text"] for span in spans for body in span["bodies"]]
    assert any("Buy at 100.0" in text for text in words) and any("Better wait." in text for text in words)


def test_without_a_model_the_rule_decides(start, tmp_path, example):
    server = start(**settings(tmp_path / "history.db"))
    assert example(server).stdout.readline() == "100.0: order\n"
