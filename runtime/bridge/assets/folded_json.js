// JSON that can be folded. What is folded is not in the page before it is opened.

import { h } from "./dom.js";

const OPEN_LEVELS = 2;
const OPEN_ENTRIES = 12; // more are folded at first
const GROUP = 100; // entries that are shown at once
const LONG_TEXT = 2000;

const brief = (value) => {
  if (Array.isArray(value)) return `[${value.length}]`;
  return `{${Object.keys(value).length}}`;
};

function scalar(value) {
  const type = value === null ? "null" : typeof value;
  const text = type === "string" ? JSON.stringify(value) : String(value);
  if (text.length <= LONG_TEXT) return h("span", { class: `json-${type}` }, text);
  const open = () => [h("span", { class: `json-${type}` }, text)];
  return folded(h("span", { class: `json-${type}` }, `${text.slice(0, 120)}…`, h("span", { class: "muted" }, ` ${text.length} characters`)), open, false);
}

/** A details element that makes its content when it is first opened. */
function folded(summary, content, isOpen) {
  const element = h("details", {}, h("summary", {}, ...[summary].flat()));
  const fill = () => element.childElementCount === 1 && element.append(h("div", { class: "json-children" }, content()));
  if (isOpen) {
    fill();
    element.open = true;
  }
  element.addEventListener("toggle", () => element.open && fill());
  return element;
}

function entries(all, level) {
  if (all.length <= GROUP) return all.map(([key, value]) => entry(key, value, level));
  const groups = [];
  for (let at = 0; at < all.length; at += GROUP) {
    const some = all.slice(at, at + GROUP);
    groups.push(folded(h("span", { class: "muted" }, `${at} … ${at + some.length - 1}`), () => entries(some, level), false));
  }
  return groups;
}

function entry(key, value, level) {
  const name = key === undefined ? null : h("span", { class: "json-key" }, `${key}: `);
  if (value === null || typeof value !== "object") return h("div", { class: "json-entry" }, name, scalar(value));
  const all = Array.isArray(value) ? value.map((each, at) => [at, each]) : Object.entries(value);
  const isOpen = level < OPEN_LEVELS && all.length <= OPEN_ENTRIES;
  if (!all.length) return h("div", { class: "json-entry" }, name, h("span", { class: "muted" }, Array.isArray(value) ? "[]" : "{}"));
  return folded([name, h("span", { class: "muted" }, brief(value))], () => entries(all, level + 1), isOpen);
}

/** The element of a JSON value. */
export function foldedJson(value) {
  return h("div", { class: "json", translate: "no" }, entry(undefined, value, 0));
}
