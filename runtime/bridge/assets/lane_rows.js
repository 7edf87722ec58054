// The rows of a run's waterfall: lanes, and the spans in them on one time axis.

import { h } from "./dom.js";
import { count, duration } from "./format.js";
import { subject } from "./lanes.js";
import { family } from "./waterfall.js";

const LANE_PX = 32;
const SPAN_PX = 28;
const ERROR_PX = 20;
const INDENT_PX = 14;
const DEEPEST = 8; // levels that are indented

const laneKey = (name) => `lane ${name}`;

/** Lanes as rows of a list; those in `closed` without their spans. */
export function rows(lanes, closed) {
  return lanes.flatMap((lane) => {
    const isOpen = !closed.has(lane.name);
    const head = { key: laneKey(lane.name), height: LANE_PX, lane, isOpen };
    const spans = lane.rows.map(({ span, depth }, at) => {
      const height = SPAN_PX + (span.error_message ? ERROR_PX : 0);
      return { key: span.span_id, height, span, depth, lane, at };
    });
    return isOpen ? [head, ...spans] : [head];
  });
}

function laneElement({ lane, isOpen }, at, setsize) {
  return h(
    "div",
    { class: "lane-head", role: "treeitem", "aria-level": 1, "aria-expanded": String(isOpen), "aria-setsize": setsize, "aria-posinset": at + 1 },
    h("span", { class: "twist", "aria-hidden": "true" }, isOpen ? "▾" : "▸"),
    h("b", {}, lane.name),
    h("span", { class: "muted" }, count(lane.rows.length, "span")),
    lane.errors ? h("span", { class: "error" }, count(lane.errors, "error")) : null,
  );
}

/** The bar of a span on the time axis. */
export function bar(span, { start, total }) {
  const element = h("i", { "data-family": family(span.name) });
  element.style.left = `${Math.min(((span.start_time - start) / total) * 100, 99.4)}%`;
  element.style.width = `${(span.duration / total) * 100}%`;
  return h("span", { class: "lane", "aria-hidden": "true" }, element);
}

function spanElement({ span, depth, lane, at }, axis, chosen) {
  const name = h("span", { class: "name" }, h("b", {}, span.name), h("span", { class: "subject" }, subject(span)));
  name.style.paddingInlineStart = `${Math.min(depth, DEEPEST) * INDENT_PX + 18}px`;
  return h(
    "div",
    {
      class: "run-span", role: "treeitem", "data-status": span.status, "data-key": span.span_id, "aria-level": depth + 2,
      "aria-selected": String(span.span_id === chosen), "aria-setsize": lane.rows.length, "aria-posinset": at + 1,
    },
    name,
    bar(span, axis),
    h("span", { class: "duration" }, duration(span.duration / 1e6)),
    span.error_message ? h("span", { class: "error inline-error", title: span.error_message }, span.error_message) : null,
  );
}

/** The element of a row. */
export function draw(row, { axis, chosen, lanes }) {
  if (!row.span) return laneElement(row, lanes.indexOf(row.lane), lanes.length);
  return spanElement(row, axis, chosen);
}

/** The marks of the time axis. */
export function scale({ total }) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => h("span", {}, part ? duration((total * part) / 1e6) : "0"));
  return h("div", { class: "run-scale", "aria-hidden": "true" }, h("span", {}, "Agent and span"), h("span", { class: "ticks" }, ticks), h("span", {}, ""));
}
