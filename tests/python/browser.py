"""Headless Chromium for tests: what it shows, what it requests and what it logs."""

import json
import os
import tempfile
from pathlib import Path

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from server import DEADLINE

# Debian's programs by path, so that Selenium downloads none.
PROGRAMS = {"/usr/bin/chromium": "chromium", "/usr/bin/chromedriver": "chromium-driver"}
CHROMIUM, DRIVER = PROGRAMS

FLAGS = [
    "--headless",
    "--no-sandbox",  # the sandbox does not work for root
    "--disable-gpu",
    "--disable-dev-shm-usage",  # it is small in containers
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--lang=en-US",
    # The browser itself resolves no host.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


class Browser:
    """One Chromium with a home folder of its own."""

    def __init__(self, log):
        for program, package in PROGRAMS.items():
            assert os.access(program, os.X_OK), f"{program} is missing: install Debian's package {package}"
        # Not below pytest's folder: the path of Chromium's socket would exceed the limit for sockets.
        self.home = tempfile.TemporaryDirectory(prefix="loom-", ignore_cleanup_errors=True)
        options = ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in [*FLAGS, f"--user-data-dir={self.home.name}/profile"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # Chromium writes caches and crash reports below HOME and TMPDIR.
        variables = {"PATH": os.environ.get("PATH", ""), "HOME": self.home.name, "TMPDIR": self.home.name}
        service = ChromeService(DRIVER, env=variables, log_output=str(log))
        self.driver = Chrome(options=options, service=service)
        self.driver.set_page_load_timeout(DEADLINE)
        self.driver.set_script_timeout(DEADLINE)

    def close(self):
        """Ends the browser and its driver."""
        self.driver.quit()
        self.home.cleanup()

    def open(self, server, view="overview"):
        """Opens a view of the dashboard and waits until its event stream is connected."""
        self.driver.get(f"{server.dashboard}/#{view}")
        self.wait_for(lambda: self.one("#link").get_attribute("data-state") == "live", "the page is not live")

    def show_as(self, width=1280, height=900, scheme="light", motion="no-preference"):
        """Sets the size of the window in CSS pixels and the preferences of the system."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        preferences = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        features = [{"name": name, "value": value} for name, value in preferences.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def one(self, selector):
        """Returns the first element that matches the CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def go(self, view):
        """Changes to another view by its tab."""
        self.one(f".tabs a[href='#{view}']").click()
        self.wait_for(self.one(f"#view-{view}").is_displayed, f"{view} is not shown")

    def press(self, *keys):
        """Presses keys in the element that has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        """Returns the element that has the focus, as tag, id and text."""
        return self.run("const e = document.activeElement; return [e.tagName, e.id, e.innerText.split('\\n')[0]]")

    def text(self, selector):
        """Returns the visible text of an element."""
        return self.one(selector).text

    def views(self):
        """Returns the names of all views, from the tabs."""
        return self.run("return [...document.querySelectorAll('.tabs a')].map((link) => link.hash.slice(1))")

    def titles(self, selector):
        """Returns the titles of all elements that match the CSS selector."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.title)", selector)

    def texts(self, selector):
        """Returns the texts of all elements that match the CSS selector, read at one moment."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector)

    def run(self, script, *arguments):
        """Runs JavaScript in the page."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, condition, otherwise):
        """Waits until the condition holds."""
        WebDriverWait(self.driver, DEADLINE, poll_frequency=0.02).until(lambda _: condition(), otherwise)

    def wait_texts(self, selector, expected):
        """Waits until the texts are exactly these."""
        try:
            self.wait_for(lambda: self.texts(selector) == expected, "")
        except TimeoutException:
            assert self.texts(selector) == expected, selector

    def console_messages(self):
        """Returns the console messages since the last call, including refused content and failed requests."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Returns the URLs that the page requested since the last call, including sockets."""
        log = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        requests = [each["params"]["request"]["url"] for each in log if each["method"] == "Network.requestWillBeSent"]
        sockets = [each["params"]["url"] for each in log if each["method"] == "Network.webSocketCreated"]
        return requests + sockets

    def save_screenshot(self, folder, name):
        """Writes a screenshot as PNG. Returns its bytes."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        screenshot = self.driver.get_screenshot_as_png()
        (folder / f"{name}.png").write_bytes(screenshot)
        return screenshot
