"""Every view, width and colour scheme by axe-core: no violations of WCAG 2.2 AA."""

import os
from pathlib import Path

import pytest

from page_fixtures import browser, dashboard, screenshots, use  # noqa: F401

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { runOnly: { type: "tag", values: arguments[0] } }).then(
  ({ violations, incomplete }) => {
    const short = (all) => all.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 5).map(({ target, failureSummary }) => `${target} (${(failureSummary ?? "").split("\\n").slice(1, 2)})`).join("; ")}`);
    done([short(violations), short(incomplete)]);
  },
  (error) => done([[String(error)], []]),
);
"""


@pytest.fixture(scope="session")
def axe():
    """Returns the source of axe-core."""
    folder = os.environ.get("LOOM_TEST_NODE")
    assert folder, "LOOM_TEST_NODE must name the folder with node_modules"
    return Path(folder, "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def examine(page, where):
    """Returns the violations of what is shown; prints what axe could not decide."""
    violations, incomplete = page.driver.execute_async_script(AXE, TAGS)
    for each in incomplete:
        print(f"incomplete, {where}: {each}")
    return [f"{where}: {violation}" for violation in violations]


def select_first(page):
    """Opens the first item of a view, where it shows one at its side."""
    page.run("document.querySelector('.view:not([hidden]) .trace')?.click()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440, 2560])
def test_no_view_has_a_violation(browser, dashboard, screenshots, axe, width, scheme):
    browser.show_as(width=width, height=1300, scheme=scheme, motion="reduce")
    browser.open(dashboard)
    browser.run(axe)
    use(dashboard)
    browser.wait_for(lambda: "translate" in browser.text("#problems"), "the overview is not complete")
    browser.wait_for(lambda: len(browser.texts(".edge")) == 8, "the network is not drawn")
    violations = []
    for view in browser.views():
        browser.go(view)
        if view == "traces":
            browser.wait_for(lambda: browser.texts("#trace-list .trace"), "no trace")
        select_first(browser)
        violations += examine(browser, view)
        browser.save_screenshot(screenshots, f"dashboard-{view}-{width}-{scheme}")
    browser.go("tools")
    browser.one("#tool-table [data-key=summarise]").click()
    violations += examine(browser, "the details of a tool")
    browser.save_screenshot(screenshots, f"dashboard-tool-details-{width}-{scheme}")
    browser.press("\ue00c", "?")
    violations += examine(browser, "the list of keys")
    assert violations == []


def test_the_empty_page_and_one_that_is_gone_have_no_violation(browser, dashboard, screenshots, axe):
    for scheme in ("light", "dark"):
        browser.show_as(width=1440, height=1000, scheme=scheme, motion="reduce")
        browser.open(dashboard)
        browser.run(axe)
        browser.wait_for(browser.one("#no-graph").is_displayed, "the empty page is not shown")
        assert examine(browser, "empty") == []
        browser.save_screenshot(screenshots, f"dashboard-empty-{scheme}")
    assert dashboard.stop() == 0
    browser.wait_for(browser.one("#gone").is_displayed, "the page does not grey")
    for scheme in ("light", "dark"):
        browser.show_as(width=1440, height=1000, scheme=scheme, motion="reduce")
        assert examine(browser, "gone") == []
        browser.save_screenshot(screenshots, f"dashboard-gone-{scheme}")
