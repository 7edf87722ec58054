// Tools and models by their errors and latencies, the failing and the slow ones first.

import { by, h } from "./dom.js";
import { duration, figure, percent } from "./format.js";
import { put, table } from "./table.js";

const MAX_ROWS = 8;

const rate = ({ calls, errors }) => errors / Math.max(1, calls);

const COLUMNS = [
  { label: "Name", wide: "wide", cell: (call) => h("span", { class: "call-name", title: call.name }, call.name, h("span", { class: "kind" }, ` ${call.kind}`)) },
  { label: "Calls", figure: true, cell: ({ calls }) => figure(calls) },
  { label: "Errors", figure: true, cell: (call) => (call.errors ? h("span", { class: "error" }, percent(call.errors, call.calls)) : "0") },
  { label: "Median", figure: true, cell: (call) => duration(call.p50_ms) },
  { label: "95 %", figure: true, cell: (call) => duration(call.p95_ms) },
];

/** Shows the worst ones. */
export function show({ tools, models }) {
  const named = (kind) => (call) => ({ ...call, kind });
  const all = [...tools.map(named("tool")), ...models.map(named("model"))];
  const worst = all.toSorted((a, b) => rate(b) - rate(a) || b.p95_ms - a.p95_ms).slice(0, MAX_ROWS);
  by("no-calls").hidden = worst.length > 0;
  put(by("calls"), worst.length ? table("Calls of tools and models, worst first", COLUMNS, worst) : null);
}
