// The runs: what followed from each event or call, newest first, filtered, live, and paged into the past.

import { by, h } from "./dom.js";
import { count } from "./format.js";
import { read } from "./history_api.js";
import * as historyNote from "./history_note.js";
import * as live from "./live.js";
import { columns } from "./run_columns.js";
import * as runCompare from "./run_compare.js";
import * as filterForm from "./run_filters.js";
import * as places from "./run_location.js";
import * as runPage from "./run_page.js";
import * as session from "./session.js";
import { put, table } from "./table.js";
import * as views from "./views.js";

const INTERVAL_MS = 2000;
const PAGE = 50;

let place = { filters: {} };
let newest = 0; // the number of the latest request: answers of earlier ones are late
let isRequesting = false;

const isListShown = () => views.current() === "runs" && !place.run;
const address = (run) => places.fragment({ run: run.id, filters: place.filters });

function showPages(next) {
  const link = (text, cursor) => h("a", { href: places.fragment({ filters: place.filters, cursor }), "data-key": text }, text);
  const links = [place.cursor && link("Newest", undefined), next && link("Older", next)].filter(Boolean);
  by("runs-pages").hidden = !links.length;
  const focused = by("runs-pages").contains(document.activeElement) && document.activeElement.dataset.key;
  by("runs-pages").replaceChildren(...links);
  if (focused) links.find((each) => each.dataset.key === focused)?.focus();
}

const isFiltered = () => Object.keys(place.filters).length > 0;

function show({ runs, next }) {
  const failed = runs.filter((run) => run.errors > 0).length;
  by("runs-count").textContent = runs.length ? `${count(runs.length, "run")}${next ? " of more" : ""}${failed ? `, ${failed} with errors` : ""}` : "";
  by("no-runs").hidden = runs.length > 0;
  by("no-runs").textContent = isFiltered() || place.cursor ? "No run matches." : "No run yet. A run begins with an event or a call of a tool.";
  put(by("runs-table"), runs.length ? table("Runs, newest first", columns(runs, address), runs) : null);
  showPages(next);
}

function showError(error) {
  put(by("runs-table"), null);
  showPages(undefined);
  by("runs-count").textContent = "";
  by("no-runs").hidden = false;
  by("no-runs").textContent = error.message;
}

async function load() {
  if (session.isRequired()) return;
  const number = ++newest;
  isRequesting = true;
  try {
    const query = filterForm.parameters(place.filters);
    query.set("limit", PAGE);
    if (place.cursor) query.set("cursor", place.cursor);
    const page = await read(`api/runs?${query}`);
    if (number === newest) show(page);
  } catch (error) {
    // Without an answer the header shows that the runtime is unreachable.
    if (number === newest && error.status) showError(error);
  } finally {
    if (number === newest) isRequesting = false;
  }
  if (number === newest) await historyNote.show();
}

function enter(rest, query) {
  place = places.read(rest, query);
  filterForm.show(place.filters);
  by("runs-list").hidden = Boolean(place.run);
  by("run-page").hidden = !place.run || Boolean(place.other);
  by("run-compare").hidden = !place.other;
  if (!place.run) return load();
  return place.other ? runCompare.show(place) : runPage.show(place);
}

function filter() {
  place = { filters: filterForm.read() };
  places.replace(place);
  filterForm.show(place.filters);
  load();
}

/** Moves through the runs by the arrows. */
function move(key) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
  const rows = [...by("runs-table").querySelectorAll(".open")];
  const next = rows[rows.indexOf(document.activeElement) + step];
  if (!step || !next || key.ctrlKey || key.altKey || key.metaKey) return;
  key.preventDefault();
  next.focus();
}

/** The list as it was, from a page below it. */
export const back = () => views.go(places.fragment({ filters: place.filters }));

/** Goes to the search field of the list. */
export function focusSearch() {
  if (place.run) back();
  by("run-filter-q").focus();
}

export function start() {
  filterForm.start(by("run-filters"), filter);
  historyNote.start(load);
  runPage.start(back);
  runCompare.start(back);
  by("runs-table").addEventListener("keydown", move);
  views.onEnter("runs", enter);
  live.on("state", (state) => state === "live" && isListShown() && load());
  session.on("opened", () => views.current() === "runs" && enter(...views.parts()));
  setInterval(() => {
    if (document.hidden || !isListShown() || place.cursor || isRequesting) return;
    load();
  }, INTERVAL_MS);
}
