// Two runs side by side: spans that correspond to each other by their parents, their names, what they are about, and order.

import { RUNTIME, parents, subject } from "./lanes.js";

const label = (span) => [span.name, subject(span), span.agent ?? RUNTIME].join("\n");

/** The children of each span, by start; those without a parent under undefined. Each with its label and number of that label. */
export function numbered(spans) {
  const above = parents(spans);
  const children = Map.groupBy(spans, (span) => above.get(span.span_id)?.span_id);
  for (const [parent, list] of children) {
    const counts = new Map();
    const sorted = list.toSorted((a, b) => a.start_time - b.start_time);
    const keyed = sorted.map((span) => {
      const name = label(span);
      const number = (counts.get(name) ?? 0) + 1;
      counts.set(name, number);
      return { span, key: `${number} ${name}` };
    });
    children.set(parent, keyed);
  }
  return children;
}

/** Siblings of both runs in one order: pairs where the keys are the same, the others where they stand. */
function merged(left, right) {
  const position = new Map(right.map(({ key }, index) => [key, index]));
  const inLeft = new Set(left.map(({ key }) => key));
  const rows = [];
  let at = 0;
  const takeAlone = (until) => {
    for (; at < until; at += 1) if (!inLeft.has(right[at].key)) rows.push({ right: right[at].span });
  };
  for (const { span, key } of left) {
    takeAlone(position.get(key) ?? 0);
    rows.push({ left: span, right: right[position.get(key)]?.span });
  }
  takeAlone(right.length);
  return rows;
}

/** The rows of a comparison of {@link numbered} spans, in depth-first order: {left, right, depth}; one of both may be missing. */
export function align(left, right) {
  const below = (row) => merged((row.left || row.isTop) ? left.get(row.left?.span_id) ?? [] : [], (row.right || row.isTop) ? right.get(row.right?.span_id) ?? [] : []);
  const stack = below({ isTop: true }).reverse().map((row) => ({ ...row, depth: 0 }));
  const rows = [];
  while (stack.length) {
    const row = stack.pop();
    rows.push(row);
    for (const child of below(row).reverse()) stack.push({ ...child, depth: row.depth + 1 });
  }
  return rows;
}

const texts = (span, isOutput) => {
  if (!span.bodies.length) return "";
  const some = span.bodies.filter(({ kind }) => kind.startsWith("output") === isOutput);
  return some.length === 0 ? "" : JSON.stringify(some.map(({ kind, text, length }) => [kind, text, length]));
};

/** What differs between the two spans of a row, as words: `input`, `output`, `status`. */
export function differences({ left, right }) {
  if (!left || !right) return [];
  return [
    texts(left, false) !== texts(right, false) && "input",
    texts(left, true) !== texts(right, true) && "output",
    (left.status === "error") !== (right.status === "error") && "status",
  ].filter(Boolean);
}
