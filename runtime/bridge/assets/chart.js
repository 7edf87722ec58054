// Line charts over time, as SVG.

import { h, s } from "./dom.js";
import { clock, figure } from "./format.js";

/** The lowest round number that is not below any value. */
function ceiling(values) {
  const highest = Math.max(1, ...values);
  const step = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 4, 5, 8, 10].map((times) => times * step).find((round) => round >= highest);
}

function paths(values, slots, width, height, top, pad) {
  const x = (at) => ((slots - values.length + at) / Math.max(1, slots - 1)) * width;
  const y = (value) => height - (value / top) * (height - pad);
  const line = values.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const area = values.length ? `${line}L${width} ${height}L${x(0).toFixed(1)} ${height}Z` : "";
  return { line, area, x, y };
}

/** A small chart without axes. */
export function spark(values, colour) {
  const { line, area } = paths(values, Math.max(values.length, 60), 300, 40, ceiling(values), 6);
  return s(
    "svg",
    { class: "spark", viewBox: "0 0 300 40", preserveAspectRatio: "none", "aria-hidden": "true", "data-colour": colour },
    s("path", { class: "area", d: area }),
    s("path", { class: "line", d: line }),
  );
}

const HEIGHT = 170;
const LEFT = 40;
const BOTTOM = 20;
const TIP_GAP = 10; // between the pointer and the tip

/** A large chart that shows values at the pointer. Returns {card, show(samples, slots)}. */
export function chart({ title, unit, colour, of }) {
  const now = h("p", { class: "now" });
  const svg = s("svg", { role: "img" });
  const tip = h("span", { class: "tip", hidden: true });
  const body = h("div", { class: "chart", "data-colour": colour }, now, svg, tip);
  const card = h("article", { class: "card" }, h("header", {}, h("h2", {}, title)), body);
  let drawn;

  function show(samples, slots) {
    const values = samples.map(of);
    const width = svg.clientWidth || 460;
    const [inner, base] = [width - LEFT, HEIGHT - BOTTOM];
    const top = ceiling(values);
    const { line, area, x, y } = paths(values, slots, inner, base, top, 8);
    const last = values.at(-1);
    now.replaceChildren(figure(last), h("small", {}, unit));
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const summary = values.length ? `now ${figure(last)}, at most ${figure(Math.max(...values))} in the last five minutes` : "no sample yet";
    svg.setAttribute("aria-label", `${title}: ${summary}`);
    const grid = [0, 0.5, 1].map((part) => [
      s("path", { class: "grid", d: `M${LEFT} ${y(top * part)}H${width}` }),
      s("text", { x: LEFT - 8, y: y(top * part) + 4, "text-anchor": "end" }, figure(top * part)),
    ]);
    const minutes = [5, 4, 3, 2, 1].map((ago) =>
      s("text", { x: LEFT + inner * (1 - ago / 5), y: HEIGHT - 2, "text-anchor": ago === 5 ? "start" : "middle" }, `−${ago} min`),
    );
    svg.replaceChildren(
      ...grid.flat(),
      ...minutes,
      s("text", { x: width, y: HEIGHT - 2, "text-anchor": "end" }, "now"),
      s("g", { transform: `translate(${LEFT} 0)` }, s("path", { class: "area", d: area }), s("path", { class: "line", d: line })),
    );
    drawn = { samples, values, x, y, width, base };
  }

  function point(move) {
    if (!drawn?.values.length) return;
    const at = move.clientX - svg.getBoundingClientRect().left - LEFT;
    const distance = (n) => Math.abs(drawn.x(n) - at);
    const nearest = drawn.values.reduce((best, _, n) => (distance(n) < distance(best) ? n : best), 0);
    const [px, py] = [LEFT + drawn.x(nearest), drawn.y(drawn.values[nearest])];
    unpoint();
    svg.append(s("path", { class: "cross", d: `M${px} 0V${drawn.base}` }), s("circle", { class: "dot", cx: px, cy: py, r: 4 }));
    tip.textContent = `${figure(drawn.values[nearest])} · ${clock(drawn.samples[nearest].timestamp_ms)}`;
    tip.hidden = false;
    place(move);
  }

  /** Puts the tip above the pointer, inside of the card. An SVG element has no offsets: only its rectangle is known. */
  function place({ clientX, clientY }) {
    const frame = body.getBoundingClientRect();
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.min(Math.max(clientX - frame.left, half), body.clientWidth - half)}px`;
    tip.style.top = `${clientY - frame.top - TIP_GAP}px`;
  }

  function unpoint() {
    svg.querySelectorAll(".cross, .dot").forEach((mark) => mark.remove());
    tip.hidden = true;
  }

  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerleave", unpoint);
  return { card, show };
}
