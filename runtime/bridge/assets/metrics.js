// Metrics: tiles on the overview, charts in a view of their own.

import { spark, chart } from "./chart.js";
import { by, h } from "./dom.js";
import { figure } from "./format.js";
import * as polling from "./polling.js";
import * as views from "./views.js";

const SLOTS = 300; // seconds shown

const TILES = [
  { id: "active_agents", title: "Agents", colour: "good", of: (sample) => sample.active_agents },
  { id: "active_subscriptions", title: "Subscriptions", colour: "think", of: (sample) => sample.active_subscriptions },
  { id: "events_per_sec", title: "Events / s", colour: "accent", of: (sample) => sample.events },
  { id: "deliveries_per_sec", title: "Deliveries / s", colour: "deliver", of: (sample) => sample.deliveries },
  { id: "tool_invocations_per_sec", title: "Tool calls / s", colour: "call", of: (sample) => sample.tool_calls },
  { id: "dropped", title: "Dropped", colour: "bad", of: (sample) => sample.dropped },
];

const CHARTS = [
  { title: "Events published", unit: "per second", colour: "accent", of: (sample) => sample.events },
  { title: "Deliveries", unit: "per second", colour: "deliver", of: (sample) => sample.deliveries },
  { title: "Tool calls", unit: "per second", colour: "call", of: (sample) => sample.tool_calls },
  { title: "Failed tool calls", unit: "per second", colour: "bad", of: (sample) => sample.tool_errors },
  { title: "Agents connected", unit: "now", colour: "good", of: (sample) => sample.active_agents },
  { title: "Subscriptions", unit: "now", colour: "think", of: (sample) => sample.active_subscriptions },
  { title: "Dropped for slow readers", unit: "per second", colour: "bad", of: (sample) => sample.dropped },
];

let latest;
let charts;

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
  if (latest && views.current() === "metrics") charts.forEach((each) => each.show(latest.history.samples, SLOTS));
}

export function start() {
  by("tiles").append(
    ...TILES.map(({ id, title }) => h("div", { class: "tile" }, h("dt", {}, title), h("dd", { id }, "–"))),
  );
  charts = CHARTS.map(chart);
  by("charts").append(...charts.map(({ card }) => card));
  polling.subscribe((data) => {
    latest = data;
    showTiles(data);
    showCharts();
  });
  views.onEnter("metrics", showCharts);
  new ResizeObserver(showCharts).observe(by("charts"));
}
