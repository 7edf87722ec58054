"""MCP servers over HTTP: called, forgetful, gone, and refusing."""

import json

import pytest

from mcp_http_server import TOKEN, McpHttpServer
from test_mcp import call, failure, listed, text, until

VARIABLES = {"REMOTE_TOKEN": f"Bearer {TOKEN}"}


def servers(**tables):
    """Returns the variable with these tables."""
    return {"LOOM_MCP_SERVERS": json.dumps(tables), **VARIABLES}


@pytest.mark.parametrize("kind", ["events", "json"])
def test_a_server_at_an_address_is_called(start, kind):
    with McpHttpServer(kind) as remote:
        server = start(**servers(remote=remote.table()))
        assert [text(call(server, "remote:count", {})) for _ in range(3)] == ["1", "2", "3"]
        assert listed(server)["remote:count"].description == "Counts its calls."
        # A server that was started again knows no sessions.
        remote.forget()
        assert text(call(server, "remote:count", {})) == "4"


def test_calls_fail_at_once_while_the_server_is_gone_and_succeed_when_it_is_back(start, tmp_path):
    with McpHttpServer() as remote:
        server = start(**servers(remote=remote.table()))
        assert text(call(server, "remote:count", {})) == "1"
    status, message = failure(call(server, "remote:count", {}))
    assert status == "TOOL_ERROR" and message.startswith("MCP server remote"), message
    assert TOKEN not in message


@pytest.mark.parametrize(("path", "token"), [("/mcp", "Bearer another-token"), ("/moved", "${REMOTE_TOKEN}")])
def test_a_refusal_and_a_redirect_are_errors_without_the_address(start, path, token):
    with McpHttpServer() as remote:
        address = remote.url.removeprefix("http://")
        table = remote.table(path, token)
        table["url"] = f"http://user:hush-5678@{address}{path}"
        server = start(**servers(remote=table))
        status, message = until(
            "the server is given up",
            lambda: (found := failure(call(server, "remote:count", {}, 2000)))[0] != "TOOL_TIMEOUT" and found,
        )
        assert status == "TOOL_ERROR" and message.startswith("MCP server remote does not speak MCP: "), message
        assert "hush" not in message and "another" not in message and "\x1b" not in message, message
