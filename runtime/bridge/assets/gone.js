// A runtime that no longer answers: the page greys, says since when, and is itself again when the runtime is back.

import { by } from "./dom.js";
import { clock, span } from "./format.js";
import * as live from "./live.js";

let since;

function text() {
  if (since) by("gone-for").textContent = `(${span(Date.now() - since)})`;
}

function onState(state) {
  if (state === "lost") since ??= Date.now();
  else if (state === "live") since = undefined;
  document.body.classList.toggle("is-gone", Boolean(since));
  by("gone").hidden = !since;
  by("gone-since").textContent = since ? `The runtime has not answered since ${clock(since)}.` : "";
  text();
}

export function start() {
  live.on("state", onState);
  setInterval(text, 1000);
}
