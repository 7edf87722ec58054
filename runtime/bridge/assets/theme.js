// The colour scheme: light, dark, or as the system prefers.

import { by, s } from "./dom.js";

const KEY = "loom.theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };
const NAMES = { auto: "as the system", light: "light", dark: "dark" };
const SHAPES = {
  auto: [["circle", { cx: 12, cy: 12, r: 8 }], ["path", { d: "M12 4a8 8 0 0 1 0 16z", fill: "currentColor" }]],
  light: [["circle", { cx: 12, cy: 12, r: 4 }], ["path", { d: "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4" }]],
  dark: [["path", { d: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z" }]],
};

let theme = "auto";

function show() {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const label = `Colours: ${NAMES[theme]}`;
  const button = by("theme");
  button.setAttribute("aria-label", label);
  button.title = `${label} (t)`;
  button.replaceChildren(s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, SHAPES[theme].map(([tag, of]) => s(tag, of))));
}

/** Changes to the next scheme. */
export function next() {
  theme = NEXT[theme];
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice lasts until the page is left.
  }
  show();
}

export function start() {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored in NEXT) theme = stored;
  } catch {
    // As above.
  }
  show();
  by("theme").addEventListener("click", next);
}
