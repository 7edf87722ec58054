// The shared worker: one stream for all tabs of a browser, which may have six connections to a server at a time. It also
// hands the session of one tab to the others.
//
//   tab to worker   {session}: the first message, and after a login   {done: true}: a batch was handled   {bye: true}
//   worker to tab   {session, state}   {events: [[name, data], …]}

import { Feed } from "./feed.js";

const MAX_BATCHES = 200; // sent to a tab and not handled yet

const tabs = new Map(); // port -> {batches, missed}
const sessions = new Set(); // that tabs have, and that were not refused
let session;
let state = "waiting";

const feed = new Feed({
  onState(next) {
    if (next === "login" && refused()) return;
    if (next === state) return;
    state = next;
    tell();
  },
  onEvents: (events) => tabs.forEach((tab, port) => send(port, tab, events)),
});

function tell(only) {
  for (const port of only ? [only] : tabs.keys()) port.postMessage({ session, state });
}

/** The server has refused the session. Tries that of another tab; returns whether there is one. */
function refused() {
  sessions.delete(session);
  [session] = sessions;
  if (session) feed.open(session);
  return Boolean(session);
}

/** Sends events to a tab. One that does not handle them, such as one that the browser has frozen, misses them. */
function send(port, tab, events) {
  if (tab.batches >= MAX_BATCHES) {
    tab.missed += events.reduce((sum, [name, data]) => sum + (name === "message" ? 1 : (data.missed ?? 0)), 0);
    return;
  }
  tab.batches += 1;
  port.postMessage({ events });
}

function handled(port, tab) {
  tab.batches -= 1;
  if (!tab.missed) return;
  const missed = tab.missed;
  tab.missed = 0;
  send(port, tab, [["lagged", { missed }]]);
}

/** A tab is there, or has logged in. */
function greet(port, offered) {
  if (offered) sessions.add(offered);
  const isNeeded = offered && offered !== session && state !== "live";
  if (!isNeeded && feed.isOpen) return tell(port);
  session = offered ?? session;
  state = "waiting";
  feed.open(session);
  tell();
}

function leave(port) {
  tabs.delete(port);
  if (tabs.size) return;
  feed.close();
  state = "waiting";
}

self.onconnect = ({ ports: [port] }) => {
  const tab = { batches: 0, missed: 0 };
  tabs.set(port, tab);
  port.onmessage = ({ data }) => {
    if (data.bye) leave(port);
    else if (data.done) handled(port, tab);
    else greet(port, data.session);
  };
};
