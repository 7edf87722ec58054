// Requests about the history. Errors say what the server says.

import { at } from "./paths.js";
import * as session from "./session.js";

/** What a request failed with: the message of the server, and the status of the response. */
export class HistoryError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function send(path, method) {
  const used = session.current();
  const headers = used ? { authorization: `Bearer ${used}` } : {};
  const response = await fetch(at(path), { method, headers });
  if (response.status === 401) session.refused(used);
  if (response.ok) return response.json();
  const text = await response.text();
  throw new HistoryError(messageOf(text) ?? `${path}: ${response.status}`, response.status);
}

function messageOf(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return text.trim() || undefined;
  }
}

/** The JSON at a path. Throws a {@link HistoryError}. */
export const read = (path) => send(path, "GET");

/** Removes what is at a path. Throws a {@link HistoryError}. */
export const remove = (path) => send(path, "DELETE");
