"""How fast the dashboard answers with 1,000 agents and 100,000 runs: pages in Chromium, searches, and long tasks of four tabs.

    cargo xtask bench --pages        (alone on the machine: times of a browser beside other work say nothing)
"""

import os
import statistics
import time
import urllib.request

from agent import join, register
from browser import Browser
from dashboard import get_json, request
from otlp_spans import send_spans

# Fewer, for a quick look.
AGENTS = int(os.environ.get("LOOM_BENCH_AGENTS", "1000"))
RUNS = int(os.environ.get("LOOM_BENCH_RUNS", "100000"))
TOPICS, LOADS = 5, 5
PER_SECOND, WATCHED, TABS = 200, 10, 4
PAGE_LIMIT, FIND_LIMIT, TASK_LIMIT = 1_000, 200, 100
TOOLS = ["orders:place", "risk:check", "news:read"]

# Milliseconds from the beginning of the load to the first frame in which the selector has an element with text.
SHOWN = """
const [selector, done] = arguments;
const look = () => {
  const shown = [...document.querySelectorAll(selector)].some((element) => element.checkVisibility() && element.textContent.trim());
  if (shown) requestAnimationFrame(() => done(performance.now()));
  else setTimeout(look, 2);
};
look();
"""
OBSERVE = """
window.longTasks = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => longTasks.push(entry.duration))).observe({ type: "longtask" });
"""


def trace(number):
    return f"{number + 1:032x}"


def spans(number):
    """Three spans of one run: an event, its handling, and a call; one run in fifty fails."""
    agent = f"agent-{number % AGENTS:04}"
    run = {"trace": trace(number), "agent": agent}
    body = {"input.value": f"order number {number} of lot-{number}"} if number % 50 == 0 else {}
    error = {"error": "the exchange is closed"} if number % 50 == 7 else {}
    return [
        run | {"id": 1, "name": "event.publish", "ms": 1, "attributes": {"messaging.destination.name": f"market.{number % 500}"}},
        run | {"id": 2, "parent": 1, "name": "event.handle", "ms": 5},
        run | {"id": 3, "parent": 2, "name": "tool.execute", "ms": 3, "attributes": {"gen_ai.tool.name": TOOLS[number % 3]} | body} | error,
    ]


def await_run(server, run):
    """Waits until the history has a run: its queue is bounded."""
    deadline = time.monotonic() + 60
    while request(server, f"/api/runs/{run}")[0] != 200:
        assert time.monotonic() < deadline, run
        time.sleep(0.02)


def fill(server):
    """Registers the agents and sends the runs; returns once the history has all of them."""
    for n in range(AGENTS):
        topics = [f"{['market', 'news', 'orders', 'risk', 'mail'][n % 5]}.{n}.{k}" for k in range(TOPICS)]
        register(server, f"agent-{n:04}", topics, [f"tool:{n}"] if n % 10 == 0 else [])
    for first in range(0, RUNS, 1_000):
        send_spans(server, [span for number in range(first, first + 1_000) for span in spans(number)], part=3_000)
        await_run(server, trace(first + 999))
    deadline = time.monotonic() + 120
    while any(get_json(server, f"/api/runs/{trace(n)}")["status"] == "running" for n in (0, RUNS // 2, RUNS - 1)):
        assert time.monotonic() < deadline, "the runs do not end"
        time.sleep(0.5)


def milliseconds(server, path):
    """The median of eleven requests, in milliseconds, and the last answer."""
    times = []
    for _ in range(11):
        begun = time.perf_counter()
        with urllib.request.urlopen(server.dashboard + path) as response:
            body = response.read()
        times.append((time.perf_counter() - begun) * 1_000)
    return statistics.median(times), body.decode()


def test_pages_and_searches(start, tmp_path):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY=str(tmp_path / "history.db"), LOOM_HISTORY_ROWS_PER_SECOND="1000000")
    fill(server)
    missed = []

    def judge(what, figure, limit):
        print(f"  {what:44} {figure:8.1f} ms  at most {limit}", flush=True)
        if figure > limit:
            missed.append(what)

    print(f"\n{AGENTS} agents, {RUNS} runs")
    middle = RUNS // 2
    for what, path, expected in [
        ("a run by its id", f"/api/runs/{trace(middle)}", trace(middle)),
        ("runs of an agent", "/api/runs?agent=agent-0042&limit=50", trace(RUNS - AGENTS + 42)),
        ("a run by its words", f"/api/runs?q=lot-{middle}&limit=50", trace(middle)),
        ("failed runs", "/api/runs?status=failed&limit=50", trace(RUNS - 43)),
        ("runs of a tool", "/api/runs?tool=risk%3Acheck&limit=50", '"tool'),
    ]:
        figure, answer = milliseconds(server, path)
        assert expected in answer or what == "runs of a tool", (what, answer[:300])
        judge(what, figure, FIND_LIMIT)
    browser = Browser(tmp_path / "chromedriver.log")
    try:
        browser.show_as(width=1440)
        pages(server, browser, judge)
        tabs(server, browser, judge)
    finally:
        browser.close()
    assert not missed, missed


def pages(server, browser, judge):
    views = {
        "overview": "#view-overview .node .name",
        "runs": "#view-runs tbody tr",
        f"runs/{trace(RUNS - 1)}": "#view-runs .run-span",
        "events": "#view-events",
        "tools": "#view-tools tbody tr",
        "metrics": "#view-metrics .chart",
        "traces": "#view-traces li, #view-traces tbody tr",
    }
    for view, selector in views.items():
        times = []
        for _ in range(LOADS):
            browser.driver.get("about:blank")
            browser.driver.get(f"{server.dashboard}/#{view}")
            times.append(browser.driver.execute_async_script(SHOWN, selector))
        judge(f"page {view.split('/')[0]}{'/ID' if '/' in view else ''}", statistics.median(times), PAGE_LIMIT)


def tabs(server, browser, judge):
    """Four tabs, each with another view, while events arrive."""
    publisher = join(server, "publisher")
    handles = []
    for view in ["overview", "runs", "events", "metrics"][:TABS]:
        browser.driver.switch_to.new_window("window")
        browser.driver.get(f"{server.dashboard}/#{view}")
        browser.wait_for(lambda: browser.one("#link").get_attribute("data-state") == "live", "the page is not live")
        handles.append((view, browser.driver.current_window_handle))
    time.sleep(2)
    for _, handle in handles:
        browser.driver.switch_to.window(handle)
        browser.run(OBSERVE)
    begun = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - begun) < WATCHED:
        while sent < passed * PER_SECOND:
            publisher.publish(f"market.{sent % 500}", id=str(sent), payload=b'{"price": 7}')
            sent += 1
        time.sleep(0.005)
    for view, handle in handles:
        browser.driver.switch_to.window(handle)
        judge(f"longest task of the tab {view}", max(browser.run("return longTasks"), default=0), TASK_LIMIT)
