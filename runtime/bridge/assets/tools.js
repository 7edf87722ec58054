// Tools: who offers them, how often they are called, how they do.

import { by, facts as list, h } from "./dom.js";
import * as drawer from "./drawer.js";
import * as facts from "./facts.js";
import { ago, count, figure, took } from "./format.js";
import { put, table } from "./table.js";

let tools = new Map();

const PROVIDERS = { agent: "agent", native: "this runtime", mcp: "MCP server", wasm: "WebAssembly" };

function offeredBy(tool) {
  if (tool.agents.length) return tool.agents.join(", ");
  return tool.provider ? PROVIDERS[tool.provider] ?? tool.provider : "nobody now";
}

function failures(tool) {
  if (!tool.errors) return "0";
  return h("span", { class: "wrong" }, `${figure(tool.errors)} (${((tool.errors / tool.calls) * 100).toFixed(0)} %)`);
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
  { label: "Offered by", wide: "wide labelled", cell: (tool) => h("span", { class: "state names", "data-state": tool.available ? "here" : "away" }, offeredBy(tool)) },
  { label: "Calls", figure: true, cell: (tool) => figure(tool.calls) },
  { label: "Errors", figure: true, cell: failures },
  { label: "Median", figure: true, cell: (tool) => took(tool.p50_ms) },
  { label: "95 %", figure: true, cell: (tool) => took(tool.p95_ms) },
  { label: "Longest", figure: true, cell: (tool) => took(tool.max_ms) },
  { label: "Last call", figure: true, cell: (tool) => (tool.last_call_ms ? ago(tool.last_call_ms) : "never") },
];

/** A tool's details at the side. */
export function open(name) {
  const tool = tools.get(name);
  if (!tool) return;
  drawer.open(name, [
    tool.description ? h("p", {}, tool.description) : null,
    list([
      ["Offered by", offeredBy(tool)],
      ["Available", tool.available ? "yes" : "no"],
      ["Calls", count(tool.calls, "call")],
      ["Errors", failures(tool)],
      ["Mean", took(tool.mean_ms)],
      ["Median", took(tool.p50_ms)],
      ["95 %", took(tool.p95_ms)],
      ["Longest", took(tool.max_ms)],
    ]),
    tool.last_error ? h("section", {}, h("h3", {}, "Last error"), h("p", { class: "wrong" }, tool.last_error)) : null,
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

export const start = () => facts.watch(show);
