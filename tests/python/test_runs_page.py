"""The pages of runs in a real browser."""

import json
import shlex
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from agent import join
from dashboard import get_json, request
from language_model import LanguageModel
from otlp_spans import send_spans
from page_fixtures import browser, screenshots  # noqa: F401
from server import DEADLINE
from test_dashboard_axe import axe, examine  # noqa: F401
from test_dashboard_page import CONTRAST, TOO_WIDE
from test_llm import HELLO, TEXT, table
from test_runs import chain, is_whole, runs_when
from test_tools import complete, forward, in_background

NAMES = "#runs-table .open"
SPANS = "#run-spans .run-span"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER = "4bf92f3577b34da6a3ce929d0e0e4737"
LONG = json.dumps({"words": ["needle"] * 1500})


@pytest.fixture
def dashboard(start):
    """Returns a server with a dashboard and a history in memory."""
    return start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="memory")


@pytest.fixture
def page(browser, dashboard):
    """Returns the browser with the list of runs open."""
    browser.show_as()
    browser.open(dashboard, "runs")
    return browser


def call(server, name, caller="analyst", trace=None, arguments="{}", **outcome):
    """Calls a tool, with a worker that returns this outcome; without an outcome there is none."""
    headers = {"x-agent-id": caller} | ({"traceparent": f"00-{trace}-00f067aa0ba902b7-01"} if trace else {})
    thread, _ = in_background(lambda: forward(server, id="c", name=name, arguments=arguments, headers=headers))
    if outcome:
        worker = join(server, f"worker-of-{name}", tools=[name]) if not (known := outcome.pop("worker", None)) else known
        complete(worker, **outcome)
    thread.join(DEADLINE)


def whole_chain(server, metadata=None):
    """Makes a chain of events and calls, and returns its run once it is complete."""
    chain(server, metadata)
    (run,) = is_whole(runs_when(server, is_whole))
    return run


def fragment(page):
    """Returns path and parameters of the address's fragment."""
    path, _, query = urlsplit(page.driver.current_url).fragment.partition("?")
    return path, {name: values[0] for name, values in parse_qs(query).items()}


def open_run(page, server, run, query=""):
    """Opens a run by its address, and waits for its spans."""
    page.open(server, f"runs/{run}{query}")
    page.wait_for(lambda: page.texts(SPANS), "no span")


def choose(page, name, number=0):
    """Clicks the span with this name. Returns the text of the pane."""
    click = "[...document.querySelectorAll(arguments[0])].filter((e) => e.innerText.startsWith(arguments[1]))[arguments[2]].click()"
    page.run(click, SPANS, name, number)  # at once, since a run that changes is drawn anew
    page.wait_for(page.one("#span-pane").is_displayed, "no pane")
    return page.text("#span-pane")


def test_new_runs_appear_and_change(page, dashboard):
    page.wait_for(lambda: "No run yet." in page.text("#no-runs"), "the missing runs are not reported")
    run = whole_chain(dashboard)
    page.wait_for(lambda: "price" in page.texts(NAMES), "the run is not shown")
    at = page.texts(NAMES).index("price")
    row = f"#runs-table tbody tr:nth-child({at + 1}) td"
    page.wait_for(lambda: page.texts(row)[5:7] == ["3", str(run["spans"])], "the run is not complete")
    cells = page.texts(row)
    assert cells[1] == "running" and set(cells[2].split()) >= {"market", "analyst", "trader"}
    assert "kept in memory" in page.text("#runs-history")
    forward(dashboard, id="c9", name="none", arguments="{}")
    page.wait_for(lambda: any("Tool not found: none" in text for text in page.texts("#runs-table .run-error")), "no error")
    page.one(f"{NAMES}[data-key='{run['id']}']").click()
    page.wait_for(lambda: page.texts(SPANS), "the run does not open")
    assert fragment(page) == (f"runs/{run['id']}", {})
    assert page.console_messages() == []


