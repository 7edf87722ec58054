// The login: a dialog that asks for the token while the server requires it.

import { by } from "./dom.js";
import * as session from "./session.js";

function show() {
  by("login-error").textContent = "";
  if (!by("login").open) by("login").showModal();
}

function hide() {
  by("login-token").value = "";
  by("login").close();
}

async function submit(event) {
  event.preventDefault();
  by("login-error").textContent = "";
  try {
    await session.login({ token: by("login-token").value });
  } catch (error) {
    by("login-error").textContent = error.message;
    by("login-token").select();
  }
}

export function start() {
  by("login-form").addEventListener("submit", submit);
  // Closed by Escape: there is nothing to see behind it.
  by("login").addEventListener("close", () => session.isRequired() && show());
  session.on("required", show);
  session.on("opened", hide);
  if (session.isRequired()) show();
}
