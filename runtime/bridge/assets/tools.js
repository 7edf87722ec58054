// The tools: a table with providers, calls and latencies, searched and sorted, and details of one tool.

import { by, descriptionList, h } from "./dom.js";
import * as drawer from "./drawer.js";
import { ago, count, duration, figure, percent } from "./format.js";
import * as polling from "./polling.js";
import { put, sorted, table } from "./table.js";
import { trial } from "./tool_trial.js";
import * as views from "./views.js";

const MAX_ROWS = 200;
const NO_TOOLS = "No tool is offered. Agents offer tools when they register; MCP servers and LLM providers add their own.";

let tools = new Map();
const sort = { by: "Tool", isDown: false, choose };

const PROVIDERS = { agent: "agent", native: "this runtime", mcp: "MCP server", wasm: "WebAssembly" };

function offeredBy(tool) {
  if (tool.agents.length) return tool.agents.join(", ");
  return tool.provider ? PROVIDERS[tool.provider] ?? tool.provider : "no provider";
}

function failures(tool) {
  if (!tool.errors) return "0";
  return h("span", { class: "error" }, `${figure(tool.errors)} (${percent(tool.errors, tool.calls)})`);
}

const COLUMNS = [
  {
    label: "Tool",
    wide: "wide",
    cell: (tool) => [
      h("button", { class: "open", type: "button", "data-key": tool.name, "aria-expanded": "false", onclick: () => open(tool.name) }, tool.name),
      tool.description ? h("div", { class: "more-text folded", title: tool.description }, tool.description) : null,
    ],
    value: (tool) => tool.name,
  },
  { label: "Offered by", wide: "wide labelled", cell: (tool) => h("span", { class: "state names", "data-state": tool.available ? "on" : "off" }, offeredBy(tool)), value: offeredBy },
  { label: "Calls", figure: true, cell: (tool) => figure(tool.calls), value: (tool) => tool.calls },
  { label: "Errors", figure: true, cell: failures, value: (tool) => tool.errors / Math.max(1, tool.calls) },
  { label: "Median", figure: true, cell: (tool) => duration(tool.p50_ms), value: (tool) => tool.p50_ms },
  { label: "95 %", figure: true, cell: (tool) => duration(tool.p95_ms), value: (tool) => tool.p95_ms },
  { label: "Longest", figure: true, cell: (tool) => duration(tool.max_ms), value: (tool) => tool.max_ms },
  { label: "Last call", figure: true, cell: (tool) => (tool.last_call_ms ? ago(tool.last_call_ms) : "never"), value: (tool) => tool.last_call_ms },
];

/** Sorts by a column: figures from the highest on, names from the first; a second time the other way round. */
function choose(label) {
  sort.isDown = sort.by === label ? !sort.isDown : Boolean(COLUMNS.find((column) => column.label === label).figure);
  sort.by = label;
  draw();
}

/** Opens the details of a tool. */
export function open(name) {
  const tool = tools.get(name);
  if (!tool) return;
  drawer.open(name, [
    tool.description ? h("p", {}, tool.description) : null,
    descriptionList([
      ["Offered by", offeredBy(tool)],
      ["Available", tool.available ? "yes" : "no"],
      ["Calls", count(tool.calls, "call")],
      ["Errors", failures(tool)],
      ["Mean", duration(tool.mean_ms)],
      ["Median", duration(tool.p50_ms)],
      ["95 %", duration(tool.p95_ms)],
      ["Longest", duration(tool.max_ms)],
    ]),
    tool.last_error ? h("section", {}, h("h3", {}, "Last error"), h("p", { class: "error" }, tool.last_error)) : null,
    tool.available ? trial(tool) : null,
    tool.parameters_schema
      ? h("section", {}, h("h3", {}, "Arguments (JSON Schema)"), h("pre", { tabindex: "0" }, JSON.stringify(tool.parameters_schema, null, 2)))
      : null,
  ].filter(Boolean));
}

function matches(tool) {
  const query = by("tool-filter").value.trim().toLowerCase();
  return !query || [tool.name, tool.description, offeredBy(tool)].some((text) => text?.toLowerCase().includes(query));
}

function draw() {
  if (views.current() !== "tools") return;
  const all = [...tools.values()];
  const found = sorted(COLUMNS, all.filter(matches), sort);
  by("tools-count").textContent = found.length > MAX_ROWS ? `${count(found.length, "tool")}, the first ${MAX_ROWS} shown` : all.length ? count(found.length, "tool") : "";
  by("no-tools").hidden = found.length > 0;
  by("no-tools").textContent = all.length ? "No tool matches." : NO_TOOLS;
  put(by("tool-table"), found.length ? table("Tools", COLUMNS, found.slice(0, MAX_ROWS), sort) : null);
}

function show({ tools: { tools: all } }) {
  tools = new Map(all.map((tool) => [tool.name, tool]));
  draw();
}

export function start() {
  by("tool-filter").addEventListener("input", draw);
  views.onEnter("tools", draw);
  polling.subscribe(show);
}
