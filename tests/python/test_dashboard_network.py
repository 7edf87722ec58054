"""The network with many agents and topics: groups, search, the rest; a bounded number of elements."""

from agent import join, register
from page_fixtures import browser, dashboard, page, publish, screenshots  # noqa: F401

NAMES = ".node[data-kind=topic] .name"


def test_many_topics_are_groups_that_open(page, dashboard):
    agent = join(dashboard, "trader", ["market.*"])
    for n in range(30):
        agent.publish(f"market.{n:02}", id=str(n))
    agent.publish("orders")
    agent.ping_through()
    page.wait_for(lambda: page.texts(NAMES) == ["market.*", "orders"], "the topics are not grouped")
    page.wait_for(lambda: page.texts(".node[data-group] .figure") == ["30"] and len(page.texts(".edge")) == 3, "not the figures of the group")
    group = page.one(".node[data-group]")
    assert group.get_attribute("aria-expanded") == "false" and "30 topics" in group.get_attribute("textContent")
    group.click()
    page.wait_for(lambda: len(page.texts(NAMES)) == 32, "the group does not open")
    page.one(".node[data-group]").click()
    page.wait_for(lambda: page.texts(NAMES) == ["market.*", "orders"], "the group does not close")
    page.one("#graph-filter").send_keys("MARKET.07")
    page.wait_texts(NAMES, ["market.07"])
    assert page.texts(".node[data-kind=agent] .name") == ["trader"]
    page.one("#graph-filter").send_keys("x")
    page.wait_for(page.one("#no-match").is_displayed, "an empty result is not explained")


def test_the_rest_expands_and_long_names_keep_their_ends(page, dashboard):
    agent = join(dashboard, "trader")
    publish(agent, *[f"{n}" * 3 + "x" for n in range(40)], "a" * 60 + "-the-end")
    page.wait_for(lambda: page.texts(".rest") == ["and 25 more"], "the rest is not counted")
    page.run("document.querySelector('.rest button').click()")
    page.wait_for(lambda: page.texts(".rest") == ["and 5 more"], "the rest does not expand")
    name = next(name for name in page.texts(NAMES) if "…" in name)
    assert name.startswith("aaa") and name.endswith("end") and len(name) < 60


def test_a_thousand_agents_and_five_thousand_topics_are_a_bounded_page(browser, dashboard, screenshots):
    for n in range(1000):
        family = ["market", "news", "orders", "risk", "mail"][n % 5]
        names = [f"{family}.{n}.{k}" for k in range(5)]
        assert register(dashboard, f"{family}-agent-{n:04}", names, [f"{family}:tool-{n}"] if n % 10 == 0 else []).success
    trader = join(dashboard, "trader", ["market.*", "orders.*"])
    for n in range(200):
        trader.publish(f"market.{n * 5}.0", id=str(n))
    trader.ping_through()
    browser.show_as(width=1440)
    browser.driver.get("about:blank")
    observe = "window.tasks = []; new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.tasks.push(Math.round(entry.duration)))).observe({ type: 'longtask', buffered: true })"
    browser.open(dashboard)
    browser.run(observe)
    browser.wait_for(lambda: "market.*" in browser.texts(NAMES), "the topics are not grouped")
    nodes = "return document.querySelectorAll('*').length"
    assert browser.run(nodes) < 4000 and browser.run("return document.querySelectorAll('.node').length") <= 360
    browser.one(".node[data-kind=topic][data-group]").click()
    browser.one("#graph-filter").send_keys("news-agent-0501")
    browser.wait_for(lambda: "news-agent-0501" in browser.titles(".node"), "the search does not find the agent")
    browser.one("#graph-filter").clear()
    assert browser.run(nodes) < 4000
    browser.save_screenshot(screenshots, "dashboard-network-1000")
    print(f"tasks above 50 ms: {browser.run('return window.tasks')}")
    assert browser.console_messages() == []
