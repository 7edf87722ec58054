// The tiles on the overview, and the view with charts over a range of time.

import { chart, spark } from "./chart.js";
import { by, h } from "./dom.js";
import { bytes, duration, figure } from "./format.js";
import * as metricAgents from "./metric_agents.js";
import { past } from "./past.js";
import * as polling from "./polling.js";
import { ranges } from "./ranges.js";
import { minutes, points } from "./series.js";
import * as views from "./views.js";

const TILES = [
  { id: "active_agents", title: "Agents", colour: "good", of: (sample) => sample.active_agents },
  { id: "active_subscriptions", title: "Subscriptions", colour: "think", of: (sample) => sample.active_subscriptions },
  { id: "events_per_sec", title: "Events / s", colour: "accent", of: (sample) => sample.events },
  { id: "deliveries_per_sec", title: "Deliveries / s", colour: "deliver", of: (sample) => sample.deliveries },
  { id: "tool_invocations_per_sec", title: "Tool calls / s", colour: "call", of: (sample) => sample.tool_calls },
  { id: "dropped", title: "Dropped", colour: "bad", of: (sample) => sample.dropped },
];

// `of` gets a sample and its seconds; charts of the `past` are made of the minutes of the history, where there is one.
const CHARTS = [
  { title: "Events published", unit: "per second", colour: "accent", text: figure, of: (sample, seconds) => sample.events / seconds, past: (minute) => minute.events / 60 },
  { title: "Deliveries", unit: "per second", colour: "deliver", text: figure, of: (sample, seconds) => sample.deliveries / seconds },
  { title: "Tool calls", unit: "per second", colour: "call", text: figure, of: (sample, seconds) => sample.tool_calls / seconds },
  { title: "Failed tool calls", unit: "per second", colour: "bad", text: figure, of: (sample, seconds) => sample.tool_errors / seconds },
  { title: "Latency of tools", unit: "95 % of the calls", colour: "call", text: duration, of: (sample) => sample.tool_p95_ms },
  { title: "Tokens", unit: "per minute", colour: "think", text: figure, past: (minute) => minute.input_tokens + minute.output_tokens },
  { title: "Failed spans", unit: "per minute", colour: "bad", text: figure, past: (minute) => minute.errors },
  { title: "Memory", unit: "resident", colour: "accent", text: bytes, of: (sample) => sample.memory_bytes },
  { title: "Queue", unit: "events wait", colour: "think", text: figure, of: (sample) => sample.queued },
  { title: "Agents connected", unit: "now", colour: "good", text: figure, of: (sample) => sample.active_agents },
  { title: "Subscriptions", unit: "now", colour: "think", text: figure, of: (sample) => sample.active_subscriptions },
  { title: "Dropped for slow readers", unit: "per second", colour: "bad", text: figure, of: (sample, seconds) => sample.dropped / seconds },
];

const NAMES = { "5m": "five minutes", "1h": "hour", "24h": "24 hours", "7d": "seven days" };
const TICKS = {
  "5m": [[0, "−5 min"], [0.2, "−4"], [0.4, "−3"], [0.6, "−2"], [0.8, "−1"], [1, "now"]],
  "1h": [[0, "−60 min"], [0.25, "−45"], [0.5, "−30"], [0.75, "−15"], [1, "now"]],
  "24h": [[0, "−24 h"], [0.25, "−18"], [0.5, "−12"], [0.75, "−6"], [1, "now"]],
  "7d": [[0, "−7 d"], [2 / 7, "−5"], [4 / 7, "−3"], [6 / 7, "−1"], [1, "now"]],
};

let latest;
let charts;
let chosen;
let source;
let overview; // of the range, from the history
let byMinute; // samples of the runtime since its start, one per minute

/** The average over the last seconds. */
function average(samples, of, seconds = 10) {
  const recent = samples.slice(-seconds);
  return recent.length ? recent.reduce((sum, sample) => sum + of(sample), 0) / recent.length : 0;
}

function showTiles({ metrics, history }) {
  const { samples } = history;
  const figures = {
    ...metrics,
    deliveries_per_sec: average(samples, (sample) => sample.deliveries),
    dropped: samples.reduce((sum, sample) => sum + sample.dropped, 0),
  };
  for (const { id, colour, of } of TILES) {
    const tile = by(id).closest(".tile");
    by(id).textContent = figure(figures[id]);
    tile.querySelector("svg")?.remove();
    tile.append(spark(samples.slice(-120).map(of), colour));
    if (id === "dropped") tile.dataset.alarm = String(figures.dropped > 0);
  }
}

function showCharts() {
  if (!latest || views.current() !== "metrics") return;
  const { id, ms } = chosen.range();
  const isLong = id !== "5m";
  const { samples, interval_ms: interval } = isLong ? byMinute ?? latest.history : latest.history;
  const to = Date.now();
  const frame = { from: to - ms, to, range: { name: NAMES[id], ticks: TICKS[id] } };
  const kept = overview ? minutes(overview, frame.from, to) : [];
  CHARTS.forEach(({ of, past: ofMinute }, n) => {
    const isPast = ofMinute && (!of || (isLong && kept.length > 0));
    const all = isPast ? points(kept, ofMinute, frame.from) : points(samples, (sample) => of(sample, interval / 1000), frame.from);
    charts[n].show({ points: all, interval: Math.max(isPast ? 60_000 : interval, ms / 100), ...frame });
  });
  metricAgents.show(overview);
}

async function ask() {
  source.ask();
  if (chosen.range().id === "5m") return showCharts();
  try {
    byMinute = await polling.request("api/metrics/history?step=minute");
  } catch {
    // The header shows that the server is unreachable.
  }
  showCharts();
}

export function start() {
  by("tiles").append(
    ...TILES.map(({ id, title }) => h("div", { class: "tile" }, h("dt", {}, title), h("dd", { id }, "–"))),
  );
  charts = CHARTS.map(chart);
  by("charts").append(...charts.map(({ card }) => card));
  chosen = ranges(by("metrics-range"), "5m", ask);
  source = past("metrics", chosen.range, (now) => {
    overview = now;
    showCharts();
  });
  polling.subscribe((data) => {
    latest = data;
    showTiles(data);
    showCharts();
  });
  views.onEnter("metrics", ask);
  new ResizeObserver(showCharts).observe(by("charts"));
}
