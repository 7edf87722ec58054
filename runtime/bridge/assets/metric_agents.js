// The calls of tools and models by the agent that made them.

import { by } from "./dom.js";
import { duration, figure, percent } from "./format.js";
import { put, sorted, table } from "./table.js";

const MAX_ROWS = 50;

const COLUMNS = [
  { label: "Agent", wide: "wide", cell: ({ name }) => name, value: ({ name }) => name },
  { label: "Calls", figure: true, cell: ({ calls }) => figure(calls), value: ({ calls }) => calls },
  { label: "Errors", figure: true, cell: ({ calls, errors }) => (errors ? `${figure(errors)} (${percent(errors, calls)})` : "0"), value: ({ errors }) => errors },
  { label: "Median", figure: true, cell: ({ p50_ms: ms }) => duration(ms), value: ({ p50_ms: ms }) => ms },
  { label: "95 %", figure: true, cell: ({ p95_ms: ms }) => duration(ms), value: ({ p95_ms: ms }) => ms },
  { label: "Longest", figure: true, cell: ({ max_ms: ms }) => duration(ms), value: ({ max_ms: ms }) => ms },
  { label: "Tokens", figure: true, cell: ({ tokens }) => figure(tokens), value: ({ tokens }) => tokens },
];

const sort = { by: "Calls", isDown: true, choose };
let shown;

function choose(label) {
  sort.isDown = sort.by === label ? !sort.isDown : Boolean(COLUMNS.find((column) => column.label === label).figure);
  sort.by = label;
  show(shown);
}

/** Shows the agents of a range; nothing where there is no history. */
export function show(overview) {
  shown = overview;
  const all = sorted(COLUMNS, overview?.agents ?? [], sort);
  by("no-metric-agents").hidden = all.length > 0;
  by("no-metric-agents").textContent = overview ? "No agent has called a tool or model in this range." : "Figures of agents need the history, which is off.";
  put(by("metric-agents"), all.length ? table("Calls by agent", COLUMNS, all.slice(0, MAX_ROWS), sort) : null);
}
