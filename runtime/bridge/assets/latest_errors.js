// The latest failures. Each leads to its run.

import { by, h } from "./dom.js";
import { ago, clock } from "./format.js";

let shown = "";

function row({ run, timestamp, name, agent, topic, tool, model, error }) {
  const subject = tool ?? model ?? topic ?? name;
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#runs/${run}` },
      h("time", { title: clock(timestamp, true) }, ago(Date.parse(timestamp))),
      h("span", { class: "topic" }, subject),
      h("span", { class: "agent" }, agent ?? ""),
      h("span", { class: "error" }, error ?? "failed"),
    ),
  );
}

/** Shows failed spans; `isKnown` says whether there is a history that has them. */
export function show(errors, isKnown) {
  by("no-errors").hidden = errors.length > 0;
  by("no-errors").textContent = isKnown ? "No error in this range." : "Errors need the history, which is off.";
  const now = JSON.stringify([errors, Math.floor(Date.now() / 10_000)]);
  if (now === shown) return;
  shown = now;
  by("errors").replaceChildren(...errors.slice(0, 10).map(row));
}
