// Which topics a pattern matches, for many of both.

/** Topics in order. */
export class TopicIndex {
  #sorted;
  #known;
  #found = new Map();

  constructor(topics) {
    this.#sorted = topics.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.#known = new Set(topics);
  }

  /** The topics that a pattern matches: an equal one, or for `p.*` those that begin with `p.`. */
  matching(pattern) {
    if (!this.#found.has(pattern)) this.#found.set(pattern, this.#find(pattern));
    return this.#found.get(pattern);
  }

  #find(pattern) {
    if (!pattern.endsWith(".*")) return this.#known.has(pattern) ? [pattern] : [];
    const prefix = pattern.slice(0, -1);
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const half = (low + high) >> 1;
      if (this.#sorted[half] < prefix) low = half + 1;
      else high = half;
    }
    let end = low;
    while (end < this.#sorted.length && this.#sorted[end].startsWith(prefix)) end += 1;
    return this.#sorted.slice(low, end);
  }
}
