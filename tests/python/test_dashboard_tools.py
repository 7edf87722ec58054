"""The tools of the page: search, order, and trying one."""

import json
import threading

from agent import Agent, join
from page_fixtures import browser, call, dashboard, page  # noqa: F401
from server import DEADLINE

NAMES = "#tool-table .open"
SCHEMA = {
    "type": "object",
    "properties": {
        "symbol": {"type": "string", "description": "which <b>paper</b>"},
        "amount": {"type": "integer", "default": 2},
        "side": {"enum": ["buy", "sell"]},
        "dry": {"type": "boolean"},
        "limits": {"type": "object"},
    },
    "required": ["symbol", "side"],
}


def offer(server, schema, description):
    """Joins an agent with a tool that has a schema."""
    from loom.v1 import action_pb2, bridge_pb2

    tool = action_pb2.ToolDescriptor(name="order", description=description, parameters_schema=json.dumps(schema))
    request = bridge_pb2.AgentRegisterRequest(agent_id="broker", tools=[tool])
    assert server.bridge().RegisterAgent(request, timeout=DEADLINE).success
    return Agent(server, "broker").listen()


def serve(agent, answers):
    """Answers calls in the background; returns the list of their arguments."""
    received = []

    def run():
        for answer in answers:
            call = agent.receive().tool_call
            received.append(json.loads(call.arguments))
            agent.send(tool_result={"id": call.id, **answer})

    threading.Thread(target=run, daemon=True).start()
    return received


def test_tools_are_searched_and_sorted(page, dashboard):
    worker = join(dashboard, "worker", tools=["alpha", "beta", "gamma"])
    for _ in range(3):
        call(dashboard, worker, "beta", output="1")
    call(dashboard, worker, "gamma", output="1")
    page.go("tools")
    page.wait_texts(NAMES, ["alpha", "beta", "gamma", "llm:generate"])
    page.one("#tool-table [data-sort=Calls]").click()
    page.wait_for(lambda: page.texts(NAMES)[:2] == ["beta", "gamma"], "not sorted by calls")
    order = "return document.querySelector('#tool-table th[aria-sort]').getAttribute('aria-sort')"
    assert page.run(order) == "descending" and page.focused()[2] == "Calls"
    page.one("#tool-table [data-sort=Calls]").click()
    page.wait_for(lambda: page.texts(NAMES)[-1] == "beta" and page.run(order) == "ascending", "not the other way round")
    page.one("#tool-filter").send_keys("gamm")
    page.wait_texts(NAMES, ["gamma"])
    page.one("#tool-filter").send_keys("zzz")
    page.wait_for(lambda: page.text("#no-tools") == "No tool matches.", "an empty result is not explained")


def test_a_tool_is_tried_with_a_form_of_its_schema(page, dashboard):
    from loom.v1 import action_pb2

    broker = offer(dashboard, SCHEMA, "Orders a paper.\n" + "Very long. " * 60)
    error = {"code": "TOOL_ERROR", "message": "no <market>"}
    received = serve(broker, [{"output": '{"id": 7}'}, {"status": action_pb2.TOOL_ERROR, "error": error}])
    page.go("tools")
    page.wait_for(lambda: "order" in page.texts(NAMES), "the tool is not shown")
    height = "return document.querySelector('#tool-table .folded').getBoundingClientRect().height"
    assert page.run(height) < 30, "the description is folded"
    page.one("#tool-table [data-key=order]").click()
    assert page.texts(".trial label .name") == ["symbol required", "side required", "amount", "dry", "limits"]
    page.one("#argument-symbol").send_keys("ABC")
    page.run("document.querySelector('#argument-side').value = 'sell'")
    page.one("#argument-limits").send_keys('{"most": [1]')
    page.one(".trial button").click()
    page.wait_for(lambda: "limits is no JSON" in page.text(".answer"), "wrong JSON is not refused")
    page.one("#argument-limits").send_keys("}")
    page.one(".trial button").click()
    page.wait_for(lambda: '"id": 7' in page.text(".answer"), "the result is not shown")
    assert received == [{"symbol": "ABC", "amount": 2, "side": "sell", "dry": False, "limits": {"most": [1]}}]
    assert "#runs/" in page.one(".answer a").get_attribute("href")
    page.one(".trial button").click()
    page.wait_for(lambda: "no <market>" in page.text(".answer"), "the failure is not shown")


def test_a_tool_without_a_schema_gets_json(page, dashboard):
    worker = join(dashboard, "worker", tools=["echo"])
    received = serve(worker, [{"output": "plain words"}])
    page.go("tools")
    page.wait_for(lambda: "echo" in page.texts(NAMES), "the tool is not shown")
    page.one("#tool-table [data-key=echo]").click()
    page.run("document.querySelector('#arguments').value = '{\"x\": [1, null]}'")
    page.one(".trial button").click()
    page.wait_for(lambda: "plain words" in page.text(".answer"), "the result is not shown")
    assert received == [{"x": [1, None]}]
