// The latest traces, grouped from spans as they end.

import { by, h } from "./dom.js";
import * as facts from "./facts.js";
import { ago, count, took } from "./format.js";
import * as live from "./live.js";
import * as views from "./views.js";
import * as waterfall from "./waterfall.js";

const KEEP = 300; // traces
const SPANS = 500; // of one trace
const SHOWN = 100;
const DRAW_MS = 400;

const traces = new Map(); // id -> {id, spans, start, end, errors, touched}
let turn = 0;
let chosen;
let paused = false;
let drawing;

export const about = ({ attributes }) => attributes.tool ?? attributes.topic ?? attributes.model ?? attributes.agent ?? "";

function add(span) {
  const { trace_id: id } = span;
  const trace = traces.get(id) ?? { id, spans: new Map(), start: Infinity, end: 0, errors: 0, touched: 0 };
  if (trace.spans.has(span.span_id) || trace.spans.size >= SPANS) return;
  trace.spans.set(span.span_id, span);
  trace.start = Math.min(trace.start, span.start_time);
  trace.end = Math.max(trace.end, span.start_time + span.duration);
  trace.errors += span.status === "error" ? 1 : 0;
  trace.touched = ++turn;
  traces.set(id, trace);
}

function forget() {
  if (traces.size <= KEEP) return;
  const oldest = [...traces.values()].sort((a, b) => a.touched - b.touched);
  oldest.slice(0, traces.size - KEEP).forEach(({ id }) => id !== chosen && traces.delete(id));
}

/** What began it: the first span whose parent is not ours. */
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
  const wanted = by("trace-filter").value.trim().toLowerCase();
  if (!wanted || trace.id.includes(wanted)) return true;
  const texts = (span) => [span.name, span.error_message, ...Object.values(span.attributes)];
  return [...trace.spans.values()].some((span) => texts(span).some((text) => text?.toLowerCase().includes(wanted)));
}

function content(trace) {
  const first = root(trace);
  const wrong = trace.errors ? [" · ", h("span", { class: "wrong" }, count(trace.errors, "error"))] : [];
  return [
    h("span", { class: "name" }, first.name, h("span", { class: "about" }, about(first))),
    h("span", { class: "took" }, took((trace.end - trace.start) / 1e6)),
    h("span", { class: "more-text" }, count(trace.spans.size, "span"), wrong, ` · ${agents(trace).join(", ") || "nobody named"}`),
    h("span", { class: "when" }, ago(trace.start / 1e6)),
  ];
}

/** The row of a trace: always the same element, so that a click or the focus survives what arrives meanwhile. */
function row(trace) {
  if (!trace.row) {
    const choosing = () => views.go(`traces/${trace.id}`);
    trace.row = h("li", {}, h("button", { class: "trace", type: "button", onclick: choosing }));
  }
  const button = trace.row.firstElementChild;
  button.setAttribute("aria-current", String(trace.id === chosen));
  if (trace.drawn !== trace.touched) {
    trace.drawn = trace.touched;
    button.replaceChildren(...content(trace));
  }
  button.querySelector(".when").textContent = ago(trace.start / 1e6);
  return trace.row;
}

/** Makes these the rows, in this order, and moves only those that are out of place. */
function arrange(rows) {
  const wanted = new Set(rows);
  const list = by("trace-list");
  [...list.children].forEach((old) => wanted.has(old) || old.remove());
  rows.forEach((each, at) => list.children[at] === each || list.insertBefore(each, list.children[at] ?? null));
}

function draw() {
  drawing = undefined;
  if (views.current() !== "traces") return;
  const found = [...traces.values()].filter(matches).sort((a, b) => b.start - a.start).slice(0, SHOWN);
  arrange(found.map(row));
  by("no-traces").hidden = found.length > 0;
  by("no-traces").textContent = traces.size ? "No trace matches." : "No trace yet.";
}

const soon = () => paused || (drawing ??= setTimeout(draw, DRAW_MS));

async function choose(id) {
  chosen = id || chosen;
  draw();
  if (!chosen) return;
  try {
    const spans = await facts.ask(`/api/traces/${encodeURIComponent(chosen)}`);
    const known = traces.get(chosen);
    // The runtime forgets old spans; this page may still have them.
    waterfall.show(chosen, spans.length || !known ? spans : [...known.spans.values()]);
  } catch {
    // The header says that the runtime is gone.
  }
}

/** Opens the trace of an event or a call; where this page does not know it, looks for its id. */
export function open(id) {
  const about = ({ attributes }) => attributes.event_id === id || attributes.call_id === id;
  const newest = [...traces.values()].sort((a, b) => b.start - a.start);
  const trace = newest.find(({ spans }) => [...spans.values()].some(about));
  by("trace-filter").value = trace ? "" : id;
  views.go(trace ? `traces/${trace.id}` : "traces");
}

export function pause() {
  paused = !paused;
  by("trace-pause").setAttribute("aria-pressed", String(paused));
  by("trace-pause").textContent = paused ? "Resume" : "Pause";
  if (!paused) soon();
}

async function fill() {
  try {
    (await facts.ask("/api/spans/recent?limit=1000")).reverse().forEach(add);
    soon();
  } catch {
    // As above; the stream brings new ones.
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
    forget();
    soon();
    if (spans.some((span) => span.trace_id === chosen) && views.current() === "traces" && !paused) choose(chosen);
  });
}
