"""The dashboard's page in a real browser."""

import time
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from agent import join
from page_fixtures import PARENT, TRACE, browser, call, dashboard, page, publish, screenshots, use  # noqa: F401

TOPICS = "#event-list .topic"


def test_the_page_loads_completely_and_from_the_server_only(page, dashboard):
    page.wait_texts(".tile dt", ["Agents", "Subscriptions", "Events / s", "Deliveries / s", "Tool calls / s", "Dropped"])
    page.wait_texts(".tile dd", ["0"] * 6)
    assert page.driver.title == "Loom" and page.text("#link") == "live"
    page.wait_for(page.one("#no-graph").is_displayed, "the missing agents are not reported")
    assert page.one("#no-latest").is_displayed()
    page.wait_texts("#verdict", ["Healthy"])
    for view in page.views():
        page.go(view)
    requested = [urlsplit(url) for url in page.requests()]
    # `data` URLs are part of the page; `chrome` URLs are of the browser's first empty tab.
    requested = [url for url in requested if url.scheme not in ("data", "chrome")]
    assert {(url.scheme, url.netloc) for url in requested} == {urlsplit(dashboard.dashboard)[:2]}
    assert all(url.path == "/" or url.path.startswith(("/static/", "/api/")) for url in requested)
    assert page.console_messages() == []


def test_an_agent_and_its_events_appear_within_a_second(page, dashboard):
    agent = join(dashboard, "worker", ["news", "p.*"], ["summarise"])
    page.wait_texts("#agents tbody .open", ["worker"])
    start = time.monotonic()
    agent.publish("news", id="e1", payload="größer".encode())
    page.wait_for(lambda: page.texts("#latest .topic")[:1] == ["news"], "the event is not shown")
    assert time.monotonic() - start < 1
    assert agent.receive_deliveries(1) == [("news", "e1")]
    page.wait_for(lambda: page.texts(".tile dd")[:2] == ["1", "2"], "the figures are not updated")
    page.wait_for(lambda: page.texts("#agents tbody td")[1:3] == ["connected", "1"], "the delivery is not counted")
    row = page.texts("#agents tbody td")
    assert row[3].split() == ["news", "p.*"] and row[4] == "summarise"

    page.go("events")
    assert page.texts("#event-list .type") == ["event", "agent registered"]
    assert page.texts(TOPICS) == ["news", "system.agent.register"]
    assert page.texts("#event-list .agent") == ["worker → worker", "worker"]
    assert page.texts("#event-list .text") == ["größer", ""]
    agent.half_close()
    agent.end()
    page.wait_for(lambda: page.texts("#event-list .type")[0] == "agent unregistered", "the end of the agent is not shown")
    page.go("overview")
    page.wait_texts("#agents tbody .open", [])
    page.wait_for(page.one("#no-agents").is_displayed, "the missing agents are not reported")
    assert page.console_messages() == []


def test_the_network_shows_topics_agents_and_tools(page, dashboard):
    use(dashboard)
    page.wait_for(lambda: "summarise" in page.texts(".node[data-kind=tool] .name"), "no tool")
    page.wait_for(lambda: "news.local" in page.texts(".node[data-kind=topic] .name"), "no topic")
    assert sorted(page.texts(".node[data-kind=topic] .name")) == ["digest", "news.local"]
    assert sorted(page.texts(".node[data-kind=agent] .name")) == ["reporter", "worker"]
    kinds = "return [...document.querySelectorAll('.edge')].map((edge) => edge.dataset.kind).sort()"
    two_each = [kind for kind in ["call", "deliver", "offer", "publish"] for _ in range(2)]
    page.wait_for(lambda: page.run(kinds) == two_each, "lines are missing")
    label = page.one(".node[data-key='agent:reporter'] .aside").get_attribute("textContent")
    assert label.startswith("Agent reporter: connected; publishes news.local; receives digest; calls ")
    page.one(".node[data-key='agent:worker']").click()
    assert page.text("#drawer-title") == "worker" and "news.*" in page.text("#drawer-body")
    page.press(Keys.ESCAPE)
    assert not page.one("#drawer").is_displayed() and page.focused()[2] == "worker", "the focus is returned"
    page.one(".node[data-key='topic:digest']").click()
    page.wait_texts(TOPICS, ["digest"])
    assert page.console_messages() == []


