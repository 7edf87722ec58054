// Events that the server sends, and the state of the connection. The browser reconnects; where it gives up, this
// module does.

import { by } from "./dom.js";

const TIMEOUT_MS = 25_000; // the server sends a ping every ten seconds

const listeners = { event: [], spans: [], missed: [], state: [] };
let state = "waiting";

/** Calls the listener for `event`, `spans`, `missed` or `state`. */
export const on = (kind, listener) => listeners[kind].push(listener);
const emit = (kind, value) => listeners[kind].forEach((listener) => listener(value));

function setState(next, text) {
  by("link").textContent = text;
  if (next === state) return;
  state = next;
  by("link").dataset.state = next;
  emit("state", next);
}

function listen(path, handlers, onAlive) {
  let pause = 1000;
  let source, watchdog;
  const alive = () => {
    pause = 1000;
    clearTimeout(watchdog);
    watchdog = setTimeout(reconnect, TIMEOUT_MS);
    onAlive?.(true);
  };
  const reconnect = () => {
    source.close();
    clearTimeout(watchdog);
    onAlive?.(false);
    setTimeout(open, pause);
    pause = Math.min(pause * 2, 10_000);
  };
  function open() {
    source = new EventSource(path);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (message) => {
        alive();
        handle?.(JSON.parse(message.data));
      });
    }
    source.addEventListener("error", () => {
      onAlive?.(false);
      if (source.readyState === EventSource.CLOSED) reconnect();
    });
  }
  open();
}

export function start() {
  const onAlive = (alive) => {
    if (alive) setState("live", "live");
    else setState("lost", "the runtime does not answer; retrying…");
  };
  listen(
    "/api/events/stream",
    { ping: null, lagged: ({ missed }) => emit("missed", missed), message: (event) => emit("event", event) },
    onAlive,
  );
  listen("/api/spans/stream", { ping: null, lagged: null, spans: (spans) => emit("spans", spans) });
}
