"""Prompts, answers, arguments and results in the spans that agents send, in the form of OpenTelemetry's conventions."""

import json
import re

import pytest

from agent import join
from dashboard import EventStream, get_json
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
    runs_when(server, lambda runs: any(run["id"] == TRACE for run in runs))
    return get_json(server, f"/api/runs/{TRACE}")


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


OTHER = {
    "gen_ai.prompt.0.content": "a needle",
    "llm.output_messages.0.message.content": "a needle",
    "traceloop.entity.input": "a needle",
    "retrieval.documents.0.document.content": "a needle",
    "db.statement": "select 'a needle'",
    "exception.message": "a needle",
    "tool.parameters": '{"q": "a needle", "password": "sk-hidden"}',
    "db.api_key": "sk-hidden",
    "http.request.method": "GET",
}


def test_other_attributes_are_redacted_everywhere_and_cost_no_overview(start, file):
    server = start(**settings(file))
    stream = EventStream(server, "/api/stream")
    join(server, "market").publish("price", id="p1", payload=b'{"ask": 7, "api_key": "sk-hidden"}')
    send(server, **OTHER, **{"gen_ai.usage.output_tokens": 2**63 - 1})
    assert get_json(server, "/api/overview")["total"]["output_tokens"] == 0
    live = ""
    while "chat small" not in live:
        live += json.dumps(stream.next())
    (preview,) = re.findall(r'"event_published".*"payload_preview": "(.*?[^\\\\])"', live)
    assert json.loads(f'"{preview}"') == '{"ask": 7, "api_key": "***"}'
    shown = live + everything(server, file)
    assert "a needle" in live and shown.count("sk-hidden") == 0


@pytest.mark.parametrize(
    ("variables", "attributes"),
    [({"LOOM_DASHBOARD_CONTENT": "off"}, {}), ({}, {"loom.secret": 1})],
    ids=["content off", "secret"],
)
def test_other_attributes_are_kept_under_known_names_alone(start, file, variables, attributes):
    server = start(**settings(file, **variables))
    detail = send(server, **OTHER, **attributes)
    assert detail["is_secret"] == bool(attributes)
    shown = everything(server, file)
    assert "needle" not in shown and "sk-hidden" not in shown
    assert "http.request.method" in shown


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
