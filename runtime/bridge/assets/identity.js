// Which runtime this is: the header, the title of the page, and what to do while no agent is connected.

import { by } from "./dom.js";
import { span } from "./format.js";
import * as live from "./live.js";
import * as polling from "./polling.js";
import * as views from "./views.js";

const COPIED_MS = 1500;

let runtime;
let offset = 0; // of the runtime's clock to ours
let isGone = false;

function header() {
  if (!runtime || isGone) return;
  const { project, version, bridge, started_ms: started } = runtime;
  by("project").textContent = project ?? "";
  by("facts").textContent = `${version} · up ${span(Date.now() + offset - started)} · ${bridge}`;
}

/** Six lines that connect an agent to an address. */
export const sample = (address) => `from loom import Agent

async def on_event(agent, topic, event):
    await agent.reply(event, f"received {event.text}")

Agent("hello", address=${JSON.stringify(address)}, topics=["hello.*"], on_event=on_event).run()
`;

function show({ runtime: now }) {
  runtime = now;
  offset = now.started_ms + now.uptime_ms - Date.now();
  header();
  views.setProject(now.project);
  const address = now.tls ? `https://${now.bridge}` : now.bridge;
  by("bridge").textContent = now.bridge;
  if (by("sample").textContent !== sample(address)) by("sample").textContent = sample(address);
  by("sample-token").hidden = !now.token;
}

async function copy() {
  const button = by("copy-sample");
  try {
    await navigator.clipboard.writeText(by("sample").textContent);
    button.textContent = "Copied";
  } catch {
    // Without a clipboard, as over plain http from elsewhere, the text is selected.
    getSelection().selectAllChildren(by("sample"));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
}

export function start() {
  polling.subscribe(show);
  live.on("state", (state) => (isGone = state === "lost"));
  by("copy-sample").addEventListener("click", copy);
  setInterval(header, 1000);
}
