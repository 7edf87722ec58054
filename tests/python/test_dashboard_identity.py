"""Which runtime the page shows, and what it says while no agent is connected."""

import os
import subprocess
import sys
from pathlib import Path

from dashboard import get_json
from page_fixtures import browser  # noqa: F401
from server import DEADLINE

PACKAGE = Path(__file__).resolve().parents[2] / "python"


def test_header_and_title_name_the_project(browser, start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_PROJECT="shop\n <b>")
    browser.open(server)
    browser.wait_texts("#project", ["shop <b>"])
    browser.wait_for(lambda: server.address in browser.text("#facts"), "the address is missing")
    version = get_json(server, "/api/runtime")["version"]
    assert browser.text("#facts").startswith(f"{version} · up ")
    assert browser.driver.title == "shop <b> · Loom"
    browser.go("tools")
    assert browser.driver.title == "Tools · shop <b> · Loom"
    assert browser.console_messages() == []


def test_a_long_name_of_a_project_leaves_room_for_the_rest(browser, start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_PROJECT="shop-" * 20)
    browser.open(server)
    browser.wait_for(lambda: browser.text("#project").startswith("shop-"), "the name is missing")
    for width in (390, 1280, 2560):
        browser.show_as(width=width)
        assert browser.run("return document.documentElement.scrollWidth") <= width, width


def test_the_agent_of_the_empty_page_works_when_pasted(browser, start, tmp_path):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0")
    browser.open(server)
    browser.wait_for(browser.one("#no-graph").is_displayed, "the page of an empty runtime is not shown")
    assert browser.text("#bridge") == server.address
    code = browser.run("return document.querySelector('#sample').textContent")
    assert len(code.strip().splitlines()) == 6 and server.address in code
    variables = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}
    agent = subprocess.Popen([sys.executable, "-c", code], env=variables, cwd=tmp_path)
    try:
        browser.wait_texts("#agents tbody .open", ["hello"])
        browser.wait_for(lambda: not browser.one("#no-graph").is_displayed(), "the page still says that it is empty")
    finally:
        agent.terminate()
        agent.wait(DEADLINE)


def test_a_runtime_with_a_token_says_that_the_agent_needs_it(browser, start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_BRIDGE_TOKEN="s3cret-token")
    browser.driver.get(f"{server.dashboard}/")
    browser.wait_for(browser.one("#login").is_displayed, "the page does not ask for the token")
    browser.one("#login-token").send_keys("s3cret-token\n")
    browser.wait_for(browser.one("#sample-token").is_displayed, "the token is not mentioned")
    assert "s3cret-token" not in browser.driver.page_source
