"""The login of the dashboard, where the runtime has a token."""

import json
import re
import time
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from browser import Browser
from dashboard import request
from login import login_code
from server import DEADLINE

TOKEN = "s3cret"
READ = ["/api/topology", "/api/metrics", "/api/events/stream", "/api/spans/stream", "/api/stream", "/metrics"]


@pytest.fixture
def dashboard(start):
    """Returns a server with a dashboard and a token."""
    return start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_BRIDGE_TOKEN=TOKEN)


@pytest.fixture
def browser(tmp_path):
    """Returns a browser; each test has its own."""
    one = Browser(tmp_path / "chromedriver.log")
    yield one
    one.close()


def log_in(server, **by):
    """Sends a login. Returns the status and the answer."""
    headers = {"content-type": "application/json"}
    status, _, body = request(server, "/api/login", "POST", headers=headers, body=json.dumps(by))
    return status, json.loads(body) if status in (200, 401) else body


def read(server, credentials=None, path="/api/topology"):
    """Reads from the dashboard. Returns the status."""
    headers = {"authorization": f"Bearer {credentials}"} if credentials else {}
    return request(server, path, headers=headers)[0]


def test_reading_requires_the_token_or_a_session(dashboard):
    for path in READ:
        status, headers, body = request(dashboard, path)
        assert (status, headers["www-authenticate"]) == (401, "Bearer"), path
        assert b"authorization: Bearer" in body
    assert read(dashboard, "wrong") == 401
    assert read(dashboard, TOKEN) == read(dashboard, TOKEN, "/metrics") == 200
    for path in ["/", "/static/app.js", "/healthz", "/readyz"]:
        assert read(dashboard, path=path) == 200, "the page can ask for the login, and probes have no token"
    status, answer = log_in(dashboard, token=TOKEN)
    assert status == 200 and read(dashboard, answer["session"]) == 200
    assert log_in(dashboard, token="wrong") == (401, {"error": "the token is not that of this runtime"})


def test_a_code_logs_in_once_and_for_ten_minutes(dashboard):
    key = json.loads(dashboard.ready_file.read_text())["login_key"]
    assert dashboard.ready_file.stat().st_mode & 0o777 == 0o600
    code = login_code(key, time.time())
    status, answer = log_in(dashboard, code=code)
    assert status == 200 and read(dashboard, answer["session"]) == 200
    assert log_in(dashboard, code=code) == (401, {"error": "the login code was used before"})
    assert read(dashboard, answer["session"]) == 200, "the session goes on"
    assert log_in(dashboard, code=login_code(key, time.time() - 590))[0] == 200
    assert log_in(dashboard, code=login_code(key, time.time() - 610)) == (401, {"error": "the login code has expired"})
    for wrong in ["", "0", code[:-1] + "0", login_code("0" * 64, time.time()), login_code(key, time.time() + 3600)]:
        assert log_in(dashboard, code=wrong)[0] == 401, wrong
    assert log_in(dashboard, other=1)[0] == 422


def test_without_a_token_no_login_is_needed(start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0")
    assert "login_key" not in json.loads(server.ready_file.read_text())
    assert log_in(server, code="0") == (200, {"session": None})
    assert read(server) == 200


def test_further_host_names_are_set(start):
    server = start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT="0", LOOM_DASHBOARD_ALLOWED_HOSTS="loom, Dash.example")
    for path in ["/metrics", "/healthz"]:
        for host, status in [("loom:3030", 200), ("dash.example", 200), ("DASH.EXAMPLE.", 200), ("other", 403)]:
            assert request(server, path, host=host)[0] == status, (path, host)
    assert b"LOOM_DASHBOARD_ALLOWED_HOSTS" in request(server, "/metrics", host="other")[2]


def publish(server, topic):
    """Publishes an event with the token."""
    from loom.v1 import event_pb2, event_pb2_grpc

    bus = event_pb2_grpc.EventBusStub(server.channel)
    message = event_pb2.PublishRequest(topic=topic, event=event_pb2.Event(id="1"))
    bus.Publish(message, metadata=[("authorization", f"Bearer {TOKEN}")], timeout=DEADLINE)


def wait_live(browser):
    """Waits until the page shows live data."""
    browser.wait_for(lambda: browser.one("#link").get_attribute("data-state") == "live", "the page is not live")


def stored(browser):
    """Returns the session that the tab keeps, and all cookies."""
    return browser.run("return [Object.values(sessionStorage), document.cookie, Object.keys(localStorage)]")


def test_a_code_in_the_address_logs_in_and_is_removed(browser, dashboard):
    key = json.loads(dashboard.ready_file.read_text())["login_key"]
    code = login_code(key, time.time())
    browser.show_as()
    browser.driver.get(f"{dashboard.dashboard}/#code={code}")
    wait_live(browser)
    assert code not in browser.driver.current_url
    sessions, cookies, local = stored(browser)
    assert len(sessions) == 1 and re.fullmatch("[0-9a-f]{64}", sessions[0]) and not cookies and not local
    urls = browser.requests()
    assert not [url for url in urls if code in url.partition("#")[0] or sessions[0] in url], "no server log has them"
    browser.driver.refresh()
    wait_live(browser)
    assert not browser.one("#login").is_displayed(), "the session is kept"
    # Another tab has the session of the first one.
    browser.driver.switch_to.new_window("tab")
    browser.driver.get(f"{dashboard.dashboard}/#metrics")
    wait_live(browser)
    browser.wait_texts(".tile dd", ["0"] * 6)
    assert not browser.one("#login").is_displayed()
    assert browser.console_messages() == []


def test_the_page_asks_for_the_token(browser, dashboard):
    browser.show_as()
    browser.driver.get(f"{dashboard.dashboard}/#code=00")
    browser.wait_for(browser.one("#login").is_displayed, "the page does not ask")
    assert "code" not in browser.driver.current_url
    browser.press(Keys.ESCAPE)
    assert browser.one("#login").is_displayed()
    browser.one("#login-token").send_keys("wrong", Keys.ENTER)
    browser.wait_texts("#login-error", ["the token is not that of this runtime"])
    browser.one("#login-token").clear()
    browser.one("#login-token").send_keys(TOKEN, Keys.ENTER)
    wait_live(browser)
    assert not browser.one("#login").is_displayed()
    assert TOKEN not in json.dumps(stored(browser)), "the token itself is not kept"
    browser.go("events")
    publish(dashboard, "news")
    browser.wait_texts("#event-list .topic", ["news"])


def test_a_restarted_runtime_asks_again_in_all_tabs(browser, dashboard, start):
    browser.show_as()
    for tab in range(2):
        if tab:
            browser.driver.switch_to.new_window("tab")
        browser.driver.get(dashboard.dashboard)
        if not tab:
            browser.wait_for(browser.one("#login").is_displayed, "the page does not ask")
            browser.one("#login-token").send_keys(TOKEN, Keys.ENTER)
        wait_live(browser)
    dashboard.stop()
    port = str(urlsplit(dashboard.dashboard).port)
    start(LOOM_DASHBOARD="on", LOOM_DASHBOARD_PORT=port, LOOM_BRIDGE_TOKEN=TOKEN)
    first, second = browser.driver.window_handles
    browser.wait_for(browser.one("#login").is_displayed, "the second tab does not ask")
    browser.one("#login-token").send_keys(TOKEN, Keys.ENTER)
    wait_live(browser)
    browser.driver.switch_to.window(first)
    wait_live(browser)
    assert not browser.one("#login").is_displayed(), "one login serves all tabs"
