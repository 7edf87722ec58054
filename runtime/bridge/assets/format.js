// Human-readable numbers, times and durations.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** `12,345`; with one decimal below ten; `1.2M` from 100,000 on. */
export function figure(value) {
  if (value === undefined || value === null) return "–";
  if (Math.abs(value) >= 100_000) return short.format(value);
  if (!Number.isInteger(value) && Math.abs(value) < 10) return value.toFixed(1);
  return whole.format(value);
}

/** `1 event`, `2 events`. */
export function count(number, one, many = `${one}s`) {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

/** Milliseconds as `400 µs`, `35 ms`, `1.20 s`, `2 min`. */
export function duration(ms) {
  if (ms === undefined || ms === null) return "–";
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${(ms / 60_000).toFixed(0)} min`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** The time of day, with milliseconds if `precise`. */
export function clock(at, precise = false) {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "–";
  const text = clockFormat.format(time);
  return precise ? `${text}.${String(time.getMilliseconds()).padStart(3, "0")}` : text;
}

/** A time in the past as `3 s ago`, `5 min ago`. */
export function ago(ms) {
  const seconds = Math.max(0, (Date.now() - ms) / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 90) return `${seconds.toFixed(0)} s ago`;
  if (seconds < 5400) return `${(seconds / 60).toFixed(0)} min ago`;
  return clock(ms);
}

/** An event type as words. */
export const words = (type) => type.replaceAll("_", " ");

/** What a span is about: the tool, topic, model or agent in its attributes. */
export const spanSubject = ({ attributes }) => attributes.tool ?? attributes.topic ?? attributes.model ?? attributes.agent ?? "";
