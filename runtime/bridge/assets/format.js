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

/** A long time as `45 s`, `12 min`, `3 h 20 min`, `5 d 4 h`. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Bytes as `512 B`, `4.0 KiB`, `12 MiB`. */
export function bytes(value) {
  if (value === undefined || value === null) return "–";
  const [unit, size] = [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]].find(([, least]) => value >= least) ?? ["B", 1];
  return `${(value / size).toFixed(size > 1 && value / size < 10 ? 1 : 0)} ${unit}`;
}

/** A share of a whole as `13 %`, `0.4 %`. */
export function percent(part, whole) {
  if (!whole) return "–";
  const value = (part / whole) * 100;
  return `${value === 0 || value >= 9.95 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** A long name with its middle left out, as its end often tells names apart. */
export function middle(text, most) {
  if (text.length <= most) return text;
  const tail = Math.max(3, Math.floor(most * 0.45));
  return `${text.slice(0, Math.max(1, most - tail - 1))}…${text.slice(-tail)}`;
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
