// Making elements. Everything that comes from agents is put in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const by = (id) => document.getElementById(id);

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/** An HTML element; children are elements or text. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Facts as a description list; absent ones are left out. */
export function facts(pairs) {
  const list = h("dl", { class: "facts" });
  for (const [label, value, mono] of pairs) {
    if (value === undefined || value === null || value === "") continue;
    list.append(h("dt", {}, label), h("dd", { class: mono ? "mono" : null }, value));
  }
  return list;
}
