// A run as lanes: one for each agent, and one for the runtime. Within a lane, spans stand below those that caused them.

import { spanSubject } from "./format.js";

export const RUNTIME = "runtime";

/** What a span is about. */
export const subject = (span) => span.tool ?? span.topic ?? span.model ?? spanSubject(span);

const laneOf = (span) => span.agent ?? RUNTIME;

/** The parents of spans that are among them, by the id of the child. A span that is its own ancestor has none. */
export function parents(spans) {
  const known = new Map(spans.map((span) => [span.span_id, span]));
  const above = (span) => known.get(span.parent_span_id);
  const walks = new Map(); // the span id -> the walk upwards that met it first
  const circular = new Set();
  spans.forEach((span, walk) => {
    let each = span;
    let last;
    while (each && !walks.has(each.span_id)) {
      walks.set(each.span_id, walk);
      last = each;
      each = above(each);
    }
    if (last && each && walks.get(each.span_id) === walk) circular.add(last);
  });
  const found = new Map();
  for (const span of spans) if (above(span) && !circular.has(span)) found.set(span.span_id, above(span));
  return found;
}

/** Spans in depth-first order, each as {span, depth}, where `parent` gives the one above. */
export function ordered(spans, parent) {
  const children = Map.groupBy(spans, (span) => parent(span)?.span_id);
  const byStart = (list) => (list ?? []).toSorted((a, b) => b.start_time - a.start_time);
  const stack = byStart(children.get(undefined)).map((span) => ({ span, depth: 0 }));
  const rows = [];
  while (stack.length) {
    const row = stack.pop();
    rows.push(row);
    for (const span of byStart(children.get(row.span.span_id))) stack.push({ span, depth: row.depth + 1 });
  }
  return rows;
}

/** The lanes by their first span: {name, rows, errors}; `above` are the {@link parents}. */
export function lanes(spans, above) {
  const grouped = Map.groupBy(spans, laneOf);
  // Within its lane, a span stands below its nearest ancestor of the same lane.
  const withinLane = new Map();
  for (const span of spans) withinLane.set(span.span_id, nearest(span, above));
  const byFirst = [...grouped].sort(([, a], [, b]) => a[0].start_time - b[0].start_time);
  return byFirst.map(([name, all]) => ({
    name,
    rows: ordered(all, (each) => withinLane.get(each.span_id)),
    errors: all.filter((span) => span.status === "error").length,
  }));
}

const MOST_STEPS = 32;

function nearest(span, above) {
  let each = above.get(span.span_id);
  for (let step = 0; each && step < MOST_STEPS; step += 1) {
    if (laneOf(each) === laneOf(span)) return each;
    each = above.get(each.span_id);
  }
  return undefined;
}

/** The first moment of the spans and the time to the last, in nanoseconds. */
export function range(spans) {
  let start = Infinity;
  let end = 0;
  for (const span of spans) {
    start = Math.min(start, span.start_time);
    end = Math.max(end, span.start_time + span.duration);
  }
  return { start, total: Math.max(1, end - start) };
}
