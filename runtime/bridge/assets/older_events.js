// Events of the past, from the history: a page at a time, below those of this page.

import { rowOf } from "./event_rows.js";
import * as polling from "./polling.js";

const PAGE = 100;
const MOST = 2000; // rows of the past in the list

/** The events before those that this page has seen. */
export class OlderEvents {
  #next;
  #until;
  #begun = false;
  rows = [];

  /** Whether there may be more. */
  get hasMore() {
    return this.rows.length < MOST && (!this.#begun || this.#next !== null);
  }

  clear() {
    this.#begun = false;
    this.#next = undefined;
    this.rows = [];
  }

  /** Loads one page: rows that are older than the last one of `shown`, and not among them. Returns them. */
  async load(shown) {
    if (!this.#begun) this.#until = shown.length ? Date.parse(shown.at(-1).event.timestamp) : Date.now();
    const place = this.#begun ? `&before=${this.#next}` : "";
    const { events, next } = await polling.request(`api/events?limit=${PAGE}&until=${this.#until}${place}`);
    const known = new Set([...shown, ...this.rows].map((row) => row.key));
    const fresh = events.map(rowOf).filter((row) => !known.has(row.key));
    this.#begun = true;
    this.#next = next;
    this.rows.push(...fresh);
    return fresh;
  }
}