def test_pulses_run_unless_the_user_prefers_reduced_motion(page, dashboard):
    worker, reporter = use(dashboard)
    page.wait_for(lambda: len(page.texts(".edge")) == 8, "the network is not drawn")
    count = "window.dots = 0; new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach((node) => { window.dots += node.classList?.contains('pulse') ? 1 : 0; }))).observe(document.querySelector('#graph svg'), { childList: true });"
    page.run(count)
    worker.publish("digest", id="d2")
    page.wait_for(lambda: page.run("return window.dots") >= 1, "nothing moves")
    reporter.receive_deliveries(1)
    page.wait_for(lambda: page.texts("#latest .topic").count("digest") == 2, "the event is not shown")
    page.show_as(motion="reduce")
    page.run("window.dots = 0")
    worker.publish("digest", id="d3")
    reporter.receive_deliveries(1)
    page.wait_for(lambda: page.texts("#latest .topic").count("digest") == 3, "the event is not shown")
    assert page.run("return window.dots") == 0


def test_text_of_agents_is_never_markup(page, dashboard):
    markup = "<img src='/evil' onerror='document.title=1'><b>x</b>"
    agent = join(dashboard, markup, [markup], [markup])
    agent.publish(markup, payload=markup.encode())
    agent.receive_deliveries(1)
    page.wait_texts("#agents tbody .open", [markup])
    page.wait_for(lambda: markup in page.titles(".node"), "the network does not show it")
    page.go("tools")
    page.wait_texts("#tool-table .open", [markup, "llm:generate"])
    page.go("traces")
    page.wait_for(lambda: page.texts("#trace-list .trace"), "no trace")
    page.one("#trace-list .trace").click()
    page.wait_for(lambda: page.texts(".span"), "no span")
    page.go("events")
    assert page.texts("#event-list .text")[:1] == [markup]
    page.one("#event-list .event").click()
    assert markup in page.text("#drawer-body")
    assert page.run("return document.querySelectorAll('main img, main b:not(.name b, .problems b), aside img, aside b').length") == 0
    assert not [url for url in page.requests() if "evil" in url]
    assert page.driver.title == "Events · Loom" and page.console_messages() == []


def test_the_filter_shows_matching_events_only(page, dashboard):
    page.go("events")
    agent = join(dashboard, "worker")
    publish(agent, "orders.new", "billing", "orders.paid")
    everything = ["orders.paid", "billing", "orders.new", "system.agent.register"]
    page.wait_texts(TOPICS, everything)
    page.one("#filter").send_keys("ORDERS")
    page.wait_texts(TOPICS, ["orders.paid", "orders.new"])
    publish(agent, "billing.late", "orders.late")
    page.wait_texts(TOPICS, ["orders.late", "orders.paid", "orders.new"])
    page.one("#filter").send_keys(" no such event")
    page.wait_texts(TOPICS, [])
    assert page.text("#no-events") == "No event matches the filter."
    page.one("#filter").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    page.wait_texts(TOPICS, ["orders.late", "billing.late", *everything])
    page.one("#kinds [data-chip=event]").click()
    page.wait_texts(TOPICS, ["system.agent.register"])
    page.one("#kinds [data-chip=event]").click()
    page.one("#clear").click()
    page.wait_texts("#event-list > li", [])


def test_pause_freezes_the_list(page, dashboard):
    page.go("events")
    agent = join(dashboard, "worker")
    publish(agent, "before")
    shown = ["before", "system.agent.register"]
    page.wait_texts(TOPICS, shown)
    pause = page.one("#pause")
    pause.click()
    assert pause.text == "Resume" and pause.get_attribute("aria-pressed") == "true"
    publish(agent, "during.1", "during.2")
    page.wait_texts("#note", ["paused, 2 queued"])
    assert page.texts(TOPICS) == shown
    pause.click()
    page.wait_texts(TOPICS, ["during.2", "during.1", *shown])
    assert pause.text == "Pause" and pause.get_attribute("aria-pressed") == "false"
    page.wait_texts("#note", [""])


