// What went into a span and came out of it: as a conversation, as folded JSON, or as text.

import { conversation } from "./conversation.js";
import { h } from "./dom.js";
import { foldedJson } from "./folded_json.js";
import { bytes } from "./format.js";
import { read } from "./history_api.js";
import * as messages from "./messages.js";

const TITLES = { input: "Input", output: "Output", input_messages: "Messages", output_messages: "Answer", instructions: "Instructions" };

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function content(body, isModel) {
  const found = isModel && messages.read(body);
  if (found?.length) return conversation(found);
  const value = json(body.text);
  if (value !== undefined && value !== null && typeof value === "object") return foldedJson(value);
  return h("pre", { tabindex: "0" }, body.text);
}

/** What is not shown of a body, and why, as sentences. */
export function omissions(body) {
  return [
    body.is_cut ? `The history holds the first ${bytes(body.kept)} of ${bytes(body.length)}.` : "",
    body.redacted.length ? `Redacted: the ${body.redacted.length === 1 ? "value" : "values"} of ${body.redacted.join(", ")}.` : "",
  ].filter(Boolean);
}

/** A body with all of its text in the history. */
export const whole = (body) => (body.is_beginning ? read(`api/bodies/${body.id}`) : body);

function showAll(body, isModel, section) {
  const button = h("button", { type: "button", class: "show-all" }, `Show all ${bytes(body.kept)}`);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const all = element(await whole(body), isModel);
      section().replaceWith(all);
      all.querySelector("pre, summary")?.focus();
    } catch (error) {
      button.disabled = false;
      button.after(h("p", { class: "error", role: "alert" }, error.status === 404 ? "The history no longer has it." : error.message));
    }
  });
  return button;
}

/** The section of a body. */
export function element(body, isModel) {
  const size = body.is_beginning ? `the first ${bytes(new Blob([body.text]).size)} of ${bytes(body.kept)}` : bytes(body.length);
  const section = h(
    "section",
    { class: "body", "data-kind": body.kind, "aria-label": TITLES[body.kind] ?? body.kind },
    h("h4", {}, TITLES[body.kind] ?? body.kind, h("span", { class: "muted" }, ` ${[size, body.content_type].filter(Boolean).join(" · ")}`)),
    omissions(body).map((text) => h("p", { class: "omission" }, text)),
    content(body, isModel),
  );
  if (body.is_beginning) section.append(showAll(body, isModel, () => section));
  return section;
}

/** The span whose bodies are those of this one: that of the publication for a delivery, that of the call for its execution. */
export function owner(span, parentOf) {
  let each = span;
  for (let step = 0; each && step < 3; step += 1) {
    if (each.bodies.length) return each;
    const parent = parentOf(each);
    const isSame = parent && ((parent.topic && parent.topic === span.topic && span.name === "event.deliver") || (parent.tool && parent.tool === span.tool));
    each = isSame ? parent : undefined;
  }
  return span;
}

/** Why a span has no bodies. */
export function absence(run, health) {
  if (run.is_secret) return "This run is marked secret: nothing of what went in or came out is kept.";
  if (health && !health.content) return "Contents are not kept (dashboard.content): neither inputs nor outputs are in the history.";
  if (run.contents_removed) return "The contents of this run were removed for room (history.max_size).";
  if (run.status === "partial") return "No content: it was empty, or it was left out. Not all of this run was kept.";
  return "No content: nothing went in, and nothing came out.";
}
