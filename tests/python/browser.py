"""Chromium without a window, as a test sees it: what it shows, what it asks for and what it complains about."""

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

# Debian's programs by path: nothing is looked up, so nothing is fetched.
PROGRAMS = {"/usr/bin/chromium": "chromium", "/usr/bin/chromedriver": "chromium-driver"}
CHROMIUM, DRIVER = PROGRAMS

FLAGS = [
    "--headless",
    "--no-sandbox",  # Chromium does not start as root with it
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--lang=en-US",
    # Whatever the browser itself may want from elsewhere, it finds no address for it.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


class Browser:
    """One Chromium with a home of its own."""

    def __init__(self, log):
        for program, package in PROGRAMS.items():
            assert os.access(program, os.X_OK), f"{program} is missing: install Debian's package {package}"
        # Not pytest's folder: the path of Chromium's socket below it would be longer than a socket's may be.
        self.home = tempfile.TemporaryDirectory(prefix="loom-", ignore_cleanup_errors=True)
        options = ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in [*FLAGS, f"--user-data-dir={self.home.name}/profile"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # Caches and crash reports go below the home too.
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
        """Opens a view of the dashboard and waits until it is told what happens."""
        self.driver.get(f"{server.dashboard}/#{view}")
        self.wait_for(lambda: self.one("#link").get_attribute("data-state") == "live", "the page is not live")

    def show_as(self, width=1280, height=900, scheme="light", motion="no-preference"):
        """Sets the size of the window in CSS pixels, and what the user's system prefers."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        preferences = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        features = [{"name": name, "value": value} for name, value in preferences.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def one(self, selector):
        """The first element that the CSS selector finds."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def go(self, view):
        """Changes to another view, as a click on its tab does."""
        self.one(f".tabs a[href='#{view}']").click()
        self.wait_for(self.one(f"#view-{view}").is_displayed, f"{view} is not shown")

    def press(self, *keys):
        """Types into whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        """What has the focus, as tag, id and text."""
        return self.run("const e = document.activeElement; return [e.tagName, e.id, e.innerText.split('\\n')[0]]")

    def text(self, selector):
        """What a reader sees of it."""
        return self.one(selector).text

    def texts(self, selector):
        """The texts of all elements that the CSS selector finds, read at one moment."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector)

    def run(self, script, *arguments):
        """Runs JavaScript in the page."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, condition, otherwise):
        """Waits until the condition holds."""
        WebDriverWait(self.driver, DEADLINE, poll_frequency=0.02).until(lambda _: condition(), otherwise)

    def wait_texts(self, selector, expected):
        """Waits until exactly these texts are there."""
        try:
            self.wait_for(lambda: self.texts(selector) == expected, "")
        except TimeoutException:
            assert self.texts(selector) == expected, selector

    def complaints(self):
        """What was written to the console since the last look, refused content and failed loads among it."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """The addresses that the page asked for since the last look, sockets included."""
        sent = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [told["params"]["request"]["url"] for told in sent if told["method"] == "Network.requestWillBeSent"]
        sockets = [told["params"]["url"] for told in sent if told["method"] == "Network.webSocketCreated"]
        return asked + sockets

    def keep_picture(self, folder, name):
        """Writes a screenshot as PNG and answers its bytes."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        picture = self.driver.get_screenshot_as_png()
        (folder / f"{name}.png").write_bytes(picture)
        return picture
