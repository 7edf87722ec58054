"""The events of the page: receivers, outcomes, replies, details, the past."""

import time

from agent import join
from dashboard import get_json
from page_fixtures import browser, dashboard, fail, page, publish, use  # noqa: F401
from test_runs import runs_when

TOPICS = "#event-list .topic"


def test_an_event_and_its_deliveries_are_one_row(page, dashboard):
    readers = [join(dashboard, f"reader-{n}", ["news"]) for n in range(5)]
    page.go("events")
    readers[0].publish("news", id="n1", type="headline")
    for reader in readers:
        reader.receive_deliveries(1)
    readers[0].publish("nowhere", id="n2")
    page.wait_for(lambda: page.texts(TOPICS)[:2] == ["nowhere", "news"], "not one row per event")
    page.wait_for(lambda: page.texts("#event-list .to")[1].endswith(" and 2 more"), "the receivers are missing")
    assert page.texts("#event-list .type")[:2] == ["event", "headline"]
    assert page.texts("#event-list .to")[0] == "→ nobody"
    page.one("#event-list li:nth-child(2) .event").click()
    assert all(f"reader-{n}" in page.text("#drawer-body") for n in range(5))


def test_calls_have_an_outcome_and_failures_are_red(page, dashboard):
    page.go("events")
    use(dashboard)
    page.wait_for(lambda: sorted(text.split(",")[0] for text in page.texts("#event-list .outcome") if text) == ["failed", "ok"], "no outcomes")
    assert page.texts("#event-list [data-failed=true] .text") == ["no dictionary"]
    page.one("#kinds [data-chip=failed]").click()
    page.wait_texts(TOPICS, ["translate"])
    page.one("#event-list .event").click()
    assert "no dictionary" in page.text("#drawer-body") and "failed" in page.text("#drawer-body")
    run = get_json(dashboard, "/api/runs")["runs"][0]["id"]
    assert page.one("#drawer .actions a").get_attribute("href").endswith(f"#runs/{run}")


def test_topics_of_replies_are_hidden_until_they_are_wanted(page, dashboard):
    agent = join(dashboard, "worker")
    page.go("events")
    publish(agent, "agent.client.replies", "orders")
    page.wait_texts(TOPICS, ["orders", "system.agent.register"])
    page.one("#kinds [data-chip=replies]").click()
    page.wait_texts(TOPICS, ["orders", "agent.client.replies", "system.agent.register"])


def test_details_have_the_metadata_without_secrets(page, dashboard):
    agent = join(dashboard, "worker")
    agent.publish("orders", id="o1", type="order", metadata={"tenant": "blue", "api_key": "sk-hidden"})
    agent.ping()
    runs_when(dashboard, lambda runs: runs)
    page.go("events")
    page.one("#event-list .event").click()
    page.wait_for(lambda: "blue" in page.text("#drawer-body"), "the metadata is missing")
    assert "order" in page.text("#drawer-body") and "sk-hidden" not in page.driver.page_source


def test_older_events_come_from_the_history(browser, dashboard):
    agent, reader = join(dashboard, "worker"), join(dashboard, "reader", ["past.*"])
    for n in range(250):
        agent.publish(f"past.{n}", id=str(n))
    agent.ping()
    reader.receive_deliveries(250)
    runs_when(dashboard, lambda runs: len(runs) >= 250, "limit=1000")
    browser.open(dashboard, "events")
    browser.wait_for(browser.one("#older").is_displayed, "there is no way into the past")
    for expected in (100, 200, 252):
        browser.one("#older").click()
        browser.wait_for(lambda: len(browser.texts(TOPICS)) == expected, f"not {expected} events")
    assert browser.texts(TOPICS)[:2] == ["past.249", "past.248"]
    assert browser.texts("#event-list .to")[0] == "→ reader"
    assert not browser.one("#older").is_displayed() and browser.text("#pause") == "Resume"
    browser.press("p")
    browser.wait_texts(TOPICS, [])


def test_two_hundred_events_a_second_keep_the_page_bounded(page, dashboard):
    """Prints how long tasks took; they depend on the machine, so that only the number of elements is judged."""
    observe = "window.tasks = []; new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.tasks.push(Math.round(entry.duration)))).observe({ type: 'longtask' })"
    agents = [join(dashboard, f"agent-{n}", [f"topic.{n}"]) for n in range(20)]
    page.go("events")
    page.run(observe)
    for sent in range(1000):
        agents[sent % 10].publish(f"topic.{sent % 20}", id=str(sent), payload=b'{"price": 1}')
        time.sleep(0.005)
    agents[0].ping_through()
    page.wait_for(lambda: len(page.texts(TOPICS)) == 500, "the events are not shown")
    assert page.run("return document.querySelectorAll('*').length") < 8000
    print(f"tasks above 50 ms: {page.run('return window.tasks')}")
    assert page.console_messages() == []