def test_filters_are_in_the_address_and_survive_reload_and_back(page, dashboard):
    run = whole_chain(dashboard)
    forward(dashboard, id="c9", name="none", arguments="{}")
    page.wait_for(lambda: {"price", "none"} <= set(page.texts(NAMES)), "no runs")
    page.one("#run-filter-q").send_keys("hayst")
    page.wait_texts(NAMES, ["price"])
    assert fragment(page) == ("runs", {"q": "hayst"})
    page.one("#run-more summary").click()
    page.one("#run-filter-agent").send_keys("trad*")
    page.one("#run-filter-min_ms").send_keys("0")
    page.wait_for(lambda: fragment(page)[1] == {"q": "hayst", "agent": "trad*", "min_ms": "0"}, "not in the address")
    page.wait_texts(NAMES, ["price"])
    page.driver.refresh()
    page.wait_texts(NAMES, ["price"])
    assert page.one("#run-filter-agent").get_attribute("value") == "trad*", "the filters outlive a reload"
    assert page.one("#run-filter-agent").is_displayed()
    page.one(NAMES).click()
    page.wait_for(lambda: page.texts(SPANS), "the run does not open")
    assert fragment(page)[0] == f"runs/{run['id']}" and fragment(page)[1]["q"] == "hayst"
    page.driver.back()
    page.wait_texts(NAMES, ["price"])
    assert page.one("#run-filter-q").get_attribute("value") == "hayst"
    page.one("#run-filter-reset").click()
    page.wait_for(lambda: "none" in page.texts(NAMES), "the filters are not reset")
    assert fragment(page) == ("runs", {})
    for filters, expected in [("tool=none&status=running", ["none"]), ("topic=nothing", []), ("last=1h&tool=fee", ["price"])]:
        page.open(dashboard, f"runs?{filters}")
        page.wait_texts(NAMES, expected)
    page.open(dashboard, "runs?since=never")
    page.wait_for(lambda: "expected a time" in page.text("#no-runs"), "the error is not shown")
    page.run("document.querySelector('#run-filter-since').value = '2020-01-31T12:00:00'; document.querySelector('#run-filter-q').dispatchEvent(new Event('input', {bubbles: true}))")
    page.wait_for(lambda: "none" in page.texts(NAMES), "no runs since then")
    assert fragment(page)[1]["since"].startswith("2020-01-3")


def test_older_runs_are_on_further_pages(page, dashboard):
    agent = join(dashboard, "agent")
    for number in range(120):
        agent.publish(f"t{number:03}", id=str(number))
    agent.ping()
    runs_when(dashboard, lambda runs: len(runs) >= 120, "limit=500")
    page.wait_for(lambda: len(page.texts(NAMES)) == 50 and page.texts(NAMES)[0] == "t119", "not the newest")
    page.one("#runs-pages a").click()
    page.wait_for(lambda: page.texts(NAMES)[0] == "t069", "not the next page")
    assert fragment(page)[1]["cursor"]
    assert page.texts("#runs-pages a") == ["Newest", "Older"]
    page.one("#runs-pages a:last-child").click()
    page.wait_for(lambda: page.texts(NAMES)[-1] == "t000", "not the last page")
    assert page.texts("#runs-pages a") == ["Newest"] and len(page.texts(NAMES)) == 20
    page.driver.back()
    page.wait_for(lambda: page.texts(NAMES)[0] == "t069", "back does not work")
    page.one("#runs-pages a").click()
    page.wait_for(lambda: page.texts(NAMES)[0] == "t119", "not the newest")


def test_a_run_is_a_waterfall_with_agents_as_lanes(page, dashboard):
    whole_chain(dashboard)
    agents = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    join(dashboard, "planner").publish("plan", id="x", metadata=agents)
    call(dashboard, "none", "planner", TRACE)
    runs_when(dashboard, lambda runs: any(run["id"] == TRACE and run["errors"] for run in runs))
    open_run(page, dashboard, TRACE)
    assert page.texts("#run-spans .lane-head b") == ["planner"]
    assert page.texts("#run-spans .inline-error") == ["Tool not found: none"]
    colour = "return getComputedStyle(document.querySelector('#run-spans .inline-error')).color"
    assert page.run(colour) == "rgb(179, 38, 30)"
    assert "Tool not found: none" in page.text(".head-error")
    (run,) = is_whole(runs_when(dashboard, is_whole))
    open_run(page, dashboard, run["id"])
    lanes = page.texts("#run-spans .lane-head b")
    assert lanes[0] == "market" and {"analyst", "trader"} <= set(lanes)
    bars = page.run("return [...document.querySelectorAll('#run-spans .lane i')].map((e) => [parseFloat(e.style.left), parseFloat(e.style.width)])")
    assert len(bars) == len(page.texts(SPANS)) and all(0 <= left <= 100 for left, _ in bars)
    text = choose(page, "tool.call")
    assert "amount" in text and "fee" in text and "Input" in text and "Output" in text
    assert fragment(page)[1]["span"]
    page.driver.refresh()
    page.wait_for(lambda: page.texts("#span-pane .json"), "the chosen span is not shown after a reload")
    assert page.console_messages() == []


