// The one stream of events and spans, read by fetch: an EventSource sends no header. Reconnects until it is closed.

import { at } from "./paths.js";

const TIMEOUT_MS = 25_000; // the server sends a ping every ten seconds
const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 10_000;

/** Splits server-sent events; returns {push(text)}, which returns the complete events as [name, data]. */
function parser() {
  let rest = "";
  let name = "message";
  let data = [];
  return {
    push(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      const events = [];
      for (const line of lines) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data.push(line.slice(6));
        else if (line === "" && data.length) {
          events.push([name, JSON.parse(data.join("\n"))]);
          [name, data] = ["message", []];
        }
      }
      return events;
    },
  };
}

/** Keeps one stream open. `onState` gets `live`, `lost` or `login`; `onEvents` lists of [name, data]. */
export class Feed {
  #onState;
  #onEvents;
  #session;
  #stop;
  #retry;
  #pause = MIN_PAUSE_MS;

  constructor({ onState, onEvents }) {
    this.#onState = onState;
    this.#onEvents = onEvents;
  }

  get isOpen() {
    return Boolean(this.#stop || this.#retry);
  }

  /** Opens the stream with a session, or without one. */
  open(session) {
    this.close();
    this.#session = session;
    this.#pause = MIN_PAUSE_MS;
    this.#connect();
  }

  close() {
    clearTimeout(this.#retry);
    this.#stop?.abort();
    this.#retry = this.#stop = undefined;
  }

  async #connect() {
    const stop = new AbortController();
    this.#retry = undefined;
    this.#stop = stop;
    let isRefused = false;
    try {
      isRefused = (await this.#read(stop)) === 401;
    } catch {
      // The connection was lost, was silent for too long, or was closed by us.
    }
    if (this.#stop !== stop) return;
    this.#stop = undefined;
    stop.abort();
    this.#onState(isRefused ? "login" : "lost");
    if (isRefused) return;
    this.#retry = setTimeout(() => this.#connect(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, MAX_PAUSE_MS);
  }

  /** Reads the stream to its end. Returns the status of the response. */
  async #read(stop) {
    let watchdog = setTimeout(() => stop.abort(), TIMEOUT_MS);
    try {
      const headers = this.#session ? { authorization: `Bearer ${this.#session}` } : {};
      const response = await fetch(at("api/stream"), { headers, signal: stop.signal, cache: "no-store" });
      if (!response.ok) return response.status;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const events = parser();
      for (;;) {
        const { value, done } = await reader.read();
        if (done || this.#stop !== stop) return response.status;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => stop.abort(), TIMEOUT_MS);
        this.#pause = MIN_PAUSE_MS;
        this.#onState("live");
        const received = events.push(value).filter(([name]) => name !== "ping");
        if (received.length) this.#onEvents(received);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }
}
