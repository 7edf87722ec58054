// The agents: a table, and details of one agent.

import { by, descriptionList, h } from "./dom.js";
import * as drawer from "./drawer.js";
import { count, figure } from "./format.js";
import * as polling from "./polling.js";
import { put, table } from "./table.js";
import * as views from "./views.js";

const MAX_ROWS = 100;

let agents = new Map();
let shown = "";

const tags = (names) => h("span", { class: "tags" }, names.map((name) => h("span", { class: "tag" }, name)));
const state = (agent) => h("span", { class: "state", "data-state": agent.isConnected ? "on" : "off" }, agent.isConnected ? "connected" : "away");

const COLUMNS = [
  {
    label: "Agent",
    wide: "wide",
    cell: (agent) => h("button", { class: "open", type: "button", "data-key": agent.id, "aria-expanded": "false", onclick: () => open(agent.id) }, agent.id),
  },
  { label: "State", cell: state },
  { label: "Received", figure: true, cell: (agent) => figure(agent.received) },
  { label: "Topics", wide: "wide labelled", cell: (agent) => (agent.topics.length ? tags(agent.topics.slice(0, 6)) : h("span", { class: "muted" }, "none")) },
  { label: "Tools", wide: "wide labelled", cell: (agent) => (agent.capabilities.length ? tags(agent.capabilities.slice(0, 6)) : h("span", { class: "muted" }, "none")) },
];

/** Opens the details of an agent. */
export function open(id) {
  const agent = agents.get(id);
  if (!agent) return;
  const counts = agent.edges.map(({ from_topic, event_count }) => [from_topic, figure(event_count)]);
  const showEvents = () => {
    drawer.close();
    by("filter").value = id;
    by("filter").dispatchEvent(new Event("input"));
    views.go("events");
  };
  drawer.open(id, [
    descriptionList([["State", state(agent)], ["Received", count(agent.received, "event")]]),
    h("div", { class: "actions" }, h("button", { type: "button", onclick: showEvents }, "Show its events")),
    h("section", {}, h("h3", {}, "Subscribed to"), counts.length ? descriptionList(counts) : h("p", { class: "muted" }, "none")),
    h("section", {}, h("h3", {}, "Tools"), agent.capabilities.length ? tags(agent.capabilities) : h("p", { class: "muted" }, "none")),
  ]);
}

function withCounts({ agents: all, edges }) {
  const byAgent = Map.groupBy(edges, (edge) => edge.to_agent);
  return all.map((agent) => {
    const own = byAgent.get(agent.id) ?? [];
    const received = own.reduce((sum, edge) => sum + edge.event_count, 0);
    return { ...agent, isConnected: agent.connected !== false, edges: own, received };
  });
}

function show({ topology }) {
  const all = withCounts(topology);
  agents = new Map(all.map((agent) => [agent.id, agent]));
  draw();
}

function draw() {
  if (views.current() !== "overview") return;
  const query = by("agent-filter").value.trim().toLowerCase();
  const all = [...agents.values()];
  const found = query ? all.filter(({ id, topics, capabilities }) => [id, ...topics, ...capabilities].some((text) => text.toLowerCase().includes(query))) : all;
  const rows = found.slice(0, MAX_ROWS);
  const most = found.length > MAX_ROWS ? `, the first ${MAX_ROWS} shown` : "";
  by("agents-count").textContent = all.length ? `${count(found.length, "agent")}${most}` : "";
  by("agent-filter").hidden = all.length <= 10;
  by("no-agents").hidden = found.length > 0;
  by("no-agents").textContent = all.length ? "No agent matches." : "No agent is registered.";
  const now = JSON.stringify(rows);
  if (now === shown) return;
  shown = now;
  put(by("agents"), rows.length ? table("Agents", COLUMNS, rows) : null);
}

export function start() {
  by("agent-filter").addEventListener("input", draw);
  views.onEnter("overview", draw);
  polling.subscribe(show);
}