def test_the_queue_is_bounded_and_dropped_events_are_counted(page, dashboard):
    page.go("events")
    agent = join(dashboard, "worker")
    page.wait_texts(TOPICS, ["system.agent.register"])
    page.one("#pause").click()
    for n in range(1200):
        agent.publish("flood", id=str(n), payload=b"x" * 90)
    agent.ping()
    page.wait_for(lambda: page.text("#note").startswith("paused, 500 queued · "), "the queue is not bounded")
    page.wait_for(lambda: "700 older events dropped" in page.text("#note") or "too slow" in page.text("#note"), "dropped events are not counted")
    page.one("#pause").click()
    page.wait_for(lambda: len(page.texts("#event-list > li")) == 500, "the list has another length")


def test_tools_have_calls_errors_and_latencies(page, dashboard):
    use(dashboard)
    page.go("tools")
    page.wait_texts("#tool-table .open", ["llm:generate", "summarise", "translate"])
    page.wait_for(lambda: page.texts("#tool-table tbody td")[18] == "1", "the calls are not counted")
    cells = page.texts("#tool-table tbody td")
    summarise, translate = cells[8:16], cells[16:]
    assert summarise[1:4] == ["worker", "1", "0"] and translate[1:4] == ["worker", "1", "1 (100 %)"]
    assert all(latency.endswith(("ms", "µs")) for latency in summarise[4:7])
    assert page.texts("#tool-table th") == ["Tool", "Offered by", "Calls", "Errors", "Median", "95 %", "Longest", "Last call"]
    page.one("#tool-table tr:nth-child(3) .open").click()
    assert page.text("#drawer-title") == "translate" and "no dictionary" in page.text("#drawer-body")
    assert page.console_messages() == []


def test_a_trace_opens_as_a_waterfall(page, dashboard):
    use(dashboard)
    page.go("traces")
    page.wait_for(lambda: any("6 spans" in text for text in page.texts("#trace-list .trace")), "the trace is incomplete")
    page.one("#trace-filter").send_keys("dictionary")
    page.wait_for(lambda: len(page.texts("#trace-list .trace")) == 1, "the filter has no effect")
    page.one("#trace-list .trace").click()
    page.wait_texts("#trace-id", [TRACE])
    names = ["event.publish", "event.deliver", "tool.call", "tool.call", "event.publish", "event.deliver"]
    page.wait_texts(".span b", names)
    assert page.texts(".span .subject") == ["news.local", "news.local", "summarise", "translate", "digest", "digest"]
    assert page.run("return [...document.querySelectorAll('.span')].map((e) => e.dataset.status)")[3] == "error"
    inside = "return [...document.querySelectorAll('.lane')].every((lane) => { const [a, b] = [lane, lane.firstChild].map((e) => e.getBoundingClientRect()); return b.left >= a.left - 1 && b.right <= a.right + 4 && b.width >= 3; })"
    assert page.run(inside), "every bar is inside of its lane"
    page.one(".span[data-status=error]").click()
    assert page.text("#drawer-title") == "tool.call" and "no dictionary" in page.text("#drawer-body")
    # The URL of a trace can be stored.
    page.open(dashboard, f"traces/{TRACE}")
    page.wait_texts(".span b", names)
    assert page.console_messages() == []


def test_an_event_links_to_its_trace(page, dashboard):
    use(dashboard)
    page.go("events")
    page.wait_for(lambda: page.texts(TOPICS)[0] == "digest", "no event")
    page.wait_for(lambda: len(page.texts(TOPICS)) == 6, "not all events")
    page.one("#event-list .event").click()
    assert page.text("#drawer-title") == "event" and "reporter" in page.text("#drawer-body")
    page.one("#drawer .actions button").click()
    page.wait_for(page.one("#view-traces").is_displayed, "traces are not shown")
    page.wait_texts("#trace-id", [TRACE])