def test_the_keyboard_reaches_every_span(page, dashboard):
    run = whole_chain(dashboard)
    forward(dashboard, id="c9", name="none", arguments="{}")
    page.wait_for(lambda: {"price", "none"} <= set(page.texts(NAMES)), "no runs")
    page.one("#run-filter-q").click()
    page.press(Keys.ESCAPE)
    page.one(NAMES).send_keys(Keys.ARROW_DOWN)
    assert page.focused()[2] == page.texts(NAMES)[1], "the arrows move through the list"
    page.one(f"{NAMES}[data-key='{run['id']}']").send_keys(Keys.ENTER)
    page.wait_for(lambda: page.focused()[1] == "run-spans", "the spans do not have the focus")
    page.press(Keys.ARROW_DOWN)
    active = "const list = document.activeElement; return document.getElementById(list.getAttribute('aria-activedescendant')).innerText"
    assert page.run(active).startswith("event.publish")
    page.press(Keys.ENTER)
    page.wait_for(lambda: page.focused()[1] == "span-title", "the pane does not have the focus")
    page.press(Keys.ESCAPE)
    assert page.focused()[1] == "run-spans" and not page.one("#span-pane").is_displayed()
    page.press(Keys.ARROW_LEFT)
    assert page.run(active).split("\n")[1] == "market"
    spans = len(page.texts(SPANS))
    page.press(Keys.ARROW_LEFT)
    assert len(page.texts(SPANS)) < spans, "the lane is not folded"
    page.press(Keys.ARROW_RIGHT, Keys.END)
    assert len(page.texts(SPANS)) == spans
    page.press(Keys.ENTER)
    page.wait_for(page.one("#span-pane").is_displayed, "Enter does not open the span")
    page.press(Keys.ESCAPE, Keys.ESCAPE)
    page.wait_for(lambda: page.one("#runs-list").is_displayed(), "Escape does not lead back")
    page.press("/")
    assert page.focused()[1] == "run-filter-q"


