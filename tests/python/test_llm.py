"""The tool `llm:generate` with a real OpenAI-compatible server, compared with OpenAI's own client."""

import json
import socket
import threading
import time

import openai
import pytest

from agent import join
from language_model import KEY, LanguageModel
from server import DEADLINE

TEXT = "Hello, world! How do you do today, dear friend? Grüße aus Köln."
HELLO = ({"userMessage": "hello"}, {"content": TEXT})


def refusing(user, status, times, **more):
    """Returns fixtures that fail with a status this many times before they respond."""
    error = {"error": {"message": "not now"}, "status": status, **more}
    refusals = [({"userMessage": user, "sequenceIndex": n}, error) for n in range(times)]
    return [*refusals, ({"userMessage": user}, {"content": "at last"})]


@pytest.fixture
def model(tmp_path):
    """Starts servers of language models; they are killed after the test."""
    started = []

    def start_one(*fixtures, options=()):
        folder = tmp_path / f"model-{len(started)}"
        folder.mkdir()
        started.append(LanguageModel(folder, fixtures, *options))
        return started[-1]

    yield start_one
    for one in started:
        one.close()


def table(api, **more):
    """Returns a table [llm.*] for the API of this model, or at this URL."""
    url = api if isinstance(api, str) else api.url
    return {"type": "http", "api_key": KEY, "api_base": url, "model": "m", **more}


def generate(server, arguments, timeout_ms=10_000, **more):
    """Calls the tool; the gRPC status is always OK."""
    from loom.v1 import action_pb2

    arguments = json.dumps(arguments)
    call = dict(id="c", name="llm:generate", arguments=arguments, timeout_ms=timeout_ms) | more
    return server.bridge().ForwardToolCall(action_pb2.ToolCall(**call), timeout=DEADLINE)


def output(result):
    """Returns the output of a successful call."""
    assert result.status == 0, result
    return json.loads(result.output)


def failure(result):
    """Returns status, message and details of a failed call."""
    from loom.v1 import action_pb2

    assert KEY not in str(result)
    return action_pb2.ToolStatus.Name(result.status), result.error.message, dict(result.error.details)


def test_complete_and_streamed_responses_equal_those_of_openais_client(start, model):
    model = model(HELLO, options=["--chunk-size", "7"])
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model)}))
    plain = output(generate(server, {"prompt": "hello", "system": "be kind", "temperature": 0.5}))
    streamed = output(generate(server, {"messages": [{"role": "user", "content": "hello"}], "stream": True}))
    client = openai.OpenAI(base_url=f"{model.url}/v1", api_key=KEY)
    reference = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
    assert plain["text"] == streamed["text"] == reference.choices[0].message.content == TEXT
    for completion in (plain, streamed):
        assert (completion["provider"], completion["model"], completion["finish_reason"]) == ("local", "m", "stop")
        assert completion["usage"]["total_tokens"] > 0
    assert streamed["usage"] == {key: getattr(reference.usage, key) for key in streamed["usage"]}
    first = model.requests()[0]["body"]
    assert (first["max_tokens"], first["temperature"], first["stream"]) == (2048, 0.5, False)
    assert [message["role"] for message in first["messages"]] == ["system", "user"]


def test_chunks_are_published_in_order_followed_by_the_end(start, model):
    model = model(HELLO, options=["--chunk-size", "7"])
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model)}))
    listener = join(server, "listener", ["answers.*"])
    arguments = {"prompt": "hello", "topic": "answers.1"}
    done = output(generate(server, arguments, correlation_id="k"))
    events = []
    while not events or events[-1].type == "llm.delta":
        events.append(listener.receive().delivery.event)
    *chunks, last = events
    assert "".join(json.loads(event.payload)["text"] for event in chunks) == TEXT
    assert [json.loads(event.payload)["index"] for event in chunks] == list(range(len(chunks)))
    assert len(chunks) > 5
    assert (last.type, json.loads(last.payload)) == ("llm.done", done)
    assert all(event.metadata["loom.correlation_id"] == "k" for event in events)
    assert all(event.metadata["loom.call_id"] == "c" for event in events)

    generate(server, {**arguments, "topic": "answers.2", "prompt": "unknown"})
    event = listener.receive().delivery.event
    assert event.type == "llm.error" and "local" in json.loads(event.payload)["message"]


