// The columns of the list of runs.

import { h } from "./dom.js";
import { count, duration, figure } from "./format.js";
import { day, when } from "./when.js";

const MOST_AGENTS = 4;
const STATUS = { running: "running", ok: "OK", failed: "failed", partial: "partial" };

/** The status of a run as a coloured word. */
export const status = (run) => h("span", { class: "run-status", "data-status": run.status, "data-errors": String(run.errors > 0) }, STATUS[run.status] ?? run.status);

function agents({ agents: all }) {
  if (!all.length) return h("span", { class: "muted" }, "none");
  const shown = all.slice(0, MOST_AGENTS).map((name) => h("span", { class: "tag", title: name }, name));
  const rest = all.length > MOST_AGENTS ? h("span", { class: "muted" }, `+${all.length - MOST_AGENTS}`) : null;
  return h("span", { class: "tags" }, shown, rest);
}

function trigger(run, href) {
  const error = run.error ? h("div", { class: "error run-error", title: run.error }, run.error) : null;
  const marks = [run.is_secret && "secret", run.is_cut && "cut", run.conversation].filter(Boolean);
  return [
    h("a", { class: "open", href: href(run), "data-key": run.id }, run.trigger ?? "no name"),
    marks.length ? h("span", { class: "more-text" }, ` ${marks.join(" · ")}`) : null,
    error,
  ];
}

/** The price of tokens; the currency is that of the price table. */
export const cost = (value) => (value === null || value === undefined ? "–" : value.toFixed(value > 0 && value < 0.1 ? 5 : 2));

/** The price of a run, which is a lower limit where some spans of models have no price. */
export function costOf({ cost: value, is_cost_partial: isPartial }) {
  return isPartial ? h("span", { title: "Some spans of models have no known price" }, `≥ ${cost(value)}`) : cost(value);
}

/** The columns for these runs; `href` gives the address of a run. */
export function columns(runs, href) {
  const all = [
    { label: "Run", wide: "wide", cell: (run) => trigger(run, href) },
    { label: "Status", cell: status },
    { label: "Agents", wide: "wide labelled", cell: agents },
    { label: "Start", figure: true, cell: (run) => h("time", { datetime: run.started_at, title: day(run.started_at) }, when(run.started_at)) },
    { label: "Duration", figure: true, cell: (run) => duration(run.duration_ms) },
    { label: "Events", figure: true, cell: (run) => figure(run.events) },
    { label: "Spans", figure: true, cell: (run) => figure(run.spans) },
    { label: "Tokens", figure: true, cell: (run) => h("span", { title: `${count(run.input_tokens, "token")} in, ${run.output_tokens} out` }, figure(run.tokens)) },
  ];
  if (runs.some((run) => run.cost !== null)) all.push({ label: "Cost", figure: true, cell: costOf });
  return all;
}
