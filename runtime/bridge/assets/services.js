// What the runtime depends on: MCP servers and LLM providers, and how often servers were started again.

import { by, h } from "./dom.js";
import { count } from "./format.js";

let shown = "";

const STATES = { up: "on", starting: "wait", down: "bad" };

function server({ name, state, reason, restarts }) {
  return h(
    "li",
    {},
    h("span", { class: "state", "data-state": STATES[state] }, state),
    h("span", { class: "name" }, name),
    h("span", { class: "kind" }, "MCP", restarts ? h("span", { class: "error" }, ` · ${count(restarts, "restart")}`) : " · no restart"),
    reason ? h("p", { class: "error" }, reason) : null,
  );
}

function provider({ name, model, is_default: isDefault, error }) {
  return h(
    "li",
    {},
    h("span", { class: "state", "data-state": error ? "bad" : "on" }, error ? "unusable" : "ready"),
    h("span", { class: "name" }, name),
    h("span", { class: "kind" }, ["LLM", model, isDefault ? "default" : null].filter(Boolean).join(" · ")),
    error ? h("p", { class: "error" }, error) : null,
  );
}

/** Shows the state of all of them. */
export function show({ mcp, llm }) {
  const now = JSON.stringify([mcp, llm]);
  if (now === shown) return;
  shown = now;
  by("services").replaceChildren(...mcp.map(server), ...llm.map(provider));
  by("no-services").hidden = mcp.length + llm.length > 0;
}
