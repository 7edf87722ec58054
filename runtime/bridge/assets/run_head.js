// The head of a run's page: what it was and how it went, and where one can go from it.

import { by, h } from "./dom.js";
import { count, duration, figure } from "./format.js";
import { read } from "./history_api.js";
import { costOf, status } from "./run_columns.js";
import * as places from "./run_location.js";
import { day } from "./when.js";

const MOST_CHOICES = 50;

/** Figures in one line: [label, value]; those without a value are left out. */
export function figures(pairs) {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return h("dl", { class: "run-figures" }, shown.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
}

/** The figures of a run. */
export const ofRun = (run) =>
  figures([
    ["Status", status(run)],
    ["Start", day(run.started_at)],
    ["Duration", duration(run.duration_ms)],
    ["Events", figure(run.events)],
    ["Spans", figure(run.spans)],
    ["Errors", run.errors ? h("span", { class: "error" }, figure(run.errors)) : ""],
    ["Tokens", run.tokens ? `${figure(run.tokens)} (${figure(run.input_tokens)} in, ${figure(run.output_tokens)} out)` : ""],
    ["Cost", run.cost === null ? "" : costOf(run)],
    ["Conversation", run.conversation && h("a", { href: places.fragment({ filters: { conversation: run.conversation } }) }, run.conversation)],
  ]);

/** What is missing of a run, as sentences. */
function warnings(run) {
  return [
    run.is_secret ? "Marked secret: no contents are kept." : "",
    run.is_cut ? "Cut at 10,000 spans or one hour." : "",
    run.further_spans ? `${count(run.further_spans, "further span")} not shown.` : "",
    run.status === "partial" ? "Partial: not all of it was kept." : "",
  ].filter(Boolean);
}

/** Saves the events that the run began with as a file, for a replay. */
async function saveExport(id) {
  by("run-export-error").textContent = "";
  try {
    const text = JSON.stringify(await read(`api/runs/${id}/export`), null, 2);
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    h("a", { href: url, download: `run-${id.slice(0, 12)}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    by("run-export-error").textContent = error.message;
  }
}

/** The choice of a run to compare with: of those with the same beginning first. */
function comparison(run) {
  const select = h("select", { id: "run-compare-with", "aria-label": "Compare with another run" }, h("option", { value: "" }, "Compare with…"));
  const option = (other) => h("option", { value: other.id }, `${other.trigger ?? "no name"} · ${day(other.started_at)} · ${duration(other.duration_ms)} · ${other.status}`);
  const fill = async () => {
    select.removeEventListener("pointerdown", fill);
    select.removeEventListener("focus", fill);
    const { runs } = await read(`api/runs?limit=${MOST_CHOICES}`).catch(() => ({ runs: [] }));
    const others = runs.filter(({ id }) => id !== run.id);
    const isAlike = (other) => other.trigger === run.trigger;
    for (const [label, some] of [["The same beginning", others.filter(isAlike)], ["Others", others.filter((each) => !isAlike(each))]]) {
      if (some.length) select.append(h("optgroup", { label }, some.map(option)));
    }
  };
  select.addEventListener("pointerdown", fill);
  select.addEventListener("focus", fill);
  select.addEventListener("change", () => {
    if (select.value) location.hash = places.fragment({ run: run.id, other: select.value });
  });
  return select;
}

/** The head of the page of a run; `filters` are those of the list that it was opened from. */
export function content(run, filters) {
  return [
    h(
      "header",
      { class: "bar" },
      h("a", { class: "back", href: places.fragment({ filters }) }, "‹ All runs"),
      h("h2", { id: "run-title", tabindex: "-1" }, run.trigger ?? "no name"),
      comparison(run),
      h("a", { class: "button", href: `#traces/${run.id}` }, "Trace"),
      h("button", { type: "button", onclick: () => saveExport(run.id) }, "Export"),
    ),
    h("p", { id: "run-export-error", class: "error", role: "alert" }),
    ofRun(run),
    h("p", { class: "run-id" }, "Run ", h("code", { class: "id" }, run.id)),
    run.error ? h("p", { class: "error head-error" }, run.error) : null,
    warnings(run).map((text) => h("p", { class: "omission" }, text)),
  ]
    .flat()
    .filter(Boolean);
}
