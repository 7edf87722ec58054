// Times of the past, as far back as a history goes.

import { ago } from "./format.js";

const RECENT_MS = 90 * 60_000;
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** `3 s ago` for what is recent, else `29 Nov, 12:03:11`. */
export function when(at) {
  const time = new Date(at).getTime();
  if (Number.isNaN(time)) return "–";
  return Date.now() - time < RECENT_MS ? ago(time) : dayFormat.format(time);
}

/** `29 Nov, 12:03:11`. */
export const day = (at) => dayFormat.format(new Date(at));