def test_the_provider_is_chosen_by_call_agent_and_configuration(start, model):
    first, second = model(HELLO), model(HELLO)
    providers = {"z": table(first, model="mz"), "a": table(second, model="ma")}
    agents = json.dumps({"planner": {"llm_provider": "a", "topics": ["t"]}})
    server = start(LOOM_LLM_PROVIDERS=json.dumps(providers), LOOM_AGENTS=agents)
    hello = {"prompt": "hello"}

    def chosen(arguments=hello, **headers):
        return output(generate(server, arguments, headers=headers))["provider"]

    assert chosen() == "z", "the first in the file, not in the alphabet"
    assert chosen({**hello, "provider": "a"}) == "a"
    assert chosen(**{"x-agent-id": "planner"}) == "a"
    assert chosen(**{"x-agent-id": "other"}) == "z"
    assert chosen({**hello, "provider": "z"}, **{"x-agent-id": "planner"}) == "z"
    assert output(generate(server, {**hello, "model": "other"}))["model"] == "other"
    status, message, _ = failure(generate(server, {**hello, "provider": "x"}))
    assert (status, message) == ("TOOL_INVALID_ARGUMENTS", 'unknown provider "x"; configured: z, a')

    default = json.dumps({**providers, "default": "a"})
    server = start(LOOM_LLM_PROVIDERS=default)
    assert output(generate(server, hello))["provider"] == "a"


def test_variables_for_single_settings_are_enough(start, model):
    model = model(HELLO)
    single = dict(LOOM_LLM_API_BASE=model.url, LOOM_LLM_API_KEY=KEY, LOOM_LLM_MODEL="alone")
    done = output(generate(start(**single), {"prompt": "hello"}))
    assert (done["text"], done["provider"], done["model"]) == (TEXT, "env", "alone")


def test_transient_errors_are_retried(start, model):
    fixtures = [*refusing("busy", 429, 2, retryAfter=0), *refusing("broken", 503, 1), *refusing("late", 408, 1)]
    model = model(*fixtures)
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model)}))
    for prompt, requests in [("busy", 3), ("broken", 2), ("late", 2)]:
        before = len(model.requests())
        assert output(generate(server, {"prompt": prompt}))["text"] == "at last"
        assert len(model.requests()) - before == requests


def test_retry_after_is_honoured_within_the_timeout(start, model):
    fixtures = [*refusing("soon", 429, 1, retryAfter=1), *refusing("much later", 429, 1, retryAfter=60)]
    model = model(*fixtures)
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model)}))
    start_time = time.monotonic()
    assert output(generate(server, {"prompt": "soon"}))["text"] == "at last"
    assert time.monotonic() - start_time >= 1
    status, message, details = failure(generate(server, {"prompt": "much later"}))
    assert (status, details["status"], details["retry_after_ms"]) == ("TOOL_ERROR", "429", "60000")
    assert message == f"provider local at {model.url}/v1/chat/completions returned status 429: not now"
    assert len(model.requests()) == 3, "a pause beyond the timeout is not waited for"


@pytest.mark.parametrize("status", [400, 404, 422])
def test_permanent_errors_are_not_retried(start, model, status):
    model = model(*refusing("no", status, 5))
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model)}))
    code, message, _ = failure(generate(server, {"prompt": "no"}))
    assert code == "TOOL_ERROR" and f"returned status {status}: not now" in message
    assert len(model.requests()) == 1


def test_a_wrong_key_is_refused_and_never_shown(start, model):
    model = model(HELLO)
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model, api_key="sk-wrong-key")}))
    code, message, details = failure(generate(server, {"prompt": "hello"}))
    assert code == "TOOL_ERROR" and details["status"] == "401"
    assert "sk-wrong" not in message and model.url in message


def test_limits_of_the_provider_apply(start, model):
    model = model(HELLO)
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model, max_tokens=100, temperature=0)}))
    code, message, _ = failure(generate(server, {"prompt": "hello", "max_tokens": 101}))
    assert code == "TOOL_INVALID_ARGUMENTS"
    assert "max_tokens is 101; provider local allows at most 100" in message
    assert model.requests() == []
    generate(server, {"prompt": "hello"})
    body = model.requests()[0]["body"]
    assert (body["max_tokens"], body["temperature"]) == (100, 0)
    code, message, _ = failure(generate(server, {"promt": "hello"}))
    assert code == "TOOL_INVALID_ARGUMENTS" and "unknown field `promt`" in message


def test_the_timeout_of_the_provider_applies(start, model):
    model = model(HELLO, options=["--chaos-latency", "20000"])
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model, timeout_sec=1)}))
    for stream in (False, True):
        start_time = time.monotonic()
        code, message, _ = failure(generate(server, {"prompt": "hello", "stream": stream}))
        assert code == "TOOL_TIMEOUT" and 0.9 < time.monotonic() - start_time < 5
        assert message == f"provider local at {model.url}/v1/chat/completions did not respond within 1s"
    start_time = time.monotonic()
    code, message, _ = failure(generate(server, {"prompt": "hello"}, timeout_ms=200))
    assert code == "TOOL_TIMEOUT" and time.monotonic() - start_time < 1 and "local" in message


