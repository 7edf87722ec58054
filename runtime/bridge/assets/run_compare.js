// Two runs side by side: their spans aligned, with both durations and what differs.

import * as comparePane from "./compare_pane.js";
import { by, h } from "./dom.js";
import { duration } from "./format.js";
import { subject } from "./lanes.js";
import { pause } from "./pause.js";
import { RowList } from "./row_list.js";
import { ofRun } from "./run_head.js";
import { load } from "./run_loading.js";
import * as places from "./run_location.js";
import { align, differences, numbered } from "./span_alignment.js";

const ROW_PX = 30;
const NARROW_ROW_PX = 48; // two lines
const INDENT_PX = 14;
const DEEPEST = 8;

let place = {};
let list;
let requested = 0;
let leave = () => {};
let chosen;

/** The difference of two durations, signed. */
function change(left, right) {
  if (!left || !right) return "";
  const ms = (right.duration - left.duration) / 1e6;
  return `${ms < 0 ? "−" : "+"}${duration(Math.abs(ms))}`;
}

const time = (span, side) => h("span", { class: "compare-time", "data-side": side }, span ? duration(span.duration / 1e6) : "–");

function mark(row) {
  if (!row.left) return h("span", { class: "differs" }, "only right");
  if (!row.right) return h("span", { class: "differs" }, "only left");
  return row.differs.length ? h("span", { class: "differs" }, `${row.differs.join(", ")} ${row.differs.length > 1 ? "differ" : "differs"}`) : h("span", { class: "muted" }, "");
}

function draw(row, at) {
  const one = row.left ?? row.right;
  const name = h("span", { class: "name" }, h("b", {}, one.name), h("span", { class: "subject" }, `${subject(one)} ${one.agent ? `· ${one.agent}` : ""}`));
  name.style.paddingInlineStart = `${Math.min(row.depth, DEEPEST) * INDENT_PX}px`;
  const failed = [row.left, row.right].some((span) => span?.status === "error");
  return h(
    "div",
    { class: "compare-row", role: "option", "aria-selected": String(row.key === chosen), "aria-setsize": list.rows.length, "aria-posinset": at + 1, "data-status": failed ? "error" : "ok" },
    name,
    time(row.left, "left"),
    time(row.right, "right"),
    h("span", { class: "compare-change" }, change(row.left, row.right)),
    mark(row),
  );
}

function open(row) {
  chosen = row.key;
  by("compare-pane").hidden = false;
  by("compare-pane-content").replaceChildren(...comparePane.content(row));
  list.redraw();
  by("compare-title").focus({ preventScroll: true });
  if (matchMedia("(max-width: 60rem)").matches) by("compare-pane").scrollIntoView({ block: "start" });
}

function close() {
  chosen = undefined;
  by("compare-pane").hidden = true;
  list.redraw();
  list.element.focus();
}

function side(run, name) {
  const title = h("a", { href: places.fragment({ run: run.id, filters: place.filters }) }, `${run.trigger ?? "no name"} ${run.id.slice(0, 12)}`);
  return h("section", { class: "compare-run", "aria-label": name }, h("h3", {}, `${name}: `, title), ofRun(run), run.error ? h("p", { class: "error" }, run.error) : null);
}

function showBoth(left, right, aligned) {
  const height = matchMedia("(max-width: 40rem)").matches ? NARROW_ROW_PX : ROW_PX;
  const rows = aligned.map((row) => ({ ...row, key: row.left?.span_id ?? `right ${row.right.span_id}`, height, differs: differences(row) }));
  const number = rows.filter((row) => !row.left || !row.right || row.differs.length).length;
  by("compare-note").textContent = number ? `${number} of ${rows.length} spans differ.` : "All spans correspond, with the same inputs and outputs.";
  by("compare-runs").replaceChildren(side(left, "Left"), side(right, "Right"));
  by("compare-content").hidden = false;
  chosen = undefined;
  by("compare-pane").hidden = true;
  list.set(rows);
  list.activate(rows.find((row) => !row.left || !row.right || row.differs.length)?.key ?? rows[0]?.key);
  list.element.focus({ preventScroll: true });
}

/** Shows two runs, as the address says. */
export async function show(next) {
  const number = ++requested;
  place = next;
  by("compare-back").href = places.fragment({ run: place.run, filters: place.filters });
  by("compare-content").hidden = true;
  by("compare-note").textContent = "Loading…";
  try {
    const [left, right] = await Promise.all([load(place.run), load(place.other)]);
    const leftSpans = numbered(left.list);
    await pause();
    const rightSpans = numbered(right.list);
    await pause();
    const rows = align(leftSpans, rightSpans);
    await pause();
    if (number === requested) showBoth(left, right, rows);
  } catch (error) {
    if (number === requested) by("compare-note").textContent = error.status === 404 ? "The history does not have both runs, or no longer." : error.message;
  }
}

/** `onLeave` is called when the user leaves the comparison by the keyboard. */
export function start(onLeave) {
  leave = onLeave;
  const escape = () => (by("compare-pane").hidden ? leave() : close());
  list = new RowList({ id: "compare-spans", role: "listbox", label: "Spans of both runs", draw, onOpen: open, onKey: (key) => key === "Escape" && (escape(), true) });
  const pane = h("article", { id: "compare-pane", class: "card span-pane", "aria-label": "Both spans", hidden: true }, h("button", { class: "icon close", type: "button", "aria-label": "Close the spans", onclick: close }, "✕"), h("div", { id: "compare-pane-content" }));
  pane.addEventListener("keydown", (key) => key.key === "Escape" && (close(), key.stopPropagation()));
  const head = h("div", { class: "compare-row head", "aria-hidden": "true" }, ["Span", "Left", "Right", "Difference", ""].map((text) => h("span", {}, text)));
  by("run-compare").append(
    h("article", { class: "card run-head", "aria-labelledby": "compare-heading" }, h("header", { class: "bar" }, h("a", { id: "compare-back", class: "back" }, "‹ The run"), h("h2", { id: "compare-heading" }, "Two runs")), h("div", { id: "compare-runs", class: "compare-sides" }), h("p", { id: "compare-note", class: "note", role: "status" })),
    h("div", { id: "compare-content", class: "compare-content", hidden: true }, h("article", { class: "card", "aria-label": "Spans" }, head, list.element), pane),
  );
}
