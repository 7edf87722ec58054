// One span of a run: what it was, how it went, what went in and what came out.

import { descriptionList, h } from "./dom.js";
import { clock, count, duration } from "./format.js";
import { copyButtons } from "./copy_buttons.js";
import { subject } from "./lanes.js";
import { isModel } from "./messages.js";
import { cost } from "./run_columns.js";
import { absence, element, owner } from "./span_bodies.js";

function facts(span, runStart) {
  return descriptionList([
    ["Status", span.status === "unset" ? "" : span.status],
    ["Start", `${clock(span.start_time / 1e6, true)}, +${duration((span.start_time - runStart) / 1e6)}`],
    ["Duration", duration(span.duration / 1e6)],
    ["Agent", span.agent],
    ["Topic", span.topic, true],
    ["Tool", span.tool, true],
    ["Model", [span.provider, span.model].filter(Boolean).join(" / ")],
    ["Tokens", span.input_tokens === null && span.output_tokens === null ? "" : `${span.input_tokens ?? "?"} in, ${span.output_tokens ?? "?"} out`],
    ["Cost", span.cost === null ? "" : cost(span.cost)],
    ["First token", span.first_token === null ? "" : duration(span.first_token / 1e6)],
    ["Finish reason", span.finish_reason],
    ["Error type", span.error_type, true],
  ]);
}

function further(span) {
  const link = ({ trace_id, span_id }) => h("a", { href: `#runs/${trace_id}?span=${span_id}` }, `${trace_id.slice(0, 12)} / ${span_id}`);
  const pairs = [["Span", span.span_id, true], ["Parent", span.parent_span_id, true], ["Correlation", span.correlation_id, true]];
  const attributes = Object.entries(span.attributes).map(([key, value]) => [key, value, true]);
  const links = span.links.map((each) => ["Caused by", link(each), true]);
  const all = descriptionList([...pairs, ...links, ...attributes]);
  return h("details", { class: "further" }, h("summary", {}, "Ids and attributes", h("span", { class: "muted" }, ` ${count(attributes.length, "attribute")}`)), all);
}

/** The bodies of a span, or why there are none. */
export function bodies(span, { run, health, parentOf }) {
  const from = owner(span, parentOf);
  if (!from.bodies.length) return [h("p", { class: "omission absence" }, absence(run, health))];
  const model = isModel(span) || isModel(from);
  const note = from === span ? null : h("p", { class: "omission" }, `From ${from.name}, which it belongs to.`);
  return [note, ...from.bodies.map((body) => element(body, model))];
}

/** The content of the pane for a span. */
export function content(span, context) {
  return [
    h("header", {}, h("h3", { id: "span-title", tabindex: "-1" }, span.name, h("span", { class: "subject" }, ` ${subject(span)}`))),
    span.error_message ? h("p", { class: "error pane-error" }, span.error_message) : null,
    facts(span, context.start),
    copyButtons(span, !context.run.is_secret && context.health?.content !== false),
    ...bodies(span, context),
    further(span),
  ].filter(Boolean);
}
