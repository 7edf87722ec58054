// Line charts over time, as SVG.

import { h, s } from "./dom.js";
import { clock } from "./format.js";

/** The lowest round number that is not below any value. */
function ceiling(values) {
  const highest = values.reduce((most, value) => Math.max(most, value ?? 0), 1);
  const step = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 4, 5, 8, 10].map((times) => times * step).find((round) => round >= highest);
}

/** A small chart without axes. */
export function spark(values, colour) {
  const [width, height, top, slots] = [300, 40, ceiling(values), Math.max(values.length, 60)];
  const x = (at) => ((slots - values.length + at) / Math.max(1, slots - 1)) * width;
  const line = values.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${(height - (value / top) * (height - 6)).toFixed(1)}`).join("");
  const area = values.length ? `${line}L${width} ${height}L${x(0).toFixed(1)} ${height}Z` : "";
  return s(
    "svg",
    { class: "spark", viewBox: "0 0 300 40", preserveAspectRatio: "none", "aria-hidden": "true", "data-colour": colour },
    s("path", { class: "area", d: area }),
    s("path", { class: "line", d: line }),
  );
}

const HEIGHT = 170;
const LEFT = 52;
const BOTTOM = 20;
const TIP_GAP = 10; // between the pointer and the tip
const GAP = 3; // intervals without a value that break the line

/** The pieces of the line: points that follow each other without a gap. */
function pieces(points, interval) {
  const all = [];
  for (const point of points) {
    const last = all.at(-1)?.at(-1);
    if (last && point.at - last.at <= GAP * interval) all.at(-1).push(point);
    else all.push([point]);
  }
  return all;
}

/** One point alone is a dot. */
const path = (points, x, y) => (points.length === 1 ? `M${x(points[0].at).toFixed(1)} ${y(points[0].value).toFixed(1)}h.01` : line(points, x, y));

const line = (points, x, y) => points.map((point, n) => `${n ? "L" : "M"}${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`).join("");

function area(points, x, y, base) {
  return `${line(points, x, y)}L${x(points.at(-1).at).toFixed(1)} ${base}L${x(points[0].at).toFixed(1)} ${base}Z`;
}

/** A large chart that shows values at the pointer. Returns {card, show({points, interval, from, to, range})}, where points
 *  are {at, value}, oldest first. */
export function chart({ title, unit, colour, text }) {
  const now = h("p", { class: "now" });
  const svg = s("svg", { role: "img" });
  const tip = h("span", { class: "tip", hidden: true });
  const body = h("div", { class: "chart", "data-colour": colour }, now, svg, tip);
  const card = h("article", { class: "card" }, h("header", {}, h("h2", {}, title)), body);
  let drawn;

  function show({ points, interval, from, to, range }) {
    const width = svg.clientWidth || 460;
    const base = HEIGHT - BOTTOM;
    const top = ceiling(points.map(({ value }) => value));
    const x = (at) => LEFT + ((at - from) / (to - from)) * (width - LEFT);
    const y = (value) => base - (value / top) * (base - 8);
    const last = points.at(-1)?.value;
    now.replaceChildren(text(last), h("small", {}, unit));
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const most = points.reduce((highest, { value }) => Math.max(highest, value), 0);
    const summary = points.length ? `now ${text(last)}, at most ${text(most)} in the last ${range.name}` : "no sample yet";
    svg.setAttribute("aria-label", `${title}: ${summary}`);
    const grid = [0, 0.5, 1].flatMap((part) => [
      s("path", { class: "grid", d: `M${LEFT} ${y(top * part)}H${width}` }),
      s("text", { x: LEFT - 8, y: y(top * part) + 4, "text-anchor": "end" }, text(top * part)),
    ]);
    const ticks = range.ticks.map(([share, label], n) =>
      s("text", { x: LEFT + (width - LEFT) * share, y: HEIGHT - 2, "text-anchor": n === 0 ? "start" : share === 1 ? "end" : "middle" }, label),
    );
    const lines = pieces(points, interval);
    svg.replaceChildren(
      ...grid,
      ...ticks,
      s("path", { class: "area", d: lines.map((piece) => area(piece, x, y, base)).join("") }),
      s("path", { class: "line", d: lines.map((piece) => path(piece, x, y)).join("") }),
    );
    drawn = { points, x, y, base, isLong: to - from > 86_400_000 };
  }

  function point(move) {
    if (!drawn?.points.length) return;
    const at = move.clientX - svg.getBoundingClientRect().left;
    const distance = (each) => Math.abs(drawn.x(each.at) - at);
    const nearest = drawn.points.reduce((best, each) => (distance(each) < distance(best) ? each : best));
    const [px, py] = [drawn.x(nearest.at), drawn.y(nearest.value)];
    unpoint();
    svg.append(s("path", { class: "cross", d: `M${px} 0V${drawn.base}` }), s("circle", { class: "dot", cx: px, cy: py, r: 4 }));
    const day = drawn.isLong ? `${new Date(nearest.at).toLocaleDateString("en", { weekday: "short", day: "numeric" })} ` : "";
    tip.textContent = `${text(nearest.value)} · ${day}${clock(nearest.at)}`;
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
