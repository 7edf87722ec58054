// Tables. The roles keep them tables for screen readers where they are shown as cards.

import { h } from "./dom.js";

/** The head of a column: a button that sorts by it, where `sort` {by, isDown, choose(label)} is given and the column has a
 *  `value`. */
function heading({ label: text, figure, value }, sort) {
  const isBy = sort && value && sort.by === text;
  const order = isBy ? (sort.isDown ? "descending" : "ascending") : null;
  const content = sort && value ? h("button", { class: "sort", type: "button", "data-sort": text, onclick: () => sort.choose(text) }, text) : text;
  return h("th", { scope: "col", role: "columnheader", class: figure && "figure", "aria-sort": order }, content);
}

/** The rows in the order that was chosen; `value(row)` of its column is a number, a text or nothing. */
export function sorted(columns, rows, { by, isDown }) {
  const value = columns.find(({ label }) => label === by)?.value;
  if (!value) return rows;
  const order = (a, b) => (typeof a === "string" ? a.localeCompare(b) : (a ?? -1) - (b ?? -1));
  return rows.toSorted((a, b) => order(value(a), value(b)) * (isDown ? -1 : 1));
}

/** Creates a table. Columns are {label, cell(row), figure, wide, value(row)}; a cell is text or elements. */
export function table(label, columns, rows, sort) {
  const head = columns.map((column) => heading(column, sort));
  const body = rows.map((row) =>
    h(
      "tr",
      { role: "row" },
      columns.map(({ label: text, cell, figure, wide }) =>
        h("td", { role: "cell", "data-label": text, class: [figure && "figure", wide].filter(Boolean).join(" ") || null }, cell(row)),
      ),
    ),
  );
  return h(
    "table",
    { class: "table", role: "table", "aria-label": label },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, body),
  );
}

const keys = (all) => [...all.querySelectorAll("[data-key]")].map((each) => each.dataset.key).join("\n");
const shape = (cell) => cell.innerHTML.replaceAll(/ aria-expanded="\w+"/g, "");

/** Replaces the table in a container. If both have the same rows, only the changed cells are replaced, so that a click
 *  or a selection at this moment is not lost. */
export function put(container, fresh) {
  const old = container.firstElementChild;
  if (old && fresh && keys(old) === keys(fresh)) {
    const [head, freshHead] = [old, fresh].map((each) => each.querySelector("thead"));
    if (shape(head) !== shape(freshHead)) {
      const sort = head.contains(document.activeElement) && document.activeElement.dataset.sort;
      head.replaceChildren(...freshHead.childNodes);
      if (sort) head.querySelector(`[data-sort="${CSS.escape(sort)}"]`)?.focus();
    }
    const cells = old.querySelectorAll("td");
    fresh.querySelectorAll("td").forEach((cell, at) => {
      if (shape(cells[at]) !== shape(cell)) cells[at].replaceChildren(...cell.childNodes);
    });
    return;
  }
  const { key, sort } = container.contains(document.activeElement) ? document.activeElement.dataset : {};
  container.replaceChildren(...(fresh ? [fresh] : []));
  if (key) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  if (sort) container.querySelector(`[data-sort="${CSS.escape(sort)}"]`)?.focus();
}
