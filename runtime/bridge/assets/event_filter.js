// Which rows of the event list are shown: kinds, failures, replies, and words.

import { by, h } from "./dom.js";
import { label } from "./event_row.js";
import { isReplies } from "./topics.js";

const CHIPS = [
  { id: "event", text: "Events", isOn: true },
  { id: "call", text: "Tool calls", isOn: true },
  { id: "agent", text: "Agents", isOn: true },
  { id: "failed", text: "Failed only", isOn: false },
  { id: "replies", text: "Replies", isOn: false },
];

const isOn = Object.fromEntries(CHIPS.map((chip) => [chip.id, chip.isOn]));

/** Whether a row is shown. */
export function matches(row) {
  const { kind, event } = row;
  if (!isOn[kind] || (isOn.failed && row.outcome !== "failed")) return false;
  if (!isOn.replies && kind === "event" && isReplies(event.topic)) return false;
  const query = by("filter").value.trim().toLowerCase();
  if (!query) return true;
  const { topic, sender, event_id: id, thread_id: thread, correlation_id: correlation, payload_preview: payload } = event;
  const texts = [label(row), topic, sender, id, thread, correlation, payload, row.run, row.error, row.outcome, ...row.receivers];
  return texts.some((text) => text?.toLowerCase().includes(query));
}

/** Calls the listener when other rows are to be shown. */
export function start(listener) {
  const toggle = (id) => (click) => {
    isOn[id] = !isOn[id];
    click.currentTarget.setAttribute("aria-pressed", String(isOn[id]));
    listener();
  };
  by("kinds").append(
    ...CHIPS.map(({ id, text }) => h("button", { type: "button", "data-chip": id, "aria-pressed": String(isOn[id]), onclick: toggle(id) }, text)),
  );
  by("filter").addEventListener("input", listener);
}