def test_a_streamed_response_may_take_longer_than_the_timeout_of_a_chunk(start, model):
    model = model(HELLO, options=["--chunk-size", "6", "--latency", "250"])
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model, timeout_sec=1)}))
    start_time = time.monotonic()
    assert output(generate(server, {"prompt": "hello", "stream": True}))["text"] == TEXT
    assert time.monotonic() - start_time > 1


@pytest.mark.parametrize("chaos, expected", [
    ("--chaos-malformed", "sent an invalid response"),
    ("--chaos-disconnect", "provider local at"),
])
def test_invalid_and_interrupted_responses_are_failures(start, model, chaos, expected):
    model = model(HELLO, options=[chaos, "1"])
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(model)}))
    for stream in (False, True):
        code, message, _ = failure(generate(server, {"prompt": "hello", "stream": stream}))
        assert code == "TOOL_ERROR" and expected in message, message


def streaming(*events, kind="Text/Event-Stream"):
    """Returns the URL of a provider that streams these events. No real one deviates on request."""
    body = "".join(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events).encode()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            connection = listener.accept()[0]
            connection.recv(65536)
            head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def piece(finish_reason=None, **more):
    """Returns a chunk."""
    return {"choices": [{"index": 0, "finish_reason": finish_reason, **more}]}


def test_deviating_streams_are_read(start):
    end = piece("stop", delta={})
    for events in [
        [piece(delta={"content": "hi"}, message=None), end, "[DONE] "],
        [piece(delta={"content": [{"type": "text", "text": "hi"}]}), "null", "", end, {"choices": None}, "[DONE]"],
        [piece(delta={"content": "h"}), piece(delta={"content": "i"}), piece("stop", message={"content": "hi"}), "[DONE]"],
    ]:
        server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(streaming(*events))}))
        assert output(generate(server, {"prompt": "hello", "stream": True}))["text"] == "hi", events
    url = streaming(piece(delta={"content": "hi"}), end, "[DONE]", kind="text/plain")
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(url)}))
    assert output(generate(server, {"prompt": "hello", "stream": True}))["text"] == "hi", "another media type"


def test_half_a_stream_is_a_failure(start):
    half = piece(delta={"content": "half"})
    for events, expected in [
        ([half, "[DONE]"], "it ended without a finish_reason, after 4 characters"),
        ([half], "was interrupted"),
        ([half, {"error": {"message": f"overloaded, {KEY}"}}, "[DONE]"], "overloaded"),
    ]:
        server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(streaming(*events))}))
        code, message, _ = failure(generate(server, {"prompt": "hello", "stream": True}))
        assert code == "TOOL_ERROR" and expected in message, message


def test_a_request_on_a_connection_that_is_just_closed_is_sent_again(start):
    listener = socket.create_server(("127.0.0.1", 0))
    body = json.dumps(piece("stop", message={"content": "hi"})).encode()

    def serve():
        while True:
            connection = listener.accept()[0]
            connection.recv(65536)
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            connection.sendall(head % len(body) + body)
            connection.recv(65536)
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(url)}))
    for _ in range(3):
        assert output(generate(server, {"prompt": "hello"}))["text"] == "hi"


def test_a_refused_connection_is_a_failure(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://user:hush@127.0.0.1:{taken.getsockname()[1]}"
        server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(url, timeout_sec=2)}))
        code, message, _ = failure(generate(server, {"prompt": "hello"}))
    assert code == "TOOL_ERROR" and message.startswith("could not connect to provider local at http://127.0.0.1:")
    assert "refused" in message and "hush" not in message


def test_a_redirect_is_not_followed(start):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def redirect():
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n")

        threading.Thread(target=redirect, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": table(url)}))
        code, message, _ = failure(generate(server, {"prompt": "hello"}))
    assert code == "TOOL_ERROR" and "redirects are not followed" in message


def test_without_a_provider_the_failure_names_the_setting(start):
    server = start()
    code, message, _ = failure(generate(server, {"prompt": "hello"}))
    assert code == "TOOL_ERROR" and "[llm.<name>]" in message
    server = start(LOOM_LLM_PROVIDERS=json.dumps({"local": {"model": "m"}}))
    code, message, _ = failure(generate(server, {"prompt": "hello"}))
    assert (code, message) == ("TOOL_ERROR", "provider local cannot be used: api_base is missing")


def test_the_tool_is_listed_with_its_schema(server):
    from loom.v1 import action_pb2, action_pb2_grpc

    stub = action_pb2_grpc.ToolServiceStub(server.channel)
    tools = stub.ListTools(action_pb2.ListToolsRequest(), timeout=DEADLINE).tools
    [tool] = [tool for tool in tools if tool.name == "llm:generate"]
    assert tool.provider == action_pb2.PROVIDER_NATIVE and tool.description
    assert "prompt" in json.loads(tool.parameters_schema)["properties"]
