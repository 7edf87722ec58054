// Data that the page requests: agents, flows, metrics, tools, the runtime itself. Requested every two seconds while the page is visible, and
// at once when an agent registers or is unregistered.

import * as live from "./live.js";
import * as session from "./session.js";

const INTERVAL_MS = 2000;
const STREAM_DELAY_MS = 300; // an agent registers first and then opens its stream
const PATHS = {
  topology: "api/topology?away=true",
  flow: "api/flow",
  metrics: "api/metrics",
  history: "api/metrics/history",
  tools: "api/tools",
  runtime: "api/runtime",
};

const listeners = [];
let isRequesting = false;
let isOutdated = false;
let delayed;

/** Calls the listener with {topology, flow, metrics, history, tools, runtime} after every request. */
export const subscribe = (listener) => listeners.push(listener);

/** The JSON at a path of the server. */
export const request = async (path) => (await session.request(path)).json();

/** Requests the data, and once more if it is called meanwhile. */
export async function refresh() {
  if (session.isRequired()) return;
  if (isRequesting) {
    isOutdated = true;
    return;
  }
  isRequesting = true;
  isOutdated = false;
  try {
    const entries = Object.entries(PATHS).map(async ([name, path]) => [name, await request(path)]);
    const data = Object.fromEntries(await Promise.all(entries));
    for (const listener of listeners) {
      listener(data);
      // A task of its own for each: with much data, none of them may keep the page from answering.
      await new Promise((resolve) => setTimeout(resolve));
    }
  } catch {
    // The state of the event stream shows that the server is unreachable; the next interval tries again.
  } finally {
    isRequesting = false;
    if (isOutdated) setTimeout(refresh, 150);
  }
}

export function start() {
  live.on("event", (event) => {
    if (!event.event_type.startsWith("agent_")) return;
    refresh();
    clearTimeout(delayed);
    delayed = setTimeout(refresh, STREAM_DELAY_MS);
  });
  live.on("state", (state) => state === "live" && refresh());
  session.on("opened", refresh);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  setInterval(() => document.hidden || refresh(), INTERVAL_MS);
  refresh();
}
