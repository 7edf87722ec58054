// A list of any length, of which only the visible rows are in the page. It has the focus as a whole: the arrows move the
// active row, Enter opens it.

import { h } from "./dom.js";

const OVERSCAN_PX = 300;

/** The index of the row at a position. */
function rowAt(tops, position) {
  let [low, high] = [0, tops.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

export class RowList {
  /** `draw(row, index)` gives the element of a row. `role` is that of the list, `onOpen(row)` is called for the active row,
   *  `onKey(key, row)` for keys that the list has no meaning for. A row is {key, height, …}. */
  constructor({ id, role, label, draw, onOpen, onKey }) {
    Object.assign(this, { id, draw, onOpen, onKey, rows: [], tops: [0], drawn: new Map() });
    this.content = h("div", { class: "row-content", role: "presentation" });
    this.element = h("div", { id, class: "row-list", role, tabindex: "0", "aria-label": label }, this.content);
    this.element.addEventListener("scroll", () => this.drawSoon());
    this.element.addEventListener("keydown", (key) => this.press(key));
    this.element.addEventListener("click", (click) => this.click(click));
    new ResizeObserver(() => this.drawSoon()).observe(this.element);
  }

  /** Replaces the rows. The active row stays active if it is still there. */
  set(rows) {
    this.rows = rows;
    this.tops = [0];
    for (const { height } of rows) this.tops.push(this.tops.at(-1) + height);
    this.content.style.height = `${this.tops.at(-1)}px`;
    this.index = new Map(rows.map((row, at) => [row.key, at]));
    this.redraw();
  }

  get active() {
    return this.rows[this.index?.get(this.activeKey)];
  }

  /** Makes a row active, and shows it. */
  activate(key) {
    if (!this.index?.has(key)) return;
    this.activeKey = key;
    const at = this.index.get(key);
    const { element } = this;
    const [top, bottom] = [this.tops[at], this.tops[at + 1]];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    this.redraw();
  }

  redraw() {
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.show();
  }

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.show();
    });
  }

  /** Adds the rows that have become visible, and removes the others. */
  show() {
    const { scrollTop, clientHeight } = this.element;
    const first = rowAt(this.tops, Math.max(0, scrollTop - OVERSCAN_PX));
    const last = rowAt(this.tops, scrollTop + clientHeight + OVERSCAN_PX);
    const wanted = new Set();
    for (let at = first; at <= last && at < this.rows.length; at += 1) wanted.add(at);
    for (const [at, element] of this.drawn) {
      if (wanted.has(at)) continue;
      element.remove();
      this.drawn.delete(at);
    }
    for (const at of wanted) if (!this.drawn.has(at)) this.add(at);
    const active = this.index?.get(this.activeKey);
    if (this.drawn.has(active)) this.element.setAttribute("aria-activedescendant", `${this.id}-${active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  add(at) {
    const row = this.rows[at];
    const element = this.draw(row, at);
    element.id = `${this.id}-${at}`;
    element.dataset.index = at;
    element.dataset.active = row.key === this.activeKey;
    element.style.top = `${this.tops[at]}px`;
    element.style.height = `${row.height}px`;
    // In order, for screen readers.
    const next = [...this.content.children].find((each) => Number(each.dataset.index) > at);
    this.content.insertBefore(element, next ?? null);
    this.drawn.set(at, element);
  }

  press(key) {
    if (key.ctrlKey || key.metaKey || key.altKey || !this.rows.length) return;
    const at = this.index.get(this.activeKey) ?? -1;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rows[0].height) - 1);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.rows.length - 1, PageDown: at + page, PageUp: at - page };
    if (key.key in steps) this.activate(this.rows[Math.min(Math.max(0, steps[key.key]), this.rows.length - 1)].key);
    else if (key.key === "Enter" || key.key === " ") this.active && this.onOpen(this.active);
    else if (!this.onKey?.(key.key, this.active)) return;
    key.preventDefault();
    key.stopPropagation();
  }

  click(click) {
    // A row that was drawn anew during the click is found by its place.
    const place = click.clientY - this.content.getBoundingClientRect().top;
    const row = this.rows[click.target.closest("[data-index]")?.dataset.index ?? rowAt(this.tops, place)];
    if (!row) return;
    this.activate(row.key);
    this.onOpen(row);
  }
}