def test_metrics_have_a_history(page, dashboard):
    use(dashboard)
    page.go("metrics")
    page.wait_for(lambda: page.run("return document.querySelectorAll('.chart .line[d^=M]').length") >= 10, "no lines")
    labels = page.run("return [...document.querySelectorAll('.chart svg')].map((e) => e.getAttribute('aria-label'))")
    assert labels[0].startswith("Events published: now ") and "five minutes" in labels[0]
    page.wait_for(lambda: page.texts(".chart .now")[9] == "2now", "two agents are connected")
    assert page.console_messages() == []


def test_the_keyboard_reaches_everything(page, dashboard):
    use(dashboard)
    page.wait_texts("#agents tbody .open", ["reporter", "worker"])
    page.press(Keys.TAB)
    assert page.focused() == ["A", "", "Skip to content"]
    ring = "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]"
    order = []
    tabs = page.texts(".tabs a")
    for _ in range(len(tabs) + 3):
        page.press(Keys.TAB)
        order.append(page.focused()[2] or page.focused()[1])
        assert page.run(ring)[0] != "none", f"{order[-1]} has no focus ring"
    assert order[: len(tabs) + 2] == [*tabs, "theme", "?"]

    page.press("?")
    assert page.one("#keys").is_displayed() and "Pause or resume" in page.text("#keys-list")
    page.press(Keys.ESCAPE)
    assert not page.one("#keys").is_displayed()
    for key, view in zip("123456", page.views()):
        page.press(key)
        page.wait_for(page.one(f"#view-{view}").is_displayed, f"{key} does not show {view}")
    page.press("/")
    page.wait_for(lambda: page.focused()[1] == "filter", "the filter does not have the focus")
    page.press("digest")
    page.wait_texts(TOPICS, ["digest"])
    page.one("#filter").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    page.wait_for(lambda: len(page.texts(TOPICS)) == 6, "not all events")
    page.press(Keys.ESCAPE, "p")
    assert page.text("#pause") == "Resume"
    page.press("p")
    page.one("#event-list .event").send_keys(Keys.ARROW_DOWN)
    page.press(Keys.ENTER)
    assert page.text("#drawer-title") == "tool call"
    page.press(Keys.ESCAPE)
    assert page.focused()[2] and page.run("return document.activeElement === document.querySelectorAll('#event-list .event')[1]")
    page.press("c")
    page.wait_texts(TOPICS, [])
    page.press("t")
    assert page.run("return document.documentElement.dataset.theme") == "light"


def test_the_colour_scheme_can_be_chosen_and_is_stored(page, dashboard):
    back = "return Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).slice(0, 3))"
    assert page.run(back) > 192
    page.one("#theme").click()
    page.one("#theme").click()
    assert page.run(back) < 64 and "dark" in page.one("#theme").get_attribute("aria-label")
    page.open(dashboard)
    assert page.run(back) < 64
    page.one("#theme").click()
    assert page.run(back) > 192, "as the system prefers"


# The first element that exceeds the right edge of the window, or null.
TOO_WIDE = """
const edge = document.documentElement.clientWidth;
const right = (e) => e.getBoundingClientRect().right;
// An element that is clipped by a box inside of the window does not count.
const isClipped = (e) => e.parentElement && ((getComputedStyle(e.parentElement).overflowX !== "visible" && right(e.parentElement) <= edge) || isClipped(e.parentElement));
const wide = [...document.body.querySelectorAll("*")].find((e) => right(e) > edge + 0.5 && !isClipped(e));
return wide ? `${wide.tagName} ${wide.className} ${wide.getBoundingClientRect().right}` : null;
"""


