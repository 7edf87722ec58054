// The filters of the list of runs: a form, what the address says, and the parameters of a request.

import { by, h } from "./dom.js";

const TYPING_MS = 300;
const STATUSES = [["", "Any status"], ["running", "Running"], ["ok", "OK"], ["failed", "Failed"], ["partial", "Partial"]];
const RANGES = [["", "Any time"], ["15m", "Last 15 minutes"], ["1h", "Last hour"], ["24h", "Last 24 hours"], ["7d", "Last 7 days"]];
const REGISTRATIONS = [["", "Hidden"], ["true", "Shown"]];
const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const FIELDS = [
  { name: "q", label: "Search", type: "search", placeholder: "Words, an error, an id", first: true },
  { name: "status", label: "Status", options: STATUSES, first: true },
  { name: "last", label: "Range", options: RANGES, first: true },
  { name: "agent", label: "Agent", placeholder: "name or name*" },
  { name: "topic", label: "Topic", placeholder: "topic or topic.*" },
  { name: "tool", label: "Tool", placeholder: "tool or tool*" },
  { name: "model", label: "Model", placeholder: "model or model*" },
  { name: "conversation", label: "Conversation", placeholder: "thread id" },
  { name: "min_ms", label: "At least (ms)", type: "number" },
  { name: "max_ms", label: "At most (ms)", type: "number" },
  { name: "since", label: "Since", type: "datetime-local" },
  { name: "until", label: "Until", type: "datetime-local" },
  { name: "registrations", label: "Registrations", options: REGISTRATIONS },
];

const id = (name) => `run-filter-${name}`;
const isTime = ({ type }) => type === "datetime-local";

/** A time of the address as the value of a field, in local time. */
function localTime(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return "";
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function control({ name, type, options, placeholder }) {
  if (options) return h("select", { id: id(name), name }, options.map(([value, text]) => h("option", { value }, text)));
  const numeric = type === "number" ? { min: 0, step: 1, inputmode: "numeric" } : {};
  const time = type === "datetime-local" ? { step: 1 } : {};
  return h("input", { id: id(name), name, type: type ?? "text", placeholder, autocomplete: "off", spellcheck: "false", ...numeric, ...time });
}

const field = (each) => h("label", { class: `field field-${each.name}`, for: id(each.name) }, h("span", {}, each.label), control(each));

/** Shows these filters, except in the field that has the focus. */
export function show(filters) {
  for (const each of FIELDS) {
    const input = by(id(each.name));
    const value = filters[each.name] ?? "";
    // An address may name a choice that there is not.
    const known = !each.options || each.options.some(([choice]) => choice === value);
    const shown = isTime(each) && value ? localTime(value) : known ? value : "";
    if (input !== document.activeElement && input.value !== shown) input.value = shown;
  }
  const further = FIELDS.filter(({ name, first }) => !first && filters[name]).length;
  by("run-more-count").textContent = further ? ` (${further})` : "";
  if (further) by("run-more").open = true;
  by("run-filter-reset").hidden = !Object.keys(filters).length;
}

/** The filters that the form shows. */
export function read() {
  const entries = FIELDS.map((each) => {
    const value = by(id(each.name)).value.trim();
    return [each.name, value && isTime(each) ? new Date(value).toISOString() : value];
  });
  return Object.fromEntries(entries.filter(([, value]) => value));
}

/** The parameters of a request for runs with these filters. */
export function parameters({ last, ...filters }) {
  const query = new URLSearchParams(filters);
  const [, number, unit] = /^(\d{1,4})([mhd])$/.exec(last ?? "") ?? [];
  if (number && !filters.since) query.set("since", String(Date.now() - number * UNITS_MS[unit]));
  return query;
}

/** Fills the form; calls the listener after every change of it. */
export function start(form, onChange) {
  const more = h("details", { id: "run-more", class: "more-filters" }, h("summary", {}, "More filters", h("span", { id: "run-more-count" })));
  more.append(h("div", { class: "fields" }, FIELDS.filter(({ first }) => !first).map(field)));
  const reset = h("button", { id: "run-filter-reset", type: "reset", hidden: true }, "Reset");
  form.append(h("div", { class: "fields first" }, FIELDS.filter(({ first }) => first).map(field), reset), more);
  let typing;
  const later = (delay) => {
    clearTimeout(typing);
    typing = setTimeout(onChange, delay);
  };
  form.addEventListener("input", () => later(TYPING_MS));
  form.addEventListener("reset", () => later(0));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    later(0);
  });
}
