// One view at a time, named by the fragment of the URL: `#events`, `#traces/<id>`, `#runs/<id>?span=<id>`.

import { by } from "./dom.js";

const NAMES = ["overview", "runs", "events", "tools", "traces", "metrics"];
const entered = {};
let shown;
let project;

/** Calls the listener whenever the view is entered, with the parts of the fragment after the first slash, and after `?`. */
export const onEnter = (name, listener) => (entered[name] ??= []).push(listener);
export const current = () => shown;
export const number = (n) => NAMES[n - 1];

/** The parts of the fragment after the first slash, and after `?`. */
export function parts() {
  const [path, query] = location.hash.slice(1).split(/\?(.*)/s);
  return [path.split("/").slice(1).join("/"), query];
}

function title() {
  const view = shown === "overview" ? undefined : `${shown[0].toUpperCase()}${shown.slice(1)}`;
  document.title = [view, project, "Loom"].filter(Boolean).join(" · ");
}

/** Names the project in the title of the page. */
export function setProject(name) {
  project = name;
  title();
}

function show() {
  const [requested] = location.hash.slice(1).split(/[/?]/, 1);
  const name = NAMES.includes(requested) ? requested : "overview";
  const changed = name !== shown;
  shown = name;
  for (const each of NAMES) by(`view-${each}`).hidden = each !== name;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  title();
  if (changed) scrollTo(0, 0);
  entered[name]?.forEach((listener) => listener(...parts()));
}

/** Changes to a view at once, and changes the URL. */
export function go(fragment) {
  location.hash = fragment;
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
