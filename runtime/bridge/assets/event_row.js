// The elements of one row of the event list. They stay when a delivery or an outcome comes later.

import { h } from "./dom.js";
import { clock, duration, words } from "./format.js";

const NAMED = 3; // receivers in the row; the details have all

/** What a row is, in words. */
export function label({ kind, event }) {
  if (kind === "call") return "tool call";
  if (kind === "agent") return words(event.event_type);
  return event.type || "event";
}

/** `→ a, b and 3 more`. */
export function arrow({ kind, receivers, deliveries }) {
  if (kind !== "event") return "";
  if (!receivers.length) return deliveries ? `→ ${deliveries} received it` : "→ nobody";
  const more = receivers.length - NAMED;
  return `→ ${receivers.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function outcome(row) {
  if (row.kind !== "call") return "";
  return row.outcome ? `${row.outcome}, ${duration(row.duration)}` : "running";
}

/** Makes the row's button; `open(row, button)` is called by a click. */
export function button(row, open) {
  const { event } = row;
  const element = h(
    "button",
    { class: "event", type: "button", "data-type": event.event_type, "aria-expanded": "false" },
    h("span", { class: "time" }, clock(event.timestamp, true)),
    h("span", { class: "type" }, label(row)),
    h("span", { class: "topic", title: event.topic }, event.topic),
    h("span", { class: "agent" }, h("span", { class: "from" }, event.sender ?? ""), " ", h("span", { class: "to" })),
    h("span", { class: "outcome" }),
    h("span", { class: "text" }),
  );
  element.addEventListener("click", () => open(row, element));
  row.element = element;
  return update(row);
}

/** Shows what has changed since the row was made. */
export function update(row) {
  const { element } = row;
  if (!element) return undefined;
  element.dataset.failed = String(row.outcome === "failed");
  element.querySelector(".to").textContent = arrow(row);
  element.querySelector(".outcome").textContent = outcome(row);
  element.querySelector(".text").textContent = row.error ?? row.event.payload_preview;
  return element;
}
