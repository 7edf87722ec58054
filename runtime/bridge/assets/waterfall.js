// One trace as a waterfall: spans on a time axis, children below their parents.

import { by, descriptionList, h } from "./dom.js";
import * as drawer from "./drawer.js";
import { clock, duration, spanSubject } from "./format.js";

const INDENT_PX = 14;

let shown = "";

/** The spans as rows in depth-first order, each with its depth. */
export function ordered(spans) {
  const known = new Set(spans.map((span) => span.span_id));
  const children = Map.groupBy(spans, (span) => (known.has(span.parent_span_id) ? span.parent_span_id : null));
  const rows = [];
  const visit = (parent, depth) => {
    const sorted = (children.get(parent) ?? []).toSorted((a, b) => a.start_time - b.start_time);
    for (const span of sorted) {
      rows.push({ span, depth });
      visit(span.span_id, depth + 1);
    }
  };
  visit(null, 0);
  return rows;
}

/** The group of spans that share a colour. */
export function family(name) {
  return name === "event.deliver" ? "deliver" : name.split(".")[0];
}

function open(span, from) {
  drawer.open(
    span.name,
    [
      span.error_message ? h("p", { class: "error" }, span.error_message) : null,
      descriptionList([
        ["Status", span.status],
        ["Start", clock(span.start_time / 1e6, true)],
        ["Duration", duration(span.duration / 1e6)],
        ["Span", span.span_id, true],
        ["Parent", span.parent_span_id, true],
        ["Trace", span.trace_id, true],
      ]),
      h("section", {}, h("h3", {}, "Attributes"), descriptionList(Object.entries(span.attributes).map(([key, value]) => [key, value, true]))),
    ].filter(Boolean),
    from,
  );
}

function line({ span, depth }, start, total) {
  const bar = h("i", { "data-family": family(span.name) });
  bar.style.left = `${Math.min(((span.start_time - start) / total) * 100, 99.4)}%`;
  bar.style.width = `${(span.duration / total) * 100}%`;
  const name = h("span", { class: "name" }, h("b", {}, span.name), h("span", { class: "subject" }, spanSubject(span)));
  name.style.paddingInlineStart = `${Math.min(depth, 8) * INDENT_PX}px`;
  const button = h(
    "button",
    { class: "span", type: "button", "data-status": span.status, "data-key": span.span_id, "aria-expanded": "false" },
    name,
    h("span", { class: "lane", "aria-hidden": "true" }, bar),
    h("span", { class: "duration" }, duration(span.duration / 1e6)),
  );
  button.addEventListener("click", () => open(span, button));
  return h("li", {}, button);
}

function scale(total) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => h("span", {}, part ? duration((total * part) / 1e6) : "0"));
  return h("div", { class: "scale", "aria-hidden": "true" }, h("span", {}, "Span"), h("span", { class: "ticks" }, ticks), h("span", {}, ""));
}

/** Shows a trace. */
export function show(id, spans) {
  by("trace-id").textContent = id;
  by("trace-run").href = `#runs/${id}`;
  by("trace-run").hidden = false;
  by("no-trace").hidden = spans.length > 0;
  by("no-trace").textContent = "The runtime no longer has this trace.";
  const now = `${id} ${spans.length}`;
  if (now === shown) return;
  shown = now;
  if (!spans.length) return by("waterfall").replaceChildren();
  const start = Math.min(...spans.map((span) => span.start_time));
  const total = Math.max(1, ...spans.map((span) => span.start_time + span.duration - start));
  const lines = ordered(spans).map((each) => line(each, start, total));
  const focused = by("waterfall").contains(document.activeElement) && document.activeElement.dataset.key;
  by("waterfall").replaceChildren(h("div", { class: "waterfall" }, scale(total), h("ol", { "aria-label": "Spans in order" }, lines)));
  if (focused) by("waterfall").querySelector(`[data-key="${focused}"]`)?.focus();
}
