// The event list: filtered, paused, bounded, and continued into the past.

import { by, h } from "./dom.js";
import * as detail from "./event_detail.js";
import * as filter from "./event_filter.js";
import { button, update } from "./event_row.js";
import { EventRows } from "./event_rows.js";
import { clock, count } from "./format.js";
import * as live from "./live.js";
import { OlderEvents } from "./older_events.js";
import { isReplies } from "./topics.js";

const MAX_ROWS = 500; // rows in the list, and events queued while paused
const DRAW_MS = 80;
const MAX_LATEST = 60; // rows on the overview

const rows = new EventRows(MAX_ROWS);
const older = new OlderEvents();
let queued = []; // oldest first, not drawn yet
let finished = []; // spans of calls, not drawn yet
let paused = false;
let missed = 0;
let dropped = 0; // queued while paused, and dropped
let drawing;
let problem = "";

const item = (row) => h("li", {}, button(row, detail.open));

function latestRow({ event }) {
  return h(
    "li",
    { "data-type": event.event_type },
    h("time", {}, clock(event.timestamp)),
    h("span", { class: "topic", title: event.topic }, event.topic),
    h("span", { class: "agent" }, event.sender ?? ""),
  );
}

function showNote() {
  const parts = [problem];
  if (paused) parts.push(`paused, ${queued.length.toLocaleString("en")} queued`);
  if (dropped) parts.push(`${count(dropped, "older event")} dropped while paused`);
  if (missed) parts.push(`${count(missed, "event")} missed because this page was too slow`);
  const text = parts.filter(Boolean).join(" · ");
  if (by("note").textContent !== text) by("note").textContent = text;
}

function showEmpty() {
  by("no-events").hidden = by("event-list").childElementCount > 0;
  by("no-events").textContent = rows.all.length ? "No event matches the filter." : "No events yet.";
  by("older").hidden = !older.hasMore;
}

function redraw() {
  by("event-list").replaceChildren(...[...rows.all, ...older.rows].filter(filter.matches).map(item));
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
  if (!paused && (queued.length || finished.length)) {
    const changed = new Set();
    const fresh = [];
    for (const event of queued) {
      const { row, isNew } = rows.add(event);
      if (isNew) fresh.unshift(row);
      else changed.add(row);
    }
    finished.map((span) => rows.finish(span)).forEach((row) => row && changed.add(row));
    queued = [];
    finished = [];
    by("event-list").prepend(...fresh.filter(filter.matches).slice(0, MAX_ROWS).map(item));
    changed.forEach(update);
    trim(by("event-list"), MAX_ROWS);
    by("latest").prepend(...fresh.filter(({ event }) => !isReplies(event.topic)).slice(0, MAX_LATEST).map(latestRow));
    trim(by("latest"), MAX_LATEST);
    by("no-latest").hidden = by("latest").childElementCount > 0;
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

function finish(spans) {
  finished.push(...spans.filter((span) => span.attributes.call_id));
  finished = finished.slice(-MAX_ROWS);
  drawSoon();
}

export function pause() {
  paused = !paused;
  by("pause").setAttribute("aria-pressed", String(paused));
  by("pause").textContent = paused ? "Resume" : "Pause";
  if (!paused) {
    dropped = 0;
    // The list continues at its end, which moves again.
    older.clear();
    redraw();
  }
  draw();
}

export function clear() {
  rows.clear();
  older.clear();
  queued = [];
  missed = 0;
  dropped = 0;
  by("latest").replaceChildren();
  by("no-latest").hidden = false;
  redraw();
  showNote();
}

/** Adds a page of the past. The list is paused, so that its end stays where the past begins. */
async function loadOlder() {
  if (!paused) pause();
  by("older").disabled = true;
  try {
    const fresh = await older.load(rows.all);
    by("event-list").append(...fresh.filter(filter.matches).map(item));
    problem = older.hasMore ? "" : "the history has no older events";
  } catch {
    problem = "the history cannot be read";
  }
  by("older").disabled = false;
  showEmpty();
  showNote();
}

export function start() {
  filter.start(redraw);
  by("pause").addEventListener("click", pause);
  by("clear").addEventListener("click", clear);
  by("older").addEventListener("click", loadOlder);
  live.on("event", add);
  live.on("spans", finish);
  live.on("missed", (count) => {
    missed += count;
    drawSoon();
  });
}
