// Keyboard shortcuts, and the list of them. They are inactive while the focus is in a text field.

import { by, h } from "./dom.js";
import * as drawer from "./drawer.js";
import * as events from "./events.js";
import * as runs from "./runs.js";
import * as theme from "./theme.js";
import * as traces from "./traces.js";
import * as views from "./views.js";

const SHORTCUTS = [
  [["1", "2", "3", "4", "5", "6"], "Overview, runs, events, tools, traces, metrics"],
  [["/"], "Filter"],
  [["p"], "Pause or resume"],
  [["c"], "Clear the events"],
  [["↑", "↓"], "Move through a list"],
  [["Enter"], "Open the selected item"],
  [["Esc"], "Close the details"],
  [["t"], "Light or dark"],
  [["?"], "This list"],
];

const toggleHelp = () => (by("keys").open ? by("keys").close() : by("keys").showModal());

const FILTERS = { overview: "graph-filter", tools: "tool-filter", traces: "trace-filter" };

function focusFilter() {
  if (views.current() === "runs") return runs.focusSearch();
  const own = FILTERS[views.current()];
  if (own) return by(own).focus();
  if (views.current() !== "events") views.go("events");
  by("filter").focus();
}

const ACTIONS = {
  "/": focusFilter,
  "?": toggleHelp,
  p: () => (views.current() === "traces" ? traces.pause() : events.pause()),
  c: () => events.clear(),
  t: theme.next,
};

/** Moves the focus within the list that has it. */
function move(key, step) {
  const rows = [...(key.target.closest("ol, .waterfall, .graph .column ul")?.querySelectorAll("button") ?? [])];
  const next = rows[rows.indexOf(key.target) + step];
  if (!rows.includes(key.target) || !next) return;
  key.preventDefault();
  next.focus();
}

function press(key) {
  if (key.ctrlKey || key.metaKey || key.altKey) return;
  const typing = key.target.matches("input, textarea, select");
  if (key.key === "Escape") {
    if (typing) key.target.blur();
    else drawer.close();
    return;
  }
  if (typing || (by("keys").open && key.key !== "?")) return;
  if (key.key === "ArrowDown") return move(key, 1);
  if (key.key === "ArrowUp") return move(key, -1);
  const view = /^[1-6]$/.test(key.key) && views.number(Number(key.key));
  if (!view && !ACTIONS[key.key]) return;
  key.preventDefault();
  if (view) views.go(view);
  else ACTIONS[key.key]();
}

export function start() {
  by("keys-list").append(
    ...SHORTCUTS.flatMap(([keys, description]) => [h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, description)]),
  );
  by("help").addEventListener("click", toggleHelp);
  by("keys-close").addEventListener("click", toggleHelp);
  by("keys").addEventListener("click", (click) => click.target === by("keys") && toggleHelp());
  addEventListener("keydown", press);
}
