// Messages of models as a conversation.

import { h } from "./dom.js";
import { foldedJson } from "./folded_json.js";

const ROLES = { system: "System", developer: "System", user: "User", assistant: "Assistant", tool: "Tool" };

function value(of) {
  if (typeof of === "string") return h("div", { class: "said" }, of);
  return of === undefined || of === null ? null : foldedJson(of);
}

function part({ kind, text, name, id, value: of }) {
  if (kind === "text") return h("div", { class: "said" }, name ? h("span", { class: "muted" }, `${name}: `) : null, text);
  if (kind === "other") return foldedJson(of);
  const title = kind === "call" ? "calls" : "result of";
  return h("div", { class: "tool-part" }, h("p", {}, `${title} `, h("code", {}, name ?? id ?? "a tool"), name && id ? h("span", { class: "muted" }, ` ${id}`) : null), value(of));
}

/** The element of a conversation. */
export function conversation(messages) {
  const items = messages.map(({ role, parts }) =>
    h("li", { class: "message", "data-role": role in ROLES ? role : "other" }, h("h5", {}, ROLES[role] ?? role), parts.map(part)),
  );
  return h("ol", { class: "conversation" }, items);
}
