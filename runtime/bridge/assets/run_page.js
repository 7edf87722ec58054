// One run: its head, the waterfall with agents as lanes, and a pane with the chosen span.

import { by, h } from "./dom.js";
import { read } from "./history_api.js";
import * as laneRows from "./lane_rows.js";
import { lanes, parents, range } from "./lanes.js";
import { pause } from "./pause.js";
import { RowList } from "./row_list.js";
import * as runHead from "./run_head.js";
import { load } from "./run_loading.js";
import * as places from "./run_location.js";
import * as spanPane from "./span_pane.js";
import * as views from "./views.js";

const INTERVAL_MS = 2000;

let place = {};
let shown; // {run, lanes, axis, closed, above, health}
let list;
let requested = 0;
let leave = () => {};

const isShown = () => views.current() === "runs" && place.run && !place.other;
const stateOf = ({ list: spans, duration_ms, status, errors }) => [spans.length, duration_ms, status, errors].join(" ");

function drawList() {
  list.set(laneRows.rows(shown.lanes, shown.closed));
}

function drawPane() {
  const span = place.span && shown.run.list.find((each) => each.span_id === place.span);
  by("span-pane").hidden = !span;
  by("run-split").dataset.pane = Boolean(span);
  by("span-pane").dataset.span = span?.span_id ?? "";
  const context = { ...shown, start: shown.axis.start, parentOf: (each) => shown.above.get(each.span_id) };
  by("span-pane-content").replaceChildren(...(span ? spanPane.content(span, context) : []));
}

function choose(span, focusPane) {
  place = { ...place, span };
  places.replace(place);
  drawPane();
  list.redraw();
  if (focusPane) by("span-title")?.focus({ preventScroll: true });
  if (span && matchMedia("(max-width: 60rem)").matches) by("span-pane").scrollIntoView({ block: "start" });
}

function close() {
  const { span } = place;
  choose(undefined);
  list.element.focus();
  if (span) list.activate(span);
}

function toggle(lane) {
  if (!shown.closed.delete(lane)) shown.closed.add(lane);
  drawList();
}

const open = (row) => (row.span ? choose(row.span.span_id, true) : toggle(row.lane.name));

/** Left and right fold and unfold the lane; Escape leaves the pane, then the run. */
function press(key, row) {
  if (key === "Escape") {
    if (place.span) close();
    else leave();
    return true;
  }
  if (!row || !["ArrowLeft", "ArrowRight"].includes(key)) return false;
  if (row.span && key === "ArrowLeft") list.activate(`lane ${row.lane.name}`);
  else if (!row.span && row.isOpen === (key === "ArrowLeft")) toggle(row.lane.name);
  return true;
}

function showRun(run, above, health) {
  const isSame = shown?.run.id === run.id;
  if (isSame && stateOf(shown.run) === stateOf(run)) return;
  const closed = isSame ? shown.closed : new Set();
  shown = { run, lanes: lanes(run.list, above), axis: range(run.list), above, closed, health };
  by("run-note").hidden = true;
  by("run-content").hidden = false;
  const isTitleFocused = document.activeElement?.id === "run-title";
  if (!by("run-head").contains(document.activeElement) || isTitleFocused || !isSame) by("run-head").replaceChildren(...runHead.content(run, place.filters));
  if (isTitleFocused) by("run-title").focus();
  by("run-scale").replaceChildren(laneRows.scale(shown.axis));
  drawList();
  if (by("span-pane").dataset.span !== (place.span ?? "") || !isSame) drawPane();
  if (isSame) return;
  list.activate(place.span ?? list.rows[0]?.key);
  list.element.focus({ preventScroll: true });
}

function showNote(text) {
  shown = undefined;
  by("run-content").hidden = true;
  by("run-note").hidden = false;
  by("run-note").textContent = text;
}

async function refresh() {
  const number = ++requested;
  const { run: id } = place;
  try {
    const [run, health] = await Promise.all([load(id), read("api/history").catch(() => undefined)]);
    if (number !== requested) return;
    const above = parents(run.list);
    await pause();
    if (number === requested && isShown()) showRun(run, above, health);
  } catch (error) {
    if (number === requested && error.status) showNote(error.status === 404 ? "The history does not have this run, or no longer." : error.message);
  }
}

/** Shows a run, as the address says. */
export function show(next) {
  const isSame = shown && place.run === next.run;
  const hasOtherSpan = place.span !== next.span;
  place = next;
  if (!isSame) showNote("Loading…");
  else if (hasOtherSpan) choose(next.span);
  return refresh();
}

function skeleton() {
  list = new RowList({ id: "run-spans", role: "tree", label: "Agents and their spans", draw: (row) => laneRows.draw(row, { axis: shown.axis, lanes: shown.lanes, chosen: place.span }), onOpen: open, onKey: press });
  const closeButton = h("button", { class: "icon close", type: "button", "aria-label": "Close the span", onclick: close }, "✕");
  const pane = h("article", { id: "span-pane", class: "card span-pane", "aria-label": "Span", hidden: true }, closeButton, h("div", { id: "span-pane-content" }));
  pane.addEventListener("keydown", (key) => key.key === "Escape" && (close(), key.stopPropagation()));
  return [
    h("p", { id: "run-note", class: "empty", role: "status" }),
    h(
      "div",
      { id: "run-content", hidden: true },
      h("article", { id: "run-head", class: "card run-head", "aria-labelledby": "run-title" }),
      h("div", { id: "run-split", class: "run-split" }, h("article", { class: "card run-lanes", "aria-label": "Waterfall" }, h("div", { id: "run-scale" }), list.element), pane),
    ),
  ];
}

/** `onLeave` is called when the user leaves the run by the keyboard. */
export function start(onLeave) {
  leave = onLeave;
  by("run-page").append(...skeleton());
  setInterval(() => !document.hidden && isShown() && shown?.run.status === "running" && refresh(), INTERVAL_MS);
}
