"""The dashboard in several tabs, behind a proxy, and under the pointer."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from agent import join
from dashboard import get_json
from page_fixtures import browser, dashboard  # noqa: F401
from prefix_proxy import PrefixProxy

TABS = ["events", "traces", "metrics", "overview", "events", "events", "events", "events"]


def open_tabs(browser, dashboard):
    """Opens a tab for each view."""
    for index, view in enumerate(TABS):
        if index:
            browser.driver.switch_to.new_window("tab")
        browser.open(dashboard, view)


def test_many_tabs_share_one_stream(browser, dashboard):
    open_tabs(browser, dashboard)
    assert get_json(dashboard, "/api/events/status") == {"subscribers": 1}
    agent = join(dashboard, "worker", ["news"])
    agent.publish("news", id="1")
    agent.receive_deliveries(1)
    for handle, view in zip(browser.driver.window_handles, TABS):
        browser.driver.switch_to.window(handle)
        if view == "events":
            browser.wait_for(lambda: "news" in browser.texts("#event-list .topic"), "a tab has no event")
        browser.wait_for(lambda: browser.texts(".tile dd")[0] == "1", "a tab has no figures")


def test_the_stream_ends_with_the_last_tab(browser, dashboard):
    open_tabs(browser, dashboard)
    for handle in browser.driver.window_handles[1:]:
        browser.driver.switch_to.window(handle)
        browser.driver.close()
    browser.driver.switch_to.window(browser.driver.window_handles[0])
    assert get_json(dashboard, "/api/events/status") == {"subscribers": 1}
    browser.driver.get("about:blank")
    browser.wait_for(lambda: get_json(dashboard, "/api/events/status") == {"subscribers": 0}, "the stream goes on")


def test_without_shared_workers_a_hidden_tab_closes_its_stream(browser, dashboard):
    script = {"source": "delete window.SharedWorker"}
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    browser.open(dashboard)
    assert get_json(dashboard, "/api/events/status") == {"subscribers": 1}
    visible = "Object.defineProperty(document, 'hidden', { configurable: true, value: arguments[0] });"
    visible += "document.dispatchEvent(new Event('visibilitychange'))"
    browser.run(visible, True)
    browser.wait_for(lambda: get_json(dashboard, "/api/events/status") == {"subscribers": 0}, "the stream goes on")
    browser.run(visible, False)
    browser.wait_for(lambda: get_json(dashboard, "/api/events/status") == {"subscribers": 1}, "there is no stream")
    join(dashboard, "newcomer")
    browser.wait_texts("#agents tbody .open", ["newcomer"])


def test_a_proxy_may_serve_it_below_a_prefix(browser, dashboard):
    join(dashboard, "worker", ["news"])
    proxy = PrefixProxy(dashboard.dashboard)
    try:
        browser.driver.get(proxy.url)
        browser.wait_for(lambda: browser.text("#link") == "live", "the page is not live")
        browser.wait_texts("#agents tbody .open", ["worker"])
        agent = join(dashboard, "reporter")
        agent.publish("news", id="1", payload=b"1")
        browser.go("traces")
        browser.wait_for(lambda: browser.texts("#trace-list .trace"), "no trace")
        assert proxy.strays == [] and browser.console_messages() == []
    finally:
        proxy.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_tooltip_of_a_chart_stands_at_the_pointer(browser, dashboard, width):
    browser.show_as(width=width)
    browser.open(dashboard, "metrics")
    browser.wait_for(lambda: browser.run("return document.querySelectorAll('.chart .line[d^=M]').length") >= 9, "no lines")
    for chart in (0, 3):
        svg = browser.driver.find_elements("css selector", ".chart svg")[chart]
        browser.run("arguments[0].scrollIntoView({block: 'center'})", svg)
        box = browser.run("const r = arguments[0].getBoundingClientRect(); return [r.left, r.top, r.width, r.height]", svg)
        for part in (-0.2, 0, 0.3):
            ActionChains(browser.driver).move_to_element_with_offset(svg, int(box[2] * part), 0).perform()
            tip = "const r = arguments[0].parentElement.querySelector('.tip').getBoundingClientRect();"
            left, right, bottom = browser.run(tip + "return [r.left, r.right, r.bottom]", svg)
            x, y = box[0] + box[2] / 2 + int(box[2] * part), box[1] + box[3] / 2
            assert left - 1 <= x <= right + 1, (chart, part)
            assert 0 < y - bottom < 20, (chart, part)
