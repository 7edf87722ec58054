// Tries a tool: a form for its arguments, and the result of the call.

import { h } from "./dom.js";
import * as drawer from "./drawer.js";
import { duration } from "./format.js";
import { schemaForm } from "./schema_form.js";
import * as session from "./session.js";

const MOST_SHOWN = 100_000; // characters of a result

function text(result) {
  const all = typeof result === "string" ? result : JSON.stringify(result, null, 2);
  return all.length > MOST_SHOWN ? `${all.slice(0, MOST_SHOWN)}\n… ${all.length - MOST_SHOWN} further characters` : all;
}

function outcome({ ok, result, error, duration_ms: ms, run }) {
  return [
    h("p", { class: ok ? "good" : "error" }, ok ? `Returned after ${duration(ms)}` : `Failed after ${duration(ms)}: ${error ?? "no message"}`),
    result === null || result === undefined ? null : h("pre", { role: "group", tabindex: "0", "aria-label": "Result" }, text(result)),
    run ? h("p", {}, h("a", { href: `#runs/${run}`, onclick: drawer.close }, "Open its run")) : null,
  ].filter(Boolean);
}

/** The section with the form for a tool. */
export function trial(tool) {
  const form = schemaForm(tool.parameters_schema);
  const answer = h("div", { class: "answer", role: "status" });
  const button = h("button", { type: "submit", class: "primary" }, "Call the tool");
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      answer.replaceChildren("calling…");
      answer.replaceChildren(...outcome(await session.post("api/tools/call", { tool: tool.name, arguments: form.read() })));
    } catch (error) {
      answer.replaceChildren(h("p", { class: "error" }, error.message));
    } finally {
      button.disabled = false;
    }
  };
  return h("section", {}, h("h3", {}, "Try it"), h("form", { class: "trial", onsubmit: submit }, form.elements, button), answer);
}
