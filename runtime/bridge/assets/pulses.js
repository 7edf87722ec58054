// Small dots that run along lines. None for people who want less motion, and never more than can be told apart.

import { s } from "./dom.js";

const TRAVEL_MS = 900;
const APART_MS = 220; // on one line
const MOST = 60;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Pulses {
  #svg;
  #running = new Set();
  #last = new Map();
  #moving = false;

  constructor(svg) {
    this.#svg = svg;
  }

  /** Lets one run along a path, unless one just left. */
  run(key, path) {
    const now = performance.now();
    if (calm.matches || this.#running.size >= MOST || now - (this.#last.get(key) ?? -APART_MS) < APART_MS) return;
    this.#last.set(key, now);
    const dot = s("circle", { class: "pulse", r: 3, "data-kind": path.dataset.kind });
    this.#svg.append(dot);
    this.#running.add({ dot, path, begun: now, length: path.getTotalLength() });
    if (!this.#moving) {
      this.#moving = true;
      requestAnimationFrame((at) => this.#move(at));
    }
  }

  #move(now) {
    for (const pulse of this.#running) {
      const part = Math.max(0, now - pulse.begun) / TRAVEL_MS;
      if (part >= 1 || !pulse.path.isConnected) {
        pulse.dot.remove();
        this.#running.delete(pulse);
        continue;
      }
      const eased = part * part * (3 - 2 * part);
      const { x, y } = pulse.path.getPointAtLength(eased * pulse.length);
      pulse.dot.setAttribute("cx", x);
      pulse.dot.setAttribute("cy", y);
      pulse.dot.setAttribute("opacity", Math.min(1, 6 * part, 6 * (1 - part)));
    }
    this.#moving = this.#running.size > 0;
    if (this.#moving) requestAnimationFrame((at) => this.#move(at));
  }
}
