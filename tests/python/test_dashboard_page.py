"""The dashboard's page in a real browser."""

import os
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from agent import join
from browser import Browser

TOPICS = "#events .topic"


@pytest.fixture
def dashboard(start):
    """A server with a dashboard."""
    return start(LOOM_DASHBOARD="Yes", LOOM_DASHBOARD_PORT="0")


@pytest.fixture
def browser(tmp_path):
    """A browser of its own for each test."""
    one = Browser(tmp_path / "chromedriver.log")
    yield one
    one.close()


@pytest.fixture
def pictures(tmp_path):
    """Where screenshots are kept for people."""
    return os.environ.get("LOOM_TEST_ARTEFACTS") or tmp_path


@pytest.fixture
def page(browser, dashboard):
    """The page, open and live."""
    browser.show_as()
    browser.open(dashboard)
    return browser


def publish(agent, *topics):
    """Publishes an event on each topic; all of them are understood when this returns."""
    for topic in topics:
        agent.publish(topic, id=topic)
    agent.ping()


def test_the_page_loads_whole_and_asks_nobody_else(page, dashboard):
    page.wait_texts(".tiles dd", ["0", "0", "0", "0"])
    assert page.driver.title == "Loom"
    assert page.text("#link") == "live"
    assert page.one("#no-agents").is_displayed() and page.text("#no-events") == "Nothing happened yet."
    asked = [urlsplit(url) for url in page.requests()]
    # Data is in the page itself; with chrome: the browser asks itself for its first empty tab.
    asked = [url for url in asked if url.scheme not in ("data", "chrome")]
    assert {(url.scheme, url.netloc) for url in asked} == {urlsplit(dashboard.dashboard)[:2]}
    files = {"/", "/static/app.css", "/static/app.js"}
    assert {url.path for url in asked} == files | {"/api/topology", "/api/metrics", "/api/events/stream"}
    assert page.complaints() == []


def test_agents_and_events_appear_as_they_come(page, dashboard):
    agent = join(dashboard, "worker", ["news", "p.*"], ["summarise"])
    agent.publish("news", id="e1", payload="größer".encode())
    assert agent.hear_deliveries(1) == [("news", "e1")]
    page.wait_texts("#events .what", ["event delivered", "event published", "agent registered"])
    assert page.texts(TOPICS) == ["news", "news", "system.agent.register"]
    assert page.texts("#events .who") == ["worker"] * 3
    assert page.texts("#events .text") == ["größer", "größer", ""]
    page.wait_texts("#agents h3", ["worker connected"])
    page.wait_texts("#agents p", ["Topics news p.*", "Tools summarise", "1 event received"])
    page.wait_for(lambda: page.texts(".tiles dd")[:2] == ["1", "2"], "the figures do not follow")
    assert not page.one("#no-agents").is_displayed() and not page.one("#no-events").is_displayed()
    agent.half_close()
    agent.end()
    page.wait_texts("#agents h3", [])
    page.wait_for(page.one("#no-agents").is_displayed, "nobody says that no agent is left")
    assert page.texts("#events .what")[0] == "agent unregistered"
    assert page.complaints() == []


def test_what_agents_say_is_never_markup(page, dashboard):
    markup = "<img src='/evil' onerror='document.title=1'><b>x</b>"
    agent = join(dashboard, markup, [markup], [markup])
    agent.publish(markup, payload=markup.encode())
    agent.hear_deliveries(1)
    page.wait_texts("#events .text", [markup, markup, ""])
    page.wait_texts("#agents h3", [f"{markup} connected"])
    assert page.texts("#agents code") == [markup, markup]
    assert page.run("return document.querySelectorAll('main img, main b').length") == 0
    assert not [url for url in page.requests() if "evil" in url]
    assert page.complaints() == []


def test_the_filter_keeps_what_matches(page, dashboard):
    agent = join(dashboard, "worker")
    publish(agent, "orders.new", "billing", "orders.paid")
    everything = ["orders.paid", "billing", "orders.new", "system.agent.register"]
    page.wait_texts(TOPICS, everything)
    page.one("#filter").send_keys("ORDERS")
    page.wait_texts(TOPICS, ["orders.paid", "orders.new"])
    publish(agent, "billing.late", "orders.late")
    page.wait_texts(TOPICS, ["orders.late", "orders.paid", "orders.new"])
    page.one("#filter").send_keys(" unheard of")
    page.wait_texts(TOPICS, [])
    assert page.text("#no-events") == "No event matches the filter."
    page.one("#filter").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    page.wait_texts(TOPICS, ["orders.late", "billing.late", *everything])
    page.one("#clear").click()
    page.wait_texts("#events > li", [])


def test_pause_holds_the_list_still(page, dashboard):
    agent = join(dashboard, "worker")
    publish(agent, "before")
    seen = ["before", "system.agent.register"]
    page.wait_texts(TOPICS, seen)
    pause = page.one("#pause")
    pause.click()
    assert pause.text == "Resume" and pause.get_attribute("aria-pressed") == "true"
    publish(agent, "during.1", "during.2")
    page.wait_texts("#note", ["paused, 2 waiting"])
    assert page.texts(TOPICS) == seen
    pause.click()
    page.wait_texts(TOPICS, ["during.2", "during.1", *seen])
    assert pause.text == "Pause" and pause.get_attribute("aria-pressed") == "false"
    page.wait_texts("#note", [""])


# The widest thing that reaches past the right edge of the window, or null.
TOO_WIDE = """
const edge = document.documentElement.clientWidth;
const wide = [...document.body.querySelectorAll("*")].find((e) => e.getBoundingClientRect().right > edge + 0.5);
return wide ? `${wide.tagName} ${wide.className} ${wide.getBoundingClientRect().right}` : null;
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(page, dashboard, pictures, width):
    page.show_as(width=width)
    long = "a-very-long-name." * 12 + "W" * 80
    agent = join(dashboard, long, ["news", long], [long, "summarise"])
    agent.publish(long, payload=b"0123456789" * 10)
    agent.hear_deliveries(1)
    page.wait_texts(TOPICS, [long, long, "system.agent.register"])
    page.wait_texts("#agents h3", [f"{long} connected"])
    assert page.run("return window.innerWidth") == width
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.run(TOO_WIDE) is None
    page.keep_picture(pictures, f"dashboard-{width}")


# The lowest contrast, by WCAG 2's formula, between a text and what is painted behind it, as [ratio, text].
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
def test_both_colour_schemes_can_be_read(page, dashboard, pictures, scheme, dark):
    page.show_as(scheme=scheme)
    agent = join(dashboard, "worker", ["news"], ["summarise"])
    agent.publish("news", payload=b"hello")
    agent.hear_deliveries(1)
    page.wait_texts("#events .text", ["hello", "hello", ""])
    page.wait_texts("#agents h3", ["worker connected"])
    back = page.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(back) < 64) if dark else (min(back) > 192), back
    page.one("#pause").click()
    ratio, where = page.run(CONTRAST)
    assert ratio >= 4.5, f"{where!r} has a contrast of {ratio:.2f}"
    page.keep_picture(pictures, f"dashboard-{scheme}")


def test_the_page_says_that_the_runtime_is_gone(page, dashboard):
    assert dashboard.stop() == 0
    page.wait_for(lambda: page.one("#link").get_attribute("data-state") == "lost", "the page still says live")
    assert "does not answer" in page.text("#link")
