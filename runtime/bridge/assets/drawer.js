// Details of one item, at the side. The drawer takes the focus and returns it when it is closed.

import { by } from "./dom.js";

let opener;

export const isOpen = () => !by("drawer").hidden;

export function open(title, content, from = document.activeElement) {
  mark(false);
  opener = from;
  mark(true);
  by("drawer-title").textContent = title;
  by("drawer-body").replaceChildren(...content);
  by("drawer").hidden = false;
  by("drawer-title").focus();
}

export function close() {
  if (!isOpen()) return;
  by("drawer").hidden = true;
  mark(false);
  if (opener?.isConnected) opener.focus();
  opener = undefined;
}

function mark(expanded) {
  if (opener?.hasAttribute?.("aria-expanded")) opener.setAttribute("aria-expanded", String(expanded));
}

export function start() {
  by("drawer-close").addEventListener("click", close);
}
