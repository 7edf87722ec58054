// Whether the runtime is healthy: a verdict, what is wrong, and the figures over a range of time.

import { by, h } from "./dom.js";
import { bytes, count, duration, figure, percent } from "./format.js";
import { past } from "./past.js";
import * as polling from "./polling.js";
import { problems } from "./problems.js";
import { ranges } from "./ranges.js";
import * as services from "./services.js";
import * as slowCalls from "./slow_calls.js";
import * as feed from "./live.js";
import * as latestErrors from "./latest_errors.js";
import * as tools from "./tools.js";
import * as views from "./views.js";

const MAX_PROBLEMS = 8;
const KINDS = { tool: "Tool", model: "Model", mcp: "MCP server", llm: "LLM provider", queue: "Queues", drops: "Drops" };
const VITALS = [
  { id: "error-rate", title: "Error rate" },
  { id: "tool-p95", title: "Slowest tool, 95 %" },
  { id: "model-p95", title: "Slowest model, 95 %" },
  { id: "queue", title: "Queue" },
  { id: "dropped-recently", title: "Dropped, 5 min" },
  { id: "memory", title: "Memory" },
];

let live; // the latest data of the page
let overview; // of the range, from the history
let isGone = false;
let chosen;
let source;

/** Tools and models of the range; without a history the tools since the start. */
function calls() {
  if (overview) return overview;
  const used = live.tools.tools.filter((tool) => tool.calls);
  return { tools: used, models: [], errors: [], total: undefined };
}

const slowest = (all) => all.reduce((worst, each) => (each.p95_ms > (worst?.p95_ms ?? -1) ? each : worst), undefined);

function vital(id, value, note, isBad) {
  const element = by(id);
  element.replaceChildren(value, ...(note ? [h("small", {}, note)] : []));
  element.parentElement.dataset.alarm = String(Boolean(isBad));
}

function showVitals({ tools: all, models, total }, dropped) {
  const sum = (key) => all.reduce((together, each) => together + each[key], 0);
  const [spans, errors] = total ? [total.spans, total.errors] : [sum("calls"), sum("errors")];
  vital("error-rate", percent(errors, spans), spans ? `${figure(errors)} of ${figure(spans)}` : "nothing happened", errors / Math.max(1, spans) >= 0.01);
  for (const [id, worst] of [["tool-p95", slowest(all)], ["model-p95", slowest(models)]]) vital(id, duration(worst?.p95_ms), worst?.name);
  vital("queue", figure(live.runtime.queued), "events wait");
  vital("dropped-recently", figure(dropped), "for slow readers", dropped > 0);
  vital("memory", bytes(live.runtime.memory_bytes));
}

function problemRow({ kind, name, text }) {
  const open = kind === "tool" ? () => tools.open(name) : undefined;
  const subject = open ? h("button", { class: "open", type: "button", "data-key": name, onclick: open }, name) : h("b", {}, name);
  return h("li", { "data-kind": kind }, h("span", { class: "kind" }, KINDS[kind]), " ", subject, " ", text);
}

function showProblems(found) {
  const now = JSON.stringify(found);
  by("health").dataset.state = isGone ? "unknown" : found.length ? "bad" : "good";
  const verdict = isGone ? "Unknown" : found.length ? count(found.length, "problem") : "Healthy";
  if (by("verdict").textContent !== verdict) by("verdict").textContent = verdict;
  if (by("problems").dataset.shown === now) return;
  by("problems").dataset.shown = now;
  const rest = found.length - MAX_PROBLEMS;
  by("problems").replaceChildren(...found.slice(0, MAX_PROBLEMS).map(problemRow), ...(rest > 0 ? [h("li", {}, `and ${rest} more`)] : []));
}

function show() {
  if (!live) return;
  const figures = calls();
  const dropped = live.history.samples.reduce((sum, sample) => sum + sample.dropped, 0);
  showVitals(figures, dropped);
  showProblems(problems({ tools: figures.tools, models: figures.models, runtime: live.runtime, dropped }));
  services.show(live.runtime);
  slowCalls.show(figures);
  latestErrors.show(figures.errors, Boolean(overview));
  by("health-source").textContent = overview ? `over the last ${chosen.range().text}` : "since the start, as there is no history";
}

export function start() {
  by("vitals").append(...VITALS.map(({ id, title }) => h("div", {}, h("dt", {}, title), h("dd", { id }, "–"))));
  chosen = ranges(by("health-range"), "1h", () => source.ask());
  source = past("overview", chosen.range, (now) => {
    overview = now;
    show();
  });
  polling.subscribe((data) => {
    const isFirst = !live;
    live = data;
    if (isFirst && views.current() === "overview") source.ask();
    show();
  });
  feed.on("state", (state) => {
    isGone = state === "lost";
    show();
  });
  views.onEnter("overview", () => source.ask());
}
