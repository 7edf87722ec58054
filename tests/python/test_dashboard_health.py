"""Whether the overview says at once what is wrong."""

import json

from agent import join
from dashboard import get_json
from page_fixtures import browser, call, dashboard, fail, page  # noqa: F401


def test_a_tool_that_fails_sometimes_is_visible_at_once(browser, dashboard):
    worker = join(dashboard, "worker", tools=["quote", "fee"])
    for n in range(23):
        if n % 8 == 3:
            fail(dashboard, worker, "quote", f"no market {n}", {"x-agent-id": "trader"})
        else:
            call(dashboard, worker, "quote", {"x-agent-id": "trader"}, output="1")
    call(dashboard, worker, "fee", output="1")
    browser.open(dashboard)
    browser.wait_for(lambda: "quote fails 13 % of its calls (3 of 23)" in browser.text("#problems"), "the failing tool is not reported")
    assert browser.text("#verdict") == "1 problem"
    box = browser.run("return document.querySelector('#problems').getBoundingClientRect().bottom")
    assert box < 400, "it is at the top of the page"
    browser.wait_for(lambda: len(browser.texts("#errors li")) == 3, "the errors are missing")
    assert "no market 19" in browser.texts("#errors li")[0] and "trader" in browser.texts("#errors li")[0]
    runs = {run["id"] for run in get_json(dashboard, "/api/runs?status=failed")["runs"]}
    links = browser.run("return [...document.querySelectorAll('#errors a')].map((a) => a.hash)")
    assert {link.removeprefix("#runs/") for link in links} == runs
    assert browser.texts("#calls tbody td")[:3] == ["quote tool", "23", "13 %"]
    browser.wait_for(lambda: browser.text("#error-rate").startswith("1"), "the error rate is missing")
    browser.one("#health-range [data-range='24h']").click()
    browser.wait_for(lambda: "24 h" in browser.text("#health-source"), "the range has no effect")
    browser.one("#problems .open").click()
    assert browser.text("#drawer-title") == "quote"
    assert browser.console_messages() == []


def test_servers_that_are_down_and_providers_that_cannot_be_used_are_problems(browser, start):
    servers = {"files": {"command": "/does/not/exist"}}
    providers = {"broken": {"type": "http", "api_base": "not a url", "model": "m"}}
    server = start(
        LOOM_DASHBOARD="on",
        LOOM_DASHBOARD_PORT="0",
        LOOM_MCP_SERVERS=json.dumps(servers),
        LOOM_LLM_PROVIDERS=json.dumps(providers),
    )
    browser.open(server)
    browser.wait_for(lambda: "files is down" in browser.text("#problems"), "the server is not reported")
    browser.wait_for(lambda: any("restart" in text and "files" in text for text in browser.texts("#services li")), "no state")
    runtime = get_json(server, "/api/runtime")
    assert runtime["mcp"][0]["name"] == "files" and runtime["llm"][0]["name"] == "broken"
    assert (runtime["llm"][0]["error"] is None) or "broken cannot be used" in browser.text("#problems")


def test_without_a_history_the_figures_are_those_since_the_start(browser, start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="off")
    worker = join(server, "worker", tools=["quote"])
    fail(server, worker, "quote", "no market")
    browser.open(server)
    browser.wait_for(lambda: "quote fails 100 % of its calls" in browser.text("#problems"), "the failing tool is not reported")
    assert "since the start" in browser.text("#health-source") and "history" in browser.text("#no-errors")
