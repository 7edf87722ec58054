// The details of one event or call, with what the history knows about it.

import { descriptionList, h } from "./dom.js";
import * as drawer from "./drawer.js";
import { label } from "./event_row.js";
import { clock, duration } from "./format.js";
import * as polling from "./polling.js";
import * as traces from "./traces.js";

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function actions({ kind, event, run }) {
  if (!event.event_id || kind === "agent") return null;
  const showTrace = () => {
    drawer.close();
    traces.open(event.event_id);
  };
  const toRun = run ? h("a", { class: "button", href: `#runs/${run}`, onclick: drawer.close }, "Open the run") : null;
  return h("div", { class: "actions" }, toRun, h("button", { type: "button", onclick: showTrace }, "Show the trace"));
}

function metadata(pairs) {
  const entries = Object.entries(pairs ?? {});
  return entries.length ? [h("h3", {}, "Metadata"), descriptionList(entries.map(([key, value]) => [key, value, true]))] : [];
}

/** Adds the metadata, which only the history has, and there without secrets. */
async function fill(section, { event, run }) {
  try {
    const { events } = await polling.request(`api/events?run=${run}&limit=1000`);
    const same = events.find((each) => each.event_id === event.event_id && each.topic === event.topic);
    section.replaceChildren(...metadata(same?.metadata));
  } catch {
    // There is no history, or it no longer has the run.
  }
}

/** Opens the details of a row. */
export function open(row, from) {
  const { kind, event } = row;
  const more = h("section", {}, metadata(event.metadata));
  if (kind === "event" && row.run && !event.metadata) fill(more, row);
  const receivers = row.receivers.join(", ") || (row.deliveries ? String(row.deliveries) : "nobody");
  const content = [
    row.error ? h("p", { class: "error" }, row.error) : null,
    descriptionList([
      ["Time", clock(event.timestamp, true)],
      [kind === "call" ? "Tool" : "Topic", event.topic, true],
      [kind === "call" ? "Called by" : kind === "agent" ? "Agent" : "Published by", event.sender],
      ["Received by", kind === "event" ? receivers : null],
      ["Outcome", kind === "call" ? row.outcome ?? "running" : null],
      ["Duration", row.outcome ? duration(row.duration) : null],
      ["Type", event.type],
      ["Id", event.event_id, true],
      ["Thread", event.thread_id, true],
      ["Correlation", event.correlation_id, true],
      ["Run", row.run, true],
    ]),
    actions(row),
    more,
    event.payload_preview
      ? h("section", {}, h("h3", {}, kind === "call" ? "Arguments, first 100 characters" : "Payload, first 100 characters"), h("pre", { tabindex: "0" }, pretty(event.payload_preview)))
      : null,
  ];
  drawer.open(label(row), content.filter(Boolean), from);
}
