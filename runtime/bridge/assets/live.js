// Events that the server sends, and the state of the connection. One stream serves all tabs of the browser, in a shared
// worker; where there are none, a stream of this tab, which is closed while the tab is hidden.

import { by } from "./dom.js";
import { Feed } from "./feed.js";
import { at } from "./paths.js";
import * as session from "./session.js";

const GREETING_MS = 1000;
const TEXTS = { waiting: "connecting…", live: "live", lost: "the runtime does not answer; retrying…", login: "not logged in" };

const listeners = { event: [], spans: [], missed: [], state: [] };
let state = "waiting";
let open = () => {};

/** Calls the listener for `event`, `spans`, `missed` or `state`. */
export const on = (kind, listener) => listeners[kind].push(listener);
const emit = (kind, value) => listeners[kind].forEach((listener) => listener(value));

function onState(next) {
  if (next === "login") session.refused();
  if (next === state) return;
  state = next;
  by("link").textContent = TEXTS[state];
  by("link").dataset.state = state;
  emit("state", state);
}

function onEvents(events) {
  for (const [name, data] of events) {
    if (name === "message") emit("event", data);
    else if (name === "spans") emit("spans", data);
    else if (name === "lagged") emit("missed", data.missed);
  }
}

/** Uses the stream of the worker; resolves once it has answered, as it may have the session of another tab. */
function share() {
  const worker = new SharedWorker(at("static/worker.js"), { type: "module", name: "loom" });
  const { port } = worker;
  open = () => port.postMessage({ session: session.current() });
  addEventListener("pagehide", () => port.postMessage({ bye: true }));
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  return new Promise((resolve) => {
    port.onmessage = ({ data }) => {
      if (data.events) {
        onEvents(data.events);
        port.postMessage({ done: true });
        return;
      }
      session.take(data.session);
      onState(data.state);
      resolve();
    };
    worker.onerror = () => {
      own();
      open();
      resolve();
    };
    setTimeout(resolve, GREETING_MS);
  });
}

/** Uses a stream of this tab. */
function own() {
  const feed = new Feed({ onState, onEvents });
  open = () => (document.hidden ? feed.close() : feed.open(session.current()));
  document.addEventListener("visibilitychange", () => open());
}

/** Connects. Resolves once the session, if another tab has one, is known. */
export async function connect() {
  let answered;
  try {
    answered = share();
  } catch {
    own(); // The browser has no shared workers, or allows none.
  }
  session.on("opened", (isOwn) => isOwn && open());
  open();
  await answered;
}