def test_a_models_messages_are_a_conversation(browser, start, tmp_path):
    model = LanguageModel(tmp_path, [HELLO])
    try:
        server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_LLM_PROVIDERS=json.dumps({"local": table(model)}))
        asked = [{"role": "user", "content": "weather?"}]
        asked += [{"role": "assistant", "content": None, "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "sky", "arguments": '{"in": "Köln"}'}}]}]
        asked += [{"role": "tool", "tool_call_id": "t1", "content": "blue"}, {"role": "user", "content": "hello"}]
        forward(server, id="c", name="llm:generate", arguments=json.dumps({"system": "be kind", "messages": asked}))
        (run,) = runs_when(server, lambda runs: runs and runs[0]["tokens"], "tool=llm:generate")
    finally:
        model.close()
    browser.show_as()
    browser.open(server, "runs")
    open_run(browser, server, run["id"])
    assert "m" in choose(browser, "llm.generate")
    browser.wait_texts(".message h5", ["System", "User", "Assistant", "Tool", "User", "Assistant"])
    assert browser.texts(".message .said")[0:2] == ["be kind", "weather?"] and browser.texts(".message .said")[-1] == TEXT
    assert browser.texts(".message .tool-part p")[0].startswith("calls sky") and "Köln" in browser.text(".message .json")
    assert browser.console_messages() == []


def test_a_long_content_is_shown_whole_on_request(page, dashboard):
    worker = join(dashboard, "worker", tools=["count"])
    call(dashboard, "count", trace=TRACE, arguments=LONG, worker=worker, output=json.dumps("x" * 100_000))
    runs_when(dashboard, lambda runs: any(run["id"] == TRACE for run in runs))
    open_run(page, dashboard, TRACE)
    text = choose(page, "tool.call")
    assert "the first 4.0 KiB of" in text and "The history holds the first 64 KiB of 98 KiB." in text
    page.one(".body[data-kind=input] .show-all").click()
    page.wait_for(lambda: page.texts(".body[data-kind=input] .json"), "it is no JSON")
    assert not page.texts(".body[data-kind=input] .show-all")
    folded = "return document.querySelectorAll('.body[data-kind=input] .json *').length"
    before = page.run(folded)
    assert before < 50, "what is folded is not in the page"
    page.one(".body[data-kind=input] details details > summary").click()
    page.wait_for(lambda: page.run(folded) > before, "it does not unfold")
    assert len(page.texts(".body[data-kind=input] details details details")) == 15, "in groups of 100"


def test_why_there_is_no_content(page, dashboard, start):
    run = whole_chain(dashboard, {"loom.secret": "true"})
    open_run(page, dashboard, run["id"])
    text = choose(page, "event.publish")
    assert "marked secret" in text and "needle" not in page.driver.page_source
    page.one("[data-copy=curl]").click()
    page.wait_for(lambda: "not kept" in page.text(".copied"), "the copy is not refused")
    off = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="memory", LOOM_DASHBOARD_CONTENT="off")
    run = whole_chain(off)
    open_run(page, off, run["id"])
    assert "Contents are not kept" in choose(page, "event.publish")
    page.open(off, "runs")
    page.wait_for(lambda: "contents are not kept" in page.text("#runs-history"), "the list does not say so")


def test_redacted_values_are_named(page, dashboard):
    run = whole_chain(dashboard)
    open_run(page, dashboard, run["id"])
    text = choose(page, "event.publish")
    assert "Redacted: the value of api_key." in text and '"***"' in text


def test_events_and_calls_can_be_copied_as_commands(page, dashboard):
    run = whole_chain(dashboard)
    open_run(page, dashboard, run["id"])
    choose(page, "event.publishanalysis")
    page.one("[data-copy=curl]").click()
    page.wait_for(lambda: page.texts(".copied pre"), "no command")
    words = shlex.split("".join(page.texts(".copied pre")).replace("\\\n", " "))
    assert words[0] == "curl" and f"{dashboard.dashboard.rstrip('/')}/api/events" in words
    assert json.loads(words[words.index("-d") + 1]) == {"topic": "analysis", "payload_text": "needle in a haystack"}
    assert "authorization" not in "".join(page.texts(".copied pre")), "this server has no token"
    page.one("[data-copy=grpcurl]").click()
    page.wait_for(lambda: "grpcurl" in "".join(page.texts(".copied pre")), "no command")
    words = shlex.split("".join(page.texts(".copied pre")).replace("\\\n", " "))
    sent = json.loads(words[words.index("-d") + 1])
    assert words[-1] == "loom.v1.EventBus/Publish" and sent["topic"] == "analysis" and sent["event"]["payload"] == "bmVlZGxlIGluIGEgaGF5c3RhY2s="
    choose(page, "tool.call")
    page.one("[data-copy=curl]").click()
    page.wait_for(lambda: page.texts(".copied pre"), "no command")
    words = shlex.split("".join(page.texts(".copied pre")).replace("\\\n", " "))
    assert json.loads(words[words.index("-d") + 1]) == {"tool": "fee", "arguments": {"amount": 3}}
    page.one("[data-copy=grpcurl]").click()
    page.wait_for(lambda: "grpcurl" in "".join(page.texts(".copied pre")), "no command")
    words = shlex.split("".join(page.texts(".copied pre")).replace("\\\n", " "))
    assert words[-1] == "loom.v1.Bridge/ForwardToolCall" and json.loads(words[words.index("-d") + 1])["arguments"] == '{"amount": 3}'


def test_a_copied_command_has_the_token_as_a_variable(browser, start):
    token = "t0ken-" + "x" * 40
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="memory", LOOM_BRIDGE_TOKEN=token)
    browser.show_as()
    browser.driver.get(f"{server.dashboard}/#runs")
    browser.wait_for(browser.one("#login").is_displayed, "no login")
    browser.one("#login-token").send_keys(token, Keys.ENTER)
    browser.wait_for(lambda: browser.one("#link").get_attribute("data-state") == "live", "not logged in")
    body = json.dumps({"topic": "it's", "payload": {"a": "b'c"}})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert request(server, "/api/events", "POST", headers=headers, body=body)[0] == 200
    browser.wait_texts(NAMES, ["it's"])
    browser.one(NAMES).click()
    browser.wait_for(lambda: browser.texts(SPANS), "no span")
    choose(browser, "event.publish")
    browser.one("[data-copy=curl]").click()
    browser.wait_for(lambda: browser.texts(".copied pre"), "no command")
    command = "".join(browser.texts(".copied pre"))
    assert "$LOOM_BRIDGE_TOKEN" in command and token not in command and browser.run("return sessionStorage[Object.keys(sessionStorage)[0]]") not in command
    done = subprocess.run(["sh", "-c", command], env={"LOOM_BRIDGE_TOKEN": token, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0 and json.loads(done.stdout)["id"], done
    browser.driver.back()
    browser.wait_texts(NAMES, ["it's", "it's"])
    (latest, *_) = get_json(server, "/api/runs", token)["runs"]
    detail = get_json(server, f"/api/runs/{latest['id']}", token)
    assert json.loads(detail["span_list"][0]["bodies"][0]["text"]) == {"a": "b'c"}


def test_two_runs_side_by_side(page, dashboard):
    worker = join(dashboard, "worker", tools=["count"])
    for trace, amount, status in [(TRACE, 1, 0), (OTHER, 2, 1)]:
        span = {"trace": trace, "id": 1, "name": "plan", "agent": "planner", "ms": amount * 100}
        send_spans(dashboard, [span] + ([dict(span, id=2, parent=1, name="extra", ms=5)] if amount == 2 else []))
        outcome = {"status": 1, "error": {"code": "X", "message": "broken"}} if status else {"output": "7"}
        call(dashboard, "count", trace=trace, arguments=json.dumps({"amount": amount}), worker=worker, **outcome)
    runs_when(dashboard, lambda runs: {TRACE, OTHER} <= {run["id"] for run in runs if run["spans"] >= 2})
    open_run(page, dashboard, TRACE)
    page.one("#run-compare-with").send_keys(Keys.NULL)
    page.one("#run-compare-with").click()
    page.wait_for(lambda: page.run("return document.querySelectorAll('#run-compare-with option').length") > 1, "no choice")
    page.run("const e = document.querySelector('#run-compare-with'); e.value = arguments[0]; e.dispatchEvent(new Event('change'))", OTHER)
    page.wait_for(lambda: page.texts("#compare-spans .compare-row"), "no comparison")
    assert fragment(page)[0] == f"runs/{TRACE}/with/{OTHER}"
    rows = {text.split("\n")[0]: text for text in page.texts("#compare-spans .compare-row")}
    assert "only right" in next(text for name, text in rows.items() if name.startswith("extra"))
    assert "+100 ms" in next(text for name, text in rows.items() if name.startswith("plan"))
    called = next(text for name, text in rows.items() if name.startswith("tool.call"))
    assert "input, output, status differ" in called
    assert page.text("#compare-note") == "2 of 3 spans differ."
    at = [text.startswith("tool.call") for text in page.texts("#compare-spans .compare-row")].index(True)
    page.driver.find_elements("css selector", "#compare-spans .compare-row")[at].click()
    page.wait_for(lambda: page.texts("#compare-pane .compare-body"), "no contents")
    assert page.texts("#compare-pane [data-kind=input] del") == ['  "amount": 1\n'] and page.texts("#compare-pane [data-kind=input] ins") == ['  "amount": 2\n']
    assert "broken" in page.text("#compare-pane")
    page.press(Keys.ESCAPE)
    assert page.focused()[1] == "compare-spans" and not page.one("#compare-pane").is_displayed()
    page.driver.refresh()
    page.wait_for(lambda: page.texts("#compare-spans .compare-row"), "a reload loses the comparison")
    page.one("#compare-back").click()
    page.wait_for(lambda: page.texts(SPANS), "no way back")
    assert page.console_messages() == []


def test_a_trace_and_its_run_link_to_each_other(page, dashboard):
    run = whole_chain(dashboard)
    open_run(page, dashboard, run["id"])
    page.one(f"#run-head a[href='#traces/{run['id']}']").click()
    page.wait_texts("#trace-id", [run["id"]])
    page.one("#trace-run").click()
    page.wait_for(lambda: page.texts(SPANS), "no way back to the run")
    assert fragment(page)[0] == f"runs/{run['id']}"


def test_the_history_can_be_cleared_after_a_question(page, dashboard):
    whole_chain(dashboard)
    page.wait_for(lambda: "price" in page.texts(NAMES), "no run")
    page.one("#runs-clear").click()
    page.one("#runs-clear-no").click()
    assert get_json(dashboard, "/api/runs")["runs"]
    page.one("#runs-clear").click()
    page.one("#runs-clear-yes").click()
    page.wait_texts(NAMES, [])
    assert get_json(dashboard, "/api/runs")["runs"] == [] and not page.one("#runs-confirm").is_displayed()


def test_a_history_that_is_off_is_reported(browser, start):
    browser.show_as()
    browser.open(start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="off"), "runs")
    browser.wait_for(lambda: "set LOOM_HISTORY" in browser.text("#no-runs"), "no explanation")
    assert not browser.one("#runs-clear").is_enabled()


def test_a_run_of_10000_spans_is_shown_in_parts(browser, start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_HISTORY="memory", LOOM_HISTORY_ROWS_PER_SECOND="100000")
    one = {"trace": TRACE, "id": 1, "name": "root", "ms": 10_000}
    rest = [{"trace": TRACE, "id": n, "parent": 1 if n % 7 else n - 1, "name": f"step{n}", "agent": f"agent{n % 5}", "start_ms": n, "ms": 3} for n in range(2, 10_000)]
    rest[5_000]["error"] = "lost"
    send_spans(server, [one, *rest])
    runs_when(server, lambda runs: any(run["spans"] == 9_999 for run in runs))
    browser.show_as()
    open_run(browser, server, TRACE)
    rows = "return document.querySelectorAll('#run-spans .row-content > *').length"
    assert 10 < browser.run(rows) < 100
    browser.one("#run-spans").send_keys(Keys.END)
    last = "return document.getElementById(document.querySelector('#run-spans').getAttribute('aria-activedescendant'))?.innerText"
    browser.wait_for(lambda: (browser.run(last) or "").startswith("step"), "the last span is not shown")
    assert 10 < browser.run(rows) < 100
    for _ in range(20):
        browser.press(Keys.PAGE_UP)
    assert 10 < browser.run(rows) < 100


@pytest.mark.parametrize("width, scheme", [(390, "light"), (1440, "dark"), (1440, "light"), (2560, "light"), (2560, "dark"), (390, "dark")])
def test_the_pages_fit_and_are_accessible(page, dashboard, screenshots, axe, width, scheme):
    page.show_as(width=width, height=1000, scheme=scheme)
    run = whole_chain(dashboard)
    long = "a-very-long-name." * 12 + "W" * 80
    join(dashboard, long).publish(long, payload=b"0123456789" * 10)
    forward(dashboard, id="c9", name="no" * 60, arguments="{}", headers={"traceparent": f"00-{run['id']}-00f067aa0ba902b7-01"})
    other = runs_when(dashboard, lambda runs: any(each["errors"] for each in runs) and any(each["trigger"] == long for each in runs))
    other = next(each["id"] for each in other if each["trigger"] == long)

    def check(name):
        assert page.run("return document.documentElement.scrollWidth") <= width, name
        assert page.run(TOO_WIDE) is None, name
        ratio, where = page.run(CONTRAST)
        assert ratio >= 4.5, f"{name}: {where!r} has a contrast of {ratio:.2f}"
        page.run(axe)
        assert examine(page, name) == []
        page.save_screenshot(screenshots, f"{name}-{width}-{scheme}")

    page.open(dashboard, "runs?last=1h")
    page.wait_for(lambda: any(long in name for name in page.texts(NAMES)), "no run")
    page.run("document.querySelector('#run-more').open = true")
    check("runs")
    open_run(page, dashboard, run["id"])
    choose(page, "tool.call")
    page.one("[data-copy=curl]").click()
    page.wait_for(lambda: page.texts(".copied pre"), "no command")
    check("run")
    page.open(dashboard, f"runs/{run['id']}/with/{other}")
    page.wait_for(lambda: page.texts("#compare-spans .compare-row"), "no comparison")
    page.one("#compare-spans .compare-row").click()
    check("compare")
    page.open(dashboard, "runs")
    page.wait_for(lambda: page.texts(NAMES), "no run")
    page.one("#runs-clear").click()
    check("clear")
