// The session of this tab, where the runtime has a token. A login code in the address, or the token, opens one. It is kept
// in sessionStorage and sent as a header: no other tab, site or proxy log gets it.

import { at, base } from "./paths.js";

const KEY = `loom.session:${base}`;
const CODE = /^#code=([0-9a-f]+)$/;

const listeners = { opened: [], required: [] };
let session;
let required = false;

/** Calls the listener for `opened`, with whether this tab opened it, or `required`. */
export const on = (kind, listener) => listeners[kind].push(listener);
const emit = (kind, value) => listeners[kind].forEach((listener) => listener(value));

export const current = () => session;

/** Whether requests fail until the user logs in. */
export const isRequired = () => required;

function store() {
  try {
    if (session) sessionStorage.setItem(KEY, session);
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the session lasts until the page is left.
  }
}

/** Takes a session that this tab opened, or that another tab of the browser has. */
export function take(opened, isOwn = false) {
  if (!opened || (opened === session && !required)) return;
  session = opened;
  required = false;
  store();
  emit("opened", isOwn);
}

/** The server has refused the session, or requires one. */
export function refused(used = session) {
  if (required || used !== session) return; // another one has been opened meanwhile
  session = undefined;
  required = true;
  store();
  emit("required");
}

/** Logs in with {code} or {token}. Throws what is wrong. */
export async function login(by) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(at("api/login"), { method: "POST", headers, body: JSON.stringify(by) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  take(answer.session, true);
}

/** Sends JSON with the session. Returns the answer; throws the error that the server names. */
export async function post(path, body) {
  const response = await fetchWith(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `the runtime answered with ${response.status}`);
  return answer;
}

/** Sends a request with the session. Throws unless the server answers with success. */
export async function request(path, options = {}) {
  const response = await fetchWith(path, options);
  if (!response.ok) throw Object.assign(new Error(`${path}: ${response.status}`), { status: response.status });
  return response;
}

async function fetchWith(path, options) {
  const used = session;
  const headers = { ...options.headers, ...(used && { authorization: `Bearer ${used}` }) };
  const response = await fetch(at(path), { ...options, headers });
  if (response.status === 401) refused(used);
  return response;
}

/** Reads the session of this tab, and exchanges the login code in the address, which is removed at once. */
export async function start() {
  try {
    session = sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // As above.
  }
  const code = CODE.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await login({ code });
  } catch {
    // The code was used, or is too old. If there is no session either, the page asks for the token.
  }
}