@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_nothing_is_wider_than_the_window(page, dashboard, screenshots, width):
    page.show_as(width=width, height=1300)
    use(dashboard)
    long = "a-very-long-name." * 12 + "W" * 80
    agent = join(dashboard, long, ["news", long], [long, "summarise"])
    agent.publish(long, payload=b"0123456789" * 10, metadata={"traceparent": PARENT})
    agent.receive_deliveries(1)
    call(dashboard, agent, long, output="1")
    page.wait_for(lambda: long in page.texts("#agents .open"), "the agent is not shown")
    for view in page.views():
        page.go(view)
        if view == "traces":
            page.wait_for(lambda: page.texts("#trace-list .trace"), "no trace")
            page.one("#trace-list .trace").click()
            page.wait_for(lambda: page.texts(".span"), "no span")
        if view == "tools":
            page.wait_for(lambda: long in page.texts("#tool-table .open"), "the tool is not shown")
        assert page.run("return window.innerWidth") == width
        assert page.run("return document.documentElement.scrollWidth") <= width, view
        assert page.run(TOO_WIDE) is None, view
        page.save_screenshot(screenshots, f"dashboard-{view}-{width}")
    page.go("events")
    page.one("#event-list .event").click()
    assert page.run(TOO_WIDE) is None, "the details"


# The lowest contrast between a text and its background, by WCAG 2's formula, as [ratio, text].
CONTRAST = """
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const light = (colour) => {
  const [r, g, b] = parts(colour).map((c) => linear(c / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (e) => {
  while (parts(getComputedStyle(e).backgroundColor)[3] === 0) e = e.parentElement;
  return getComputedStyle(e).backgroundColor;
};
const ratio = (e, pseudo, text) => {
  const [low, high] = [light(getComputedStyle(e, pseudo).color), light(behind(e))].sort((a, b) => a - b);
  return [(high + 0.05) / (low + 0.05), text];
};
const own = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
const texts = [...document.body.querySelectorAll("*")].filter((e) => e.checkVisibility() && own(e));
const hints = [...document.querySelectorAll("[placeholder]")];
return [
  ...texts.map((e) => ratio(e, null, e.innerText)),
  ...hints.map((e) => ratio(e, "::placeholder", e.placeholder)),
].sort((a, b) => a[0] - b[0])[0];
"""


@pytest.mark.parametrize("scheme, dark", [("light", False), ("dark", True)])
def test_both_colour_schemes_have_enough_contrast(page, dashboard, screenshots, scheme, dark):
    page.show_as(scheme=scheme)
    use(dashboard)
    page.wait_for(lambda: "summarise" in page.texts(".node .name"), "the network is not drawn")
    back = page.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(back) < 64) if dark else (min(back) > 192), back
    for view in page.views():
        page.go(view)
        if view == "events":
            page.one("#pause").click()
        if view == "traces":
            page.wait_for(lambda: page.texts("#trace-list .trace"), "no trace")
            page.one("#trace-list .trace").click()
            page.wait_for(lambda: page.texts(".span"), "no span")
        ratio, where = page.run(CONTRAST)
        assert ratio >= 4.5, f"{view}: {where!r} has a contrast of {ratio:.2f}"
        page.save_screenshot(screenshots, f"dashboard-{view}-{scheme}")


def test_the_page_shows_that_the_runtime_is_unreachable_and_reconnects(page, dashboard, start):
    port = str(urlsplit(dashboard.dashboard).port)
    assert dashboard.stop() == 0
    page.wait_for(lambda: page.one("#link").get_attribute("data-state") == "lost", "the page still shows live")
    assert "does not answer" in page.text("#link")
    page.wait_for(page.one("#gone").is_displayed, "the page does not say that the runtime is gone")
    assert "has not answered since" in page.text("#gone")
    assert page.run("return getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
    again = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT=port)
    page.wait_for(lambda: page.text("#link") == "live", "it does not reconnect")
    join(again, "newcomer")
    page.wait_texts("#agents tbody .open", ["newcomer"])
    assert not page.one("#gone").is_displayed()
    assert page.run("return getComputedStyle(document.querySelector('main')).filter") == "none"
