// The event list: filtered, paused, bounded.

import { by, descriptionList, h } from "./dom.js";
import * as drawer from "./drawer.js";
import { clock, count, words } from "./format.js";
import * as live from "./live.js";
import * as traces from "./traces.js";

const MAX_ROWS = 500; // rows in the list, and events queued while paused
const DRAW_MS = 80;
const MAX_LATEST = 60; // rows on the overview

const KINDS = [
  ["Published", ["event_published"]],
  ["Delivered", ["event_delivered"]],
  ["Tools", ["tool_invoked"]],
  ["Agents", ["agent_registered", "agent_unregistered", "agent_away", "agent_back"]],
];

const hidden = new Set();
const shown = []; // newest first
let queued = []; // oldest first, not drawn yet
let paused = false;
let missed = 0;
let dropped = 0; // queued while paused, and dropped
let drawing;

function matches(event) {
  if (hidden.has(event.event_type)) return false;
  const query = by("filter").value.trim().toLowerCase();
  if (!query) return true;
  const { event_type, topic, sender, event_id, thread_id, correlation_id, payload_preview } = event;
  const text = [event_type, words(event_type), topic, sender, event_id, thread_id, correlation_id, payload_preview];
  return text.some((part) => part?.toLowerCase().includes(query));
}

function row(event) {
  const button = h(
    "button",
    { class: "event", type: "button", "data-type": event.event_type, "aria-expanded": "false" },
    h("span", { class: "time" }, clock(event.timestamp, true)),
    h("span", { class: "type" }, words(event.event_type)),
    h("span", { class: "topic" }, event.topic),
    h("span", { class: "agent" }, event.sender ?? ""),
    h("span", { class: "text" }, event.payload_preview),
  );
  button.addEventListener("click", () => open(event, button));
  return h("li", {}, button);
}

function latestRow(event) {
  return h(
    "li",
    { "data-type": event.event_type },
    h("time", {}, clock(event.timestamp)),
    h("span", { class: "topic", title: event.topic }, event.topic),
    h("span", { class: "agent" }, event.sender ?? ""),
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
      descriptionList([
        ["Time", clock(event.timestamp, true)],
        ["Topic", event.topic, true],
        ["Agent", event.sender],
        ["Id", event.event_id, true],
        ["Thread", event.thread_id, true],
        ["Correlation", event.correlation_id, true],
      ]),
      event.event_id && !event.event_type.startsWith("agent_")
        ? h("div", { class: "actions" }, h("button", { type: "button", onclick: showTrace }, "Show the trace"))
        : null,
      event.payload_preview
        ? h("section", {}, h("h3", {}, "Payload, first 100 characters"), h("pre", { tabindex: "0" }, pretty(event.payload_preview)))
        : null,
    ].filter(Boolean),
    from,
  );
}

function showNote() {
  const parts = [];
  if (paused) parts.push(`paused, ${queued.length.toLocaleString("en")} queued`);
  if (dropped) parts.push(`${count(dropped, "older event")} dropped while paused`);
  if (missed) parts.push(`${count(missed, "event")} missed because this page was too slow`);
  const text = parts.join(" · ");
  if (by("note").textContent !== text) by("note").textContent = text;
}

function showEmpty() {
  by("no-events").hidden = by("event-list").childElementCount > 0;
  by("no-events").textContent = shown.length ? "No event matches the filter." : "No events yet.";
}

function redraw() {
  by("event-list").replaceChildren(...shown.filter(matches).map(row));
  showEmpty();
}

/** Removes rows from the end of the list, except one that has the focus. */
function trim(list, limit) {
  while (list.childElementCount > limit && !list.lastElementChild.contains(document.activeElement)) {
    list.lastElementChild.remove();
  }
}

function draw() {
  drawing = undefined;
  if (!paused && queued.length) {
    const fresh = queued.reverse();
    queued = [];
    shown.unshift(...fresh);
    shown.length = Math.min(shown.length, MAX_ROWS);
    by("event-list").prepend(...fresh.filter(matches).map(row));
    trim(by("event-list"), MAX_ROWS);
    by("latest").prepend(...fresh.slice(0, MAX_LATEST).map(latestRow));
    trim(by("latest"), MAX_LATEST);
    by("no-latest").hidden = true;
    showEmpty();
  }
  showNote();
}

const drawSoon = () => (drawing ??= setTimeout(draw, DRAW_MS));

function add(event) {
  queued.push(event);
  if (queued.length > MAX_ROWS) {
    queued.shift();
    // While not paused, the event would have left the list at once.
    if (paused) dropped += 1;
  }
  drawSoon();
}

export function pause() {
  paused = !paused;
  if (!paused) dropped = 0;
  by("pause").setAttribute("aria-pressed", String(paused));
  by("pause").textContent = paused ? "Resume" : "Pause";
  draw();
}

export function clear() {
  shown.length = 0;
  queued = [];
  missed = 0;
  dropped = 0;
  by("latest").replaceChildren();
  by("no-latest").hidden = false;
  redraw();
  showNote();
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
  live.on("event", add);
  live.on("missed", (count) => {
    missed += count;
    drawSoon();
  });
}
