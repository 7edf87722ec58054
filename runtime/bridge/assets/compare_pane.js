// The inputs and outputs of two spans side by side.

import { h } from "./dom.js";
import { duration } from "./format.js";
import { omissions, whole } from "./span_bodies.js";
import { lineDifference } from "./text_difference.js";

const TITLES = { input: "Input", output: "Output", input_messages: "Messages", output_messages: "Answer", instructions: "Instructions" };
const MOST_LINES = 2000;

function text(lines, mark) {
  const shown = lines.slice(0, MOST_LINES).map(({ text: line, differs }) => (differs ? h(mark, {}, `${line}\n`) : `${line}\n`));
  const rest = lines.length > MOST_LINES ? h("span", { class: "muted" }, `${lines.length - MOST_LINES} further lines`) : null;
  return h("pre", { tabindex: "0" }, shown, rest);
}

function bodies(left, right) {
  const differs = left?.text !== right?.text || left?.length !== right?.length;
  const [leftLines, rightLines] = lineDifference(left?.text ?? "", right?.text ?? "");
  const side = (body, lines, mark) =>
    h("div", { class: "compare-side" }, body ? [...omissions(body).map((each) => h("p", { class: "omission" }, each)), text(lines, mark)] : h("p", { class: "omission" }, "None."));
  const kind = (left ?? right).kind;
  const section = h(
    "section",
    { class: "compare-body", "data-kind": kind, "data-differs": String(differs) },
    h("h4", {}, TITLES[kind] ?? kind, h("span", { class: differs ? "differs" : "muted" }, differs ? " differs" : " the same")),
    h("div", { class: "compare-sides" }, side(left, leftLines, "del"), side(right, rightLines, "ins")),
  );
  if (left?.is_beginning || right?.is_beginning) {
    const all = async () => section.replaceWith(bodies(left && (await whole(left)), right && (await whole(right))));
    section.append(h("button", { type: "button", class: "show-all", onclick: () => all().catch(() => {}) }, "Show all of both"));
  }
  return section;
}

const heading = (span) => (span ? `${span.status === "error" ? "failed" : "done"} in ${duration(span.duration / 1e6)}` : "not in this run");

/** The content of the pane for a row of a comparison. */
export function content({ left, right }) {
  const one = left ?? right;
  const kinds = [...new Set([...(left?.bodies ?? []), ...(right?.bodies ?? [])].map(({ kind }) => kind))];
  const of = (span, kind) => span?.bodies.find((body) => body.kind === kind);
  const error = (span, name) => h("div", { class: "compare-side" }, h("p", { class: "muted" }, `${name}: ${heading(span)}`), span?.error_message ? h("p", { class: "error pane-error" }, span.error_message) : null);
  return [
    h("header", {}, h("h3", { id: "compare-title", tabindex: "-1" }, one.name, h("span", { class: "subject" }, ` ${one.tool ?? one.topic ?? one.model ?? ""}`))),
    h("div", { class: "compare-sides" }, error(left, "Left"), error(right, "Right")),
    ...kinds.map((kind) => bodies(of(left, kind), of(right, kind))),
    kinds.length ? null : h("p", { class: "omission absence" }, "Neither has a content that was kept."),
  ].filter(Boolean);
}
