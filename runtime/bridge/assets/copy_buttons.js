// The buttons that copy an event or a call as a command. What is copied is shown too: without https, a browser may not copy.

import * as copyAs from "./copy_as.js";
import { h } from "./dom.js";
import { read } from "./history_api.js";
import * as session from "./session.js";
import { omissions, whole } from "./span_bodies.js";

const PLACEMENT = /^(loom\.)?(traceparent|tracestate|trace_id|span_id|baggage)$/;

/** The event of a span: what its publisher said, without what places it in the run. */
async function eventOf(span, payload) {
  const { events } = await read(`api/events?run=${span.trace_id}&limit=1000`);
  const known = events.find((event) => event.event_type === "event_published" && event.span_id === span.span_id);
  const entries = Object.entries(known?.metadata ?? {}).filter(([key, value]) => value !== "***" && !PLACEMENT.test(key));
  return { topic: span.topic, type: known?.type, metadata: Object.fromEntries(entries), payload };
}

const KINDS = {
  "event.publish": { curl: copyAs.curlOfEvent, grpcurl: copyAs.grpcurlOfEvent, of: eventOf },
  "tool.call": { curl: copyAs.curlOfCall, grpcurl: copyAs.grpcurlOfCall, of: async (span, input) => ({ tool: span.tool, input }) },
};

/** The text that went into a span, as far as a command can have it; and what to say about it. */
async function input(span, isKept) {
  const body = span.bodies.find(({ kind }) => kind === "input");
  if (!body && !isKept) throw new Error("It cannot be copied: its content is not kept.");
  if (!body) return { text: "", notes: [] };
  if (body.is_cut) throw new Error(`It cannot be copied. ${omissions(body)[0]}`);
  return { text: (await whole(body)).text, notes: omissions(body) };
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "This browser does not let the page copy; select the text.";
  }
}

/** The buttons for a span; null if it is neither an event nor a call. */
export function copyButtons(span, isKept) {
  const kind = KINDS[span.name];
  if (!kind) return null;
  const shown = h("div", { class: "copied" });
  const copy = (form) => async () => {
    try {
      const { text, notes } = await input(span, isKept);
      const command = kind[form](await kind.of(span, text), session.current() !== undefined);
      shown.replaceChildren(h("p", { class: "omission", role: "status" }, [await copied(command), ...notes].join(" ")), h("pre", { tabindex: "0" }, command));
    } catch (error) {
      shown.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
    }
  };
  const button = (form) => h("button", { type: "button", "data-copy": form, onclick: copy(form) }, `Copy as ${form}`);
  return h("div", { class: "copy" }, h("div", { class: "actions" }, button("curl"), button("grpcurl")), shown);
}
