// The event stream: filtered, paused, bounded.

import { by, facts as list, h } from "./dom.js";
import * as drawer from "./drawer.js";
import { clock, count, words } from "./format.js";
import * as live from "./live.js";
import * as traces from "./traces.js";

const KEEP = 500; // rows kept, and rows held back while paused
const DRAW_MS = 80;
const LATEST = 60;

const KINDS = [
  ["Published", ["event_published"]],
  ["Delivered", ["event_delivered"]],
  ["Tools", ["tool_invoked"]],
  ["Agents", ["agent_registered", "agent_unregistered"]],
];

const hidden = new Set();
const shown = []; // newest first
let arrived = []; // oldest first, not drawn yet
let paused = false;
let missed = 0;
let overflow = 0; // held back while paused, and given up
let drawing;

function matches(event) {
  if (hidden.has(event.event_type)) return false;
  const wanted = by("filter").value.trim().toLowerCase();
  if (!wanted) return true;
  const { event_type, topic, sender, event_id, thread_id, correlation_id, payload_preview } = event;
  const text = [event_type, words(event_type), topic, sender, event_id, thread_id, correlation_id, payload_preview];
  return text.some((part) => part?.toLowerCase().includes(wanted));
}

function row(event) {
  const button = h(
    "button",
    { class: "event", type: "button", "data-type": event.event_type, "aria-expanded": "false" },
    h("span", { class: "time" }, clock(event.timestamp, true)),
    h("span", { class: "what" }, words(event.event_type)),
    h("span", { class: "topic" }, event.topic),
    h("span", { class: "who" }, event.sender ?? ""),
    h("span", { class: "text" }, event.payload_preview),
  );
  button.addEventListener("click", () => open(event, button));
  return h("li", {}, button);
}

function small(event) {
  return h(
    "li",
    { "data-type": event.event_type },
    h("time", {}, clock(event.timestamp)),
    h("span", { class: "topic", title: event.topic }, event.topic),
    h("span", { class: "who" }, event.sender ?? ""),
  );
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function open(event, from) {
  const showTrace = () => {
    drawer.close();
    traces.open(event.event_id);
  };
  drawer.open(
    words(event.event_type),
    [
      list([
        ["Time", clock(event.timestamp, true)],
        ["Topic", event.topic, true],
        ["Agent", event.sender],
        ["Id", event.event_id, true],
        ["Thread", event.thread_id, true],
        ["Correlation", event.correlation_id, true],
      ]),
      event.event_id && !event.event_type.startsWith("agent_")
        ? h("div", { class: "deeds" }, h("button", { type: "button", onclick: showTrace }, "Show its trace"))
        : null,
      event.payload_preview
        ? h("section", {}, h("h3", {}, "Payload, first 100 characters"), h("pre", { tabindex: "0" }, pretty(event.payload_preview)))
        : null,
    ].filter(Boolean),
    from,
  );
}

function note() {
  const parts = [];
  if (paused) parts.push(`paused, ${arrived.length.toLocaleString("en")} waiting`);
  if (overflow) parts.push(`${count(overflow, "older event")} given up while paused`);
  if (missed) parts.push(`${count(missed, "event")} came too fast for this page`);
  const text = parts.join(" · ");
  if (by("note").textContent !== text) by("note").textContent = text;
}

function showEmptiness() {
  by("no-events").hidden = by("event-list").childElementCount > 0;
  by("no-events").textContent = shown.length ? "No event matches the filter." : "Nothing happened yet.";
}

function redraw() {
  by("event-list").replaceChildren(...shown.filter(matches).map(row));
  showEmptiness();
}

/** Rows go away at the end of the list, but never the one that has the focus. */
function trim(place, keep) {
  while (place.childElementCount > keep && !place.lastElementChild.contains(document.activeElement)) {
    place.lastElementChild.remove();
  }
}

function draw() {
  drawing = undefined;
  if (!paused && arrived.length) {
    const fresh = arrived.reverse();
    arrived = [];
    shown.unshift(...fresh);
    shown.length = Math.min(shown.length, KEEP);
    by("event-list").prepend(...fresh.filter(matches).map(row));
    trim(by("event-list"), KEEP);
    by("latest").prepend(...fresh.slice(0, LATEST).map(small));
    trim(by("latest"), LATEST);
    by("no-latest").hidden = true;
    showEmptiness();
  }
  note();
}

const soon = () => (drawing ??= setTimeout(draw, DRAW_MS));

function take(event) {
  arrived.push(event);
  if (arrived.length > KEEP) {
    arrived.shift();
    // While running, what was passed over would have been pushed off the list at once.
    if (paused) overflow += 1;
  }
  soon();
}

export function pause() {
  paused = !paused;
  if (!paused) overflow = 0;
  by("pause").setAttribute("aria-pressed", String(paused));
  by("pause").textContent = paused ? "Resume" : "Pause";
  draw();
}

export function clear() {
  shown.length = 0;
  arrived = [];
  missed = 0;
  overflow = 0;
  by("latest").replaceChildren();
  by("no-latest").hidden = false;
  redraw();
  note();
}

function toggle(types) {
  return (click) => {
    const show = click.currentTarget.getAttribute("aria-pressed") !== "true";
    click.currentTarget.setAttribute("aria-pressed", String(show));
    types.forEach((type) => (show ? hidden.delete(type) : hidden.add(type)));
    redraw();
  };
}

export function start() {
  by("kinds").append(
    ...KINDS.map(([label, types]) => h("button", { type: "button", "aria-pressed": "true", onclick: toggle(types) }, label)),
  );
  by("filter").addEventListener("input", redraw);
  by("pause").addEventListener("click", pause);
  by("clear").addEventListener("click", clear);
  live.on("event", take);
  live.on("missed", (count) => {
    missed += count;
    soon();
  });
}
