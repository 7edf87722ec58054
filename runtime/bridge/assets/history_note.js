// What the history says about itself, and its removal.

import { by } from "./dom.js";
import { bytes, count } from "./format.js";
import { read, remove } from "./history_api.js";
import { when } from "./when.js";

let listener = () => {};

const place = ({ path, fallback }) => {
  if (path) return `kept in ${path}`;
  return fallback ? `kept in memory, because: ${fallback}` : "kept in memory until the runtime ends";
};

/** The health of the history as sentences, the most important first. */
function sentences(health) {
  const lost = health.rows_missed + health.rows_failed;
  const oldest = health.oldest_ms ? ` · since ${when(health.oldest_ms)}` : "";
  return [
    `History: ${place(health)} · ${bytes(health.bytes)} of ${bytes(health.limit)}${oldest}`,
    health.path && health.fallback ? `it began anew, because: ${health.fallback}` : "",
    health.content ? "" : "contents are not kept (dashboard.content)",
    health.runs_left_out ? `${count(health.runs_left_out, "run")} left out, because too many rows came at once` : "",
    health.runs_promoted ? `${count(health.runs_promoted, "run")} of them kept in part, because something failed` : "",
    lost ? `${count(lost, "row")} lost` : "",
    health.bodies_missed ? `${count(health.bodies_missed, "content", "contents")} lost` : "",
    health.runs_evicted ? `${count(health.runs_evicted, "old run")} removed for room` : "",
    health.search_backlog ? `${count(health.search_backlog, "content", "contents")} not searchable yet` : "",
    health.error ? `the last error: ${health.error}` : "",
  ].filter(Boolean);
}

/** Requests and shows the state of the history. Resolves to it, or to undefined where it is off. */
export async function show() {
  try {
    const health = await read("api/history");
    const text = sentences(health).join(" · ");
    if (by("runs-history").textContent !== text) by("runs-history").textContent = text;
    by("runs-clear").disabled = false;
    return health;
  } catch (error) {
    by("runs-history").textContent = "";
    by("runs-clear").disabled = error.status === 404;
    return undefined;
  }
}

async function clear() {
  by("runs-clear-error").textContent = "";
  try {
    const { removed } = await remove("api/runs");
    by("runs-confirm").close();
    listener(removed);
  } catch (error) {
    by("runs-clear-error").textContent = error.message;
  }
}

/** Calls the listener with the number of removed runs, whenever the user has cleared the history. */
export function start(onCleared) {
  listener = onCleared;
  by("runs-clear").addEventListener("click", () => {
    by("runs-clear-error").textContent = "";
    by("runs-confirm").showModal();
  });
  by("runs-clear-no").addEventListener("click", () => by("runs-confirm").close());
  by("runs-clear-yes").addEventListener("click", clear);
}
