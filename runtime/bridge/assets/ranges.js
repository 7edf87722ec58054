// A choice of ranges of time, as a row of buttons.

import { h } from "./dom.js";

const MINUTE = 60_000;

/** The ranges that a page offers. */
export const RANGES = [
  { id: "5m", text: "5 min", ms: 5 * MINUTE },
  { id: "1h", text: "1 h", ms: 60 * MINUTE },
  { id: "24h", text: "24 h", ms: 24 * 60 * MINUTE },
  { id: "7d", text: "7 d", ms: 7 * 24 * 60 * MINUTE },
];

/** Fills a container with the buttons. Returns {range()}; `listener` is called when another one is chosen. */
export function ranges(container, first, listener) {
  let chosen = RANGES.find(({ id }) => id === first);
  const buttons = RANGES.map((range) => {
    const choose = () => {
      chosen = range;
      buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.range === range.id)));
      listener();
    };
    return h("button", { type: "button", "data-range": range.id, "aria-pressed": String(range === chosen), onclick: choose }, range.text);
  });
  container.append(...buttons);
  return { range: () => chosen };
}
