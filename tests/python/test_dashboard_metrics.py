"""The metrics of the page: ranges, latency, memory, per agent."""

from agent import join
from dashboard import get_json
from page_fixtures import browser, call, dashboard, fail, page  # noqa: F401


def test_samples_have_latency_memory_and_queues(dashboard):
    samples = []
    while len(samples) < 2:
        samples = get_json(dashboard, "/api/metrics/history")["samples"]
    assert samples[-1]["memory_bytes"] > 1 << 20
    assert (samples[-1]["queued"], samples[-1]["tool_p95_ms"]) == (0, None)
    assert get_json(dashboard, "/api/metrics/history?step=minute")["interval_ms"] == 60_000


def test_ranges_latency_and_figures_of_agents(page, dashboard):
    worker = join(dashboard, "worker", tools=["quote"])
    call(dashboard, worker, "quote", {"x-agent-id": "trader"}, output="1")
    fail(dashboard, worker, "quote", "no market", {"x-agent-id": "trader"})
    page.go("metrics")
    titles = page.texts(".chart-title, #charts h2")
    assert {"Latency of tools", "Tokens", "Memory"} <= set(titles)
    page.wait_for(lambda: page.texts("#metric-agents tbody td")[:3] == ["trader", "2", "1 (50 %)"], "no figures of the agent")
    labels = "return [...document.querySelectorAll('.chart svg')].map((e) => e.getAttribute('aria-label'))"
    page.wait_for(lambda: any(label.startswith("Latency of tools: now") for label in page.run(labels)), "no latency")
    for button, name in (("1h", "hour"), ("24h", "24 hours"), ("7d", "seven days"), ("5m", "five minutes")):
        page.one(f"#metrics-range [data-range='{button}']").click()
        page.wait_for(lambda: all(name in label or "no sample" in label for label in page.run(labels)), f"the range {name} is not shown")
    assert page.console_messages() == []
