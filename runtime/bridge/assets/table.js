// Tables. The roles keep them tables for screen readers where they are shown as cards.

import { h } from "./dom.js";

/** Creates a table. Columns are {label, cell(row), figure, wide}; a cell is text or elements. */
export function table(label, columns, rows) {
  const head = columns.map(({ label: text, figure }) => h("th", { scope: "col", role: "columnheader", class: figure && "figure" }, text));
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
    const cells = old.querySelectorAll("td");
    fresh.querySelectorAll("td").forEach((cell, at) => {
      if (shape(cells[at]) !== shape(cell)) cells[at].replaceChildren(...cell.childNodes);
    });
    return;
  }
  const focused = container.contains(document.activeElement) && document.activeElement.dataset.key;
  container.replaceChildren(...(fresh ? [fresh] : []));
  if (focused) container.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
