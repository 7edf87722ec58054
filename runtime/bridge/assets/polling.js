// What the runtime says when asked: who is there, what flows, how tools do. Asked for every few seconds while somebody
// looks, and at once when an agent comes or goes.

import * as live from "./live.js";

const EVERY_MS = 2000;
const SOON_MS = 300;
const PATHS = {
  topology: "/api/topology",
  flow: "/api/flow",
  metrics: "/api/metrics",
  history: "/api/metrics/history",
  tools: "/api/tools",
};

const listeners = [];
let asking = false;
let again = false;
let soon;

/** Calls with {topology, flow, metrics, history, tools} whenever they are fresh. */
export const watch = (listener) => listeners.push(listener);

export async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  again = false;
  try {
    const answers = await Promise.all(Object.entries(PATHS).map(async ([name, path]) => [name, await ask(path)]));
    const facts = Object.fromEntries(answers);
    listeners.forEach((listener) => listener(facts));
  } catch {
    // The event stream says that the runtime is gone; the next turn tries again.
  } finally {
    asking = false;
    if (again) setTimeout(refresh, 150);
  }
}

export function start() {
  live.on("event", (event) => {
    if (!event.event_type.startsWith("agent_")) return;
    refresh();
    // An agent registers first and opens its stream then.
    clearTimeout(soon);
    soon = setTimeout(refresh, SOON_MS);
  });
  live.on("state", (state) => state === "live" && refresh());
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  setInterval(() => document.hidden || refresh(), EVERY_MS);
  refresh();
}
