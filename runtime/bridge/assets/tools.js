// The tools: a table with providers, calls and latencies, and details of one tool.

import { by, descriptionList, h } from "./dom.js";
import * as drawer from "./drawer.js";
import { ago, count, duration, figure } from "./format.js";
import * as polling from "./polling.js";
import { put, table } from "./table.js";

let tools = new Map();

const PROVIDERS = { agent: "agent", native: "this runtime", mcp: "MCP server", wasm: "WebAssembly" };

function offeredBy(tool) {
  if (tool.agents.length) return tool.agents.join(", ");
  return tool.provider ? PROVIDERS[tool.provider] ?? tool.provider : "no provider";
}

function failures(tool) {
  if (!tool.errors) return "0";
  return h("span", { class: "error" }, `${figure(tool.errors)} (${((tool.errors / tool.calls) * 100).toFixed(0)} %)`);
}

const COLUMNS = [
  {
    label: "Tool",
    wide: "wide",
    cell: (tool) => [
      h("button", { class: "open", type: "button", "data-key": tool.name, "aria-expanded": "false", onclick: () => open(tool.name) }, tool.name),
      tool.description ? h("div", { class: "more-text" }, tool.description) : null,
    ],
  },
  { label: "Offered by", wide: "wide labelled", cell: (tool) => h("span", { class: "state names", "data-state": tool.available ? "on" : "off" }, offeredBy(tool)) },
  { label: "Calls", figure: true, cell: (tool) => figure(tool.calls) },
  { label: "Errors", figure: true, cell: failures },
  { label: "Median", figure: true, cell: (tool) => duration(tool.p50_ms) },
  { label: "95 %", figure: true, cell: (tool) => duration(tool.p95_ms) },
  { label: "Longest", figure: true, cell: (tool) => duration(tool.max_ms) },
  { label: "Last call", figure: true, cell: (tool) => (tool.last_call_ms ? ago(tool.last_call_ms) : "never") },
];

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
    tool.parameters_schema
      ? h("section", {}, h("h3", {}, "Arguments (JSON Schema)"), h("pre", { tabindex: "0" }, JSON.stringify(tool.parameters_schema, null, 2)))
      : null,
  ].filter(Boolean));
}

function show({ tools: { tools: all } }) {
  tools = new Map(all.map((tool) => [tool.name, tool]));
  by("tools-count").textContent = all.length ? count(all.length, "tool") : "";
  by("no-tools").hidden = all.length > 0;
  put(by("tool-table"), all.length ? table("Tools", COLUMNS, all) : null);
}

export const start = () => polling.subscribe(show);
