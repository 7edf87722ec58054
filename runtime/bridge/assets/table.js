// A table that stays one for screen readers where it is shown as cards.

import { h } from "./dom.js";

/** Columns are {label, cell(row), figure, wide}; a cell is text or elements. */
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

/** Puts a fresh table in, and the focus back to where it was. */
export function put(place, fresh) {
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.key;
  place.replaceChildren(fresh);
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
