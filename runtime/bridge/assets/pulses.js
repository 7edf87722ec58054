// Dots that run along lines. None if the user prefers reduced motion, and a limited number at a time.

import { s } from "./dom.js";

const TRAVEL_MS = 900;
const MIN_GAP_MS = 220; // between two dots on one line
const MAX_RUNNING = 60;

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** The dots on the lines of one SVG element. */
export class Pulses {
  #svg;
  #running = new Set();
  #last = new Map();
  #moving = false;

  constructor(svg) {
    this.#svg = svg;
  }

  /** Starts a dot on a path, unless one has just started there. */
  run(key, path) {
    const now = performance.now();
    if (reducedMotion.matches || this.#running.size >= MAX_RUNNING || now - (this.#last.get(key) ?? -MIN_GAP_MS) < MIN_GAP_MS) return;
    this.#last.set(key, now);
    const dot = s("circle", { class: "pulse", r: 3, "data-kind": path.dataset.kind });
    this.#svg.append(dot);
    this.#running.add({ dot, path, started: now, length: path.getTotalLength() });
    if (!this.#moving) {
      this.#moving = true;
      requestAnimationFrame((at) => this.#move(at));
    }
  }

  #move(now) {
    for (const pulse of this.#running) {
      const part = Math.max(0, now - pulse.started) / TRAVEL_MS;
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
