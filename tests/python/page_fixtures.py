"""What tests of the dashboard's page share: fixtures, and agents that publish and call."""

import os

import pytest

from agent import join
from browser import Browser
from server import DEADLINE
from test_tools import complete, forward, in_background

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def dashboard(start):
    """Returns a server with a dashboard."""
    return start(LOOM_DASHBOARD="Yes", LOOM_DASHBOARD_PORT="0")


@pytest.fixture
def browser(tmp_path):
    """Returns a browser; each test has its own."""
    one = Browser(tmp_path / "chromedriver.log")
    one.show_as()
    yield one
    one.close()


@pytest.fixture
def screenshots(tmp_path):
    """Returns the folder for screenshots."""
    return os.environ.get("LOOM_TEST_ARTEFACTS") or tmp_path


@pytest.fixture
def page(browser, dashboard):
    """Returns the browser with the page open and connected."""
    browser.open(dashboard)
    return browser


def publish(agent, *topics):
    """Publishes an event on each topic, and waits until the server has handled them."""
    for topic in topics:
        agent.publish(topic, id=topic)
    agent.ping()


def call(server, worker, tool, headers=None, **outcome):
    """Calls a tool of a worker and lets it return this outcome."""
    caller, _ = in_background(lambda: forward(server, id="c", name=tool, arguments="{}", headers=headers or {}))
    complete(worker, **outcome)
    caller.join(DEADLINE)


def fail(server, worker, tool, message, headers=None):
    """Calls a tool of a worker that fails."""
    from loom.v1 import action_pb2

    error = action_pb2.ToolError(code="TOOL_ERROR", message=message)
    call(server, worker, tool, headers, status=action_pb2.TOOL_ERROR, error=error)


def use(server):
    """Joins two agents that publish events and call tools, one with an error, as one trace."""
    worker = join(server, "worker", ["news.*"], ["summarise", "translate"])
    reporter = join(server, "reporter", ["digest"])
    reporter.publish("news.local", id="n1", metadata={"traceparent": PARENT}, payload=b'{"rain": true}')
    worker.receive_deliveries(1)
    headers = {"x-agent-id": "reporter", "traceparent": PARENT}
    call(server, worker, "summarise", headers, output='"rain"')
    fail(server, worker, "translate", "no dictionary", headers)
    worker.publish("digest", id="d1", metadata={"traceparent": PARENT})
    reporter.receive_deliveries(1)
    return worker, reporter
