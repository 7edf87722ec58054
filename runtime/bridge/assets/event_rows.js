// From what happened to rows: a publishing and its deliveries are one row, and so are a call and its outcome. Pure, bounded.

/** The rows of the latest events. */
export class EventRows {
  #most;
  #rows = []; // newest first
  #open = new Map(); // key -> the latest row with it

  constructor(most) {
    this.#most = most;
  }

  /** All rows, newest first. */
  get all() {
    return this.#rows;
  }

  clear() {
    this.#rows = [];
    this.#open.clear();
  }

  /** Takes an event of the stream. Returns {row, isNew}. */
  add(event) {
    const key = keyOf(event);
    if (event.event_type === "event_delivered") {
      const known = this.#open.get(key);
      if (known) return { row: deliver(known, event), isNew: false };
    }
    const row = deliver(rowOf(event), event);
    this.#open.set(key, row);
    this.#rows.unshift(row);
    if (this.#rows.length > this.#most) this.#drop(this.#rows.pop());
    return { row, isNew: true };
  }

  /** Takes a finished span. Returns the row of its call, with the outcome. */
  finish(span) {
    if (span.name !== "tool.call") return undefined;
    const row = this.#open.get(`call|${span.attributes.call_id}|${span.attributes.tool}`);
    if (!row) return undefined;
    row.outcome = span.status === "error" ? "failed" : "ok";
    row.error = span.error_message;
    row.duration = span.duration / 1e6;
    row.run = span.trace_id;
    return row;
  }

  #drop(row) {
    if (this.#open.get(row.key) === row) this.#open.delete(row.key);
  }
}

const keyOf = (event) => (event.event_type === "tool_invoked" ? `call|${event.event_id}|${event.topic}` : `${event.event_id}|${event.topic}|${event.sender ?? ""}`);

/** The row of an event, of the stream or of the history. */
export function rowOf(event) {
  return {
    key: keyOf(event),
    event,
    kind: event.event_type === "tool_invoked" ? "call" : event.event_type.startsWith("agent_") ? "agent" : "event",
    receivers: [...(event.receivers ?? [])],
    deliveries: event.receivers?.length ?? 0,
    run: event.run,
    outcome: event.outcome ?? undefined,
    error: event.error ?? undefined,
    duration: event.duration_ms ?? undefined,
  };
}

const MOST_RECEIVERS = 100; // that a row names

function deliver(row, event) {
  if (event.event_type !== "event_delivered") return row;
  row.deliveries += 1;
  if (event.receiver && row.receivers.length < MOST_RECEIVERS && !row.receivers.includes(event.receiver)) row.receivers.push(event.receiver);
  return row;
}
