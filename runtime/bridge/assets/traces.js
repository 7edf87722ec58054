// The latest traces: spans grouped as they finish.

import { by, h } from "./dom.js";
import { ago, count, duration, spanSubject } from "./format.js";
import * as live from "./live.js";
import * as polling from "./polling.js";
import * as views from "./views.js";
import * as waterfall from "./waterfall.js";

const MAX_TRACES = 300;
const MAX_SPANS = 500; // of one trace
const MAX_ROWS = 100;
const DRAW_MS = 400;

const traces = new Map(); // id -> {id, spans, start, end, errors, changed}
let changes = 0; // increases with every change of a trace
let chosen;
let paused = false;
let drawing;

function add(span) {
  const { trace_id: id } = span;
  const trace = traces.get(id) ?? { id, spans: new Map(), start: Infinity, end: 0, errors: 0, changed: 0 };
  if (trace.spans.has(span.span_id) || trace.spans.size >= MAX_SPANS) return;
  trace.spans.set(span.span_id, span);
  trace.start = Math.min(trace.start, span.start_time);
  trace.end = Math.max(trace.end, span.start_time + span.duration);
  trace.errors += span.status === "error" ? 1 : 0;
  trace.changed = ++changes;
  traces.set(id, trace);
}

/** Removes the traces that changed least recently, except the chosen one. */
function trim() {
  if (traces.size <= MAX_TRACES) return;
  const oldest = [...traces.values()].sort((a, b) => a.changed - b.changed);
  oldest.slice(0, traces.size - MAX_TRACES).forEach(({ id }) => id !== chosen && traces.delete(id));
}

/** The root of a trace: the first span whose parent is not among its spans. */
function root(trace) {
  const spans = [...trace.spans.values()];
  const tops = spans.filter((span) => !trace.spans.has(span.parent_span_id));
  return (tops.length ? tops : spans).reduce((first, span) => (span.start_time < first.start_time ? span : first));
}

function agents(trace) {
  return [...new Set([...trace.spans.values()].map((span) => span.attributes.agent).filter(Boolean))];
}

function matches(trace) {
  if (by("trace-errors").getAttribute("aria-pressed") === "true" && !trace.errors) return false;
  const query = by("trace-filter").value.trim().toLowerCase();
  if (!query || trace.id.includes(query)) return true;
  const texts = (span) => [span.name, span.error_message, ...Object.values(span.attributes)];
  return [...trace.spans.values()].some((span) => texts(span).some((text) => text?.toLowerCase().includes(query)));
}

function content(trace) {
  const first = root(trace);
  const errors = trace.errors ? [" · ", h("span", { class: "error" }, count(trace.errors, "error"))] : [];
  return [
    h("span", { class: "name" }, first.name, h("span", { class: "subject" }, spanSubject(first))),
    h("span", { class: "duration" }, duration((trace.end - trace.start) / 1e6)),
    h("span", { class: "more-text" }, count(trace.spans.size, "span"), errors, ` · ${agents(trace).join(", ") || "no agent"}`),
    h("span", { class: "when" }, ago(trace.start / 1e6)),
  ];
}

/** The row of a trace: always the same element, so that new spans disturb neither a click nor the focus. */
function row(trace) {
  if (!trace.row) {
    const select = () => views.go(`traces/${trace.id}`);
    trace.row = h("li", {}, h("button", { class: "trace", type: "button", onclick: select }));
  }
  const button = trace.row.firstElementChild;
  button.setAttribute("aria-current", String(trace.id === chosen));
  if (trace.drawn !== trace.changed) {
    trace.drawn = trace.changed;
    button.replaceChildren(...content(trace));
  }
  button.querySelector(".when").textContent = ago(trace.start / 1e6);
  return trace.row;
}

/** Makes these the rows of the list, in this order; moves only rows that are out of place. */
function arrange(rows) {
  const kept = new Set(rows);
  const list = by("trace-list");
  [...list.children].forEach((old) => kept.has(old) || old.remove());
  rows.forEach((each, at) => list.children[at] === each || list.insertBefore(each, list.children[at] ?? null));
}

function draw() {
  drawing = undefined;
  if (views.current() !== "traces") return;
  const found = [...traces.values()].filter(matches).sort((a, b) => b.start - a.start).slice(0, MAX_ROWS);
  arrange(found.map(row));
  by("no-traces").hidden = found.length > 0;
  by("no-traces").textContent = traces.size ? "No trace matches." : "No trace yet.";
}

const drawSoon = () => paused || (drawing ??= setTimeout(draw, DRAW_MS));

/** Shows a trace as a waterfall; without an id the one that is shown, with its new spans. */
async function choose(id) {
  chosen = id || chosen;
  draw();
  if (!chosen) return;
  try {
    const spans = await polling.request(`api/traces/${encodeURIComponent(chosen)}`);
    const known = traces.get(chosen);
    // The server keeps fewer spans than this page.
    waterfall.show(chosen, spans.length || !known ? spans : [...known.spans.values()]);
  } catch {
    // The header shows that the server is unreachable.
  }
}

/** Opens the trace of an event or call. If it is not known, filters the traces by the id. */
export async function open(id) {
  const isAbout = ({ attributes }) => attributes.event_id === id || attributes.call_id === id;
  const find = () => {
    const newest = [...traces.values()].sort((a, b) => b.start - a.start);
    return newest.find(({ spans }) => [...spans.values()].some(isAbout));
  };
  if (!find()) await fill();
  const trace = find();
  by("trace-filter").value = trace ? "" : id;
  views.go(trace ? `traces/${trace.id}` : "traces");
}

export function pause() {
  paused = !paused;
  by("trace-pause").setAttribute("aria-pressed", String(paused));
  by("trace-pause").textContent = paused ? "Resume" : "Pause";
  if (!paused) drawSoon();
}

/** Loads the latest spans. */
async function fill() {
  try {
    (await polling.request("api/spans/recent?limit=1000")).reverse().forEach(add);
    drawSoon();
  } catch {
    // As above; the stream sends new spans.
  }
}

export function start() {
  views.onEnter("traces", choose);
  by("trace-filter").addEventListener("input", draw);
  by("trace-pause").addEventListener("click", pause);
  by("trace-errors").addEventListener("click", () => {
    const button = by("trace-errors");
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    draw();
  });
  live.on("state", (state) => state === "live" && fill());
  live.on("spans", (spans) => {
    spans.forEach(add);
    trim();
    drawSoon();
    if (spans.some((span) => span.trace_id === chosen) && views.current() === "traces" && !paused) choose(chosen);
  });
}
