// One view at a time, named in the address after #: `#events`, `#traces/<id>`.

import { by } from "./dom.js";

const NAMES = ["overview", "events", "tools", "traces", "metrics"];
const entered = {};
let shown;

/** Calls with the part after the slash whenever the view is entered. */
export const onEnter = (name, listener) => (entered[name] = listener);
export const current = () => shown;
export const number = (n) => NAMES[n - 1];

function show() {
  const [wanted, rest] = location.hash.slice(1).split("/", 2);
  const name = NAMES.includes(wanted) ? wanted : "overview";
  const changed = name !== shown;
  shown = name;
  for (const each of NAMES) by(`view-${each}`).hidden = each !== name;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = name === "overview" ? "Loom" : `${name[0].toUpperCase()}${name.slice(1)} · Loom`;
  if (changed) scrollTo(0, 0);
  entered[name]?.(rest);
}

/** Shows another view at once; the address follows. */
export function go(where) {
  location.hash = where;
  show();
}

export function start() {
  document.querySelector(".skip").addEventListener("click", (click) => {
    click.preventDefault();
    by("main").focus();
  });
  addEventListener("hashchange", show);
  show();
}
