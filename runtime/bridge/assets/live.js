// What the runtime tells by itself, and whether it still does. The browser reconnects; where it gives up, we do.

import { by } from "./dom.js";

const PATIENCE_MS = 25_000; // it pings every ten seconds

const listeners = { event: [], spans: [], missed: [], state: [] };
let state = "waiting";

export const on = (what, listener) => listeners[what].push(listener);
const tell = (what, told) => listeners[what].forEach((listener) => listener(told));

function become(next, text) {
  by("link").textContent = text;
  if (next === state) return;
  state = next;
  by("link").dataset.state = next;
  tell("state", next);
}

function listen(path, names, onAlive) {
  let wait = 1000;
  let source, watchdog;
  const alive = () => {
    wait = 1000;
    clearTimeout(watchdog);
    watchdog = setTimeout(again, PATIENCE_MS);
    onAlive?.(true);
  };
  const again = () => {
    source.close();
    clearTimeout(watchdog);
    onAlive?.(false);
    setTimeout(open, wait);
    wait = Math.min(wait * 2, 10_000);
  };
  function open() {
    source = new EventSource(path);
    for (const [name, heard] of Object.entries(names)) {
      source.addEventListener(name, (told) => {
        alive();
        heard?.(JSON.parse(told.data));
      });
    }
    source.addEventListener("error", () => {
      onAlive?.(false);
      if (source.readyState === EventSource.CLOSED) again();
    });
  }
  open();
}

export function start() {
  const onAlive = (alive) => {
    if (alive) become("live", "live");
    else become("lost", "the runtime does not answer; trying again…");
  };
  listen(
    "/api/events/stream",
    { ping: null, lagged: (told) => tell("missed", told.missed), message: (event) => tell("event", event) },
    onAlive,
  );
  listen("/api/spans/stream", { ping: null, lagged: null, spans: (spans) => tell("spans", spans) });
}
