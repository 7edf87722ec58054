"""Prompts, answers, arguments and results in the spans that agents send, in the form of OpenTelemetry's conventions."""

import json

import pytest

from dashboard import get_json
from otlp_spans import send_spans
from test_runs import runs_when, settings

TRACE = "a1" * 16
MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "sell the haystack?"}], "api_key": "sk-hidden"}]
CONTENT = {
    "gen_ai.request.model": "small",
    "gen_ai.usage.input_tokens": "7",
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "you trade hay"}]),
    "gen_ai.input.messages": json.dumps(MESSAGES),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "no needle"}]}]),
}
WORDS = ["sell the haystack", "you trade hay", "no needle"]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "history.db"


def send(server, **attributes):
    span = {"trace": TRACE, "id": 1, "name": "chat small", "attributes": CONTENT | attributes}
    send_spans(server, [span])
    (run,) = runs_when(server, lambda runs: any(run["id"] == TRACE for run in runs))
    return get_json(server, f"/api/runs/{run['id']}")


def everything(server, file):
    """What pages show and the file holds, after the server has ended."""
    pages = [f"/api/runs/{TRACE}", "/api/events", "/api/runs?", "/api/spans/recent?limit=1000"]
    shown = "".join(json.dumps(get_json(server, page)) for page in pages)
    assert server.stop() == 0
    return shown + b"".join(path.read_bytes() for path in file.parent.glob("history.db*")).decode("latin-1")


def test_messages_are_bodies_that_are_redacted_and_found(start, file):
    server = start(**settings(file))
    (span,) = send(server)["span_list"]
    assert span["model"] == "small"
    bodies = {body["kind"]: json.loads(body["text"]) for body in span["bodies"]}
    assert bodies["instructions"] == [{"type": "text", "content": "you trade hay"}]
    assert bodies["output_messages"][0]["parts"][0]["content"] == "no needle"
    assert bodies["input_messages"][0]["parts"] == MESSAGES[0]["parts"]
    (found,) = runs_when(server, bool, "q=haystack")
    assert found["id"] == TRACE
    live = json.dumps(get_json(server, "/api/spans/recent?limit=1000"))
    assert "chat small" in live and not any(word in live for word in WORDS)
    assert "sk-hidden" not in everything(server, file)


@pytest.mark.parametrize(
    ("variables", "attributes"),
    [({"LOOM_DASHBOARD_CONTENT": "off"}, {}), ({}, {"loom.secret": "true"})],
    ids=["content off", "secret"],
)
def test_messages_are_left_out_of_every_page_and_file(start, file, variables, attributes):
    server = start(**settings(file, **variables))
    detail = send(server, **attributes)
    assert detail["is_secret"] == bool(attributes)
    shown = everything(server, file)
    assert "chat small" in shown and not any(word in shown for word in WORDS)
