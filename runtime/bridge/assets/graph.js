// The network on the overview: three columns of buttons, and lines between them for the events and calls. It shows a bounded
// number of both: groups open, the rest expands, and a search finds what is hidden.

import * as agents from "./agents.js";
import { STEP } from "./columns.js";
import { by, h, s } from "./dom.js";
import { count, figure, middle } from "./format.js";
import * as live from "./live.js";
import { network } from "./network.js";
import * as polling from "./polling.js";
import { Pulses } from "./pulses.js";
import * as tools from "./tools.js";
import * as views from "./views.js";

const IDLE_MS = 20_000; // from here on a node or line is dimmed
const CALL_TTL_MS = 60_000;
const CHARACTER_PX = 7.2; // of a name, about
const MAX_NAMED = 12; // neighbours in the description of a node
const TITLES = { topic: "Topics", agent: "Agents", tool: "Tools" };

const svg = s("svg", { "aria-hidden": "true" });
const calls = new Map(); // agent and tool -> number and time of the calls
const lines = new Map(); // key of the edge -> path
const pulses = new Pulses(svg);
const choice = { query: "", opened: new Set(), more: {} };
let graph;
let latest; // the data that the graph was made of
let fit = 24; // characters of a name that fit into a column
let structure = "";
let highlighted; // the key of the node that has the pointer or the focus

function openGroup({ key }) {
  if (!choice.opened.delete(key)) choice.opened.add(key);
  show(latest);
}

function expand(kind) {
  choice.more[kind] = (choice.more[kind] ?? 0) + STEP;
  show(latest);
}

function search() {
  choice.query = by("graph-filter").value;
  if (latest) show(latest);
}

function open(node) {
  if (node.members) return openGroup(node);
  if (node.kind === "agent") return agents.open(node.name);
  if (node.kind === "tool") return tools.open(node.name);
  by("filter").value = node.name;
  by("filter").dispatchEvent(new Event("input"));
  views.go("events");
}

function describe(node) {
  const near = graph.edges.filter(({ from, to }) => from === node.key || to === node.key);
  const names = (kind, end) => near.filter((edge) => edge.kind === kind && edge[end] === node.key).map((edge) => (end === "from" ? edge.to : edge.from).replace(/^(group:)?\w+:/, ""));
  const part = (label, list) => (list.length ? `${label} ${list.slice(0, MAX_NAMED).join(", ")}${list.length > MAX_NAMED ? ` and ${list.length - MAX_NAMED} more` : ""}` : null);
  if (node.members) return `${count(node.members, TITLES[node.kind].slice(0, -1).toLowerCase())} ${node.name}, ${node.isOpen ? "open" : "closed"}`;
  const parts = {
    topic: [part("published by", names("publish", "to")), part("received by", names("deliver", "from"))],
    agent: [node.isOn ? "connected" : "away", part("publishes", names("publish", "from")), part("receives", names("deliver", "to")), part("calls", names("call", "from")), part("offers", names("offer", "from"))],
    tool: [count(node.count, "call"), part("offered by", names("offer", "to")), part("called by", names("call", "to"))],
  };
  return `${TITLES[node.kind].slice(0, -1)} ${node.name}: ${parts[node.kind].filter(Boolean).join("; ") || "no activity"}`;
}

function button(node) {
  const element = h(
    "button",
    {
      class: "node",
      type: "button",
      "data-key": node.key,
      "data-kind": node.kind,
      "data-group": node.members ? "true" : null,
      "data-member": node.isMember ? "true" : null,
      "aria-expanded": node.members ? String(node.isOpen) : null,
      title: node.name,
    },
    // What is seen may be shortened; what is heard is complete.
    h("span", { class: "name", "aria-hidden": "true" }, middle(node.name, fit)),
    h("span", { class: "figure", "aria-hidden": "true" }),
    h("span", { class: "aside" }),
  );
  element.addEventListener("click", () => open(node));
  for (const name of ["pointerenter", "focus"]) element.addEventListener(name, () => highlight(node.key));
  for (const name of ["pointerleave", "blur"]) element.addEventListener(name, () => highlight());
  return element;
}

function build() {
  const container = by("graph");
  fit = fitting();
  const focused = container.contains(document.activeElement) && document.activeElement.dataset.key;
  const column = ([kind, nodes]) => {
    const rest = graph.rest[kind];
    const more = rest ? h("li", { class: "rest" }, h("button", { type: "button", "data-key": `more:${kind}`, onclick: () => expand(kind) }, `and ${rest.toLocaleString("en")} more`)) : null;
    return h("div", { class: "column" }, h("h3", {}, TITLES[kind]), h("ul", {}, nodes.map((node) => h("li", {}, button(node))), more));
  };
  container.replaceChildren(svg, ...Object.entries(graph.columns).map(column));
  lines.clear();
  const paths = graph.edges.map((edge) => {
    const path = s("path", { class: "edge", "data-kind": edge.kind });
    lines.set(edge.key, path);
    return path;
  });
  svg.replaceChildren(...paths);
  if (focused) container.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** The characters of a name that fit into a column. */
function fitting() {
  const width = by("graph").clientWidth;
  return width ? Math.max(10, Math.floor((width * 0.25 - 44) / CHARACTER_PX)) : fit;
}

/** Makes the buttons anew where other names fit now, and draws. */
function resize() {
  if (graph && Math.abs(fitting() - fit) > 2) {
    build();
    update();
  }
  draw();
}

/** Draws the lines from the inner side of one button to that of the other; the two directions are a few pixels apart. */
function draw() {
  const frame = by("graph").getBoundingClientRect();
  if (!frame.width || !graph) return;
  const box = new Map([...by("graph").querySelectorAll(".node")].map((node) => [node.dataset.key, node.getBoundingClientRect()]));
  for (const edge of graph.edges) {
    const [from, to] = [box.get(edge.from), box.get(edge.to)];
    const rightward = from.left < to.left;
    const lift = { publish: -4, deliver: 4, call: -4, offer: 4 }[edge.kind];
    const x1 = (rightward ? from.right : from.left) - frame.left;
    const x2 = (rightward ? to.left : to.right) - frame.left;
    const [y1, y2] = [from, to].map((each) => each.top + each.height / 2 - frame.top + lift);
    const bend = (x2 - x1) * 0.5;
    lines.get(edge.key).setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
  }
}

function update() {
  const now = Date.now();
  for (const node of Object.values(graph.columns).flat()) {
    const element = by("graph").querySelector(`[data-key="${CSS.escape(node.key)}"]`);
    element.dataset.state = node.isOn === false ? "off" : "on";
    element.dataset.idle = String(node.kind !== "agent" && now - node.last > IDLE_MS);
    const number = node.members ?? (node.kind === "agent" ? 0 : node.count);
    element.querySelector(".figure").textContent = number ? figure(number) : "";
    const description = describe(node);
    if (element.lastChild.textContent !== description) element.lastChild.textContent = description;
  }
  for (const edge of graph.edges) {
    const path = lines.get(edge.key);
    path.dataset.idle = String(edge.kind !== "offer" && now - edge.last > IDLE_MS);
    path.style.setProperty("--w", (1.2 + Math.min(2.6, Math.log10(1 + edge.count) * 0.7)).toFixed(2));
  }
}

/** Highlights a node with its lines and neighbours; without a key, nothing. */
function highlight(key) {
  highlighted = key;
  const near = new Set(key ? [key] : []);
  for (const edge of graph.edges) {
    const touches = edge.from === key || edge.to === key;
    lines.get(edge.key)?.classList.toggle("near", touches);
    if (touches) near.add(edge.from).add(edge.to);
  }
  by("graph").classList.toggle("focused", Boolean(key));
  for (const node of by("graph").querySelectorAll(".node")) node.classList.toggle("near", near.has(node.dataset.key));
}

function show(data) {
  latest = data;
  if (views.current() !== "overview") return;
  for (const [key, call] of calls) if (Date.now() - call.last > CALL_TTL_MS) calls.delete(key);
  graph = network(data, calls.values(), choice);
  const isEmpty = graph.total === 0;
  by("graph").hidden = isEmpty;
  by("no-match").hidden = !isEmpty || !choice.query;
  by("no-graph").hidden = !isEmpty || Boolean(choice.query);
  const keys = Object.values(graph.columns).flat().map(({ key }) => key);
  const now = JSON.stringify([keys, graph.edges.map(({ key }) => key), graph.rest, graph.columns.topic.map(({ isOpen }) => isOpen)]);
  if (now !== structure) {
    structure = now;
    build();
    if (highlighted) highlight(keys.includes(highlighted) ? highlighted : undefined);
  }
  update();
  draw();
}

function countCall(agent, tool) {
  if (!agent) return;
  const key = `${agent}|${tool}`;
  calls.set(key, { agent, tool, count: (calls.get(key)?.count ?? 0) + 1, last: Date.now() });
}

function pulse(event) {
  if (event.event_type === "tool_invoked") countCall(event.sender, event.topic);
  if (!graph || document.hidden || views.current() !== "overview") return;
  const run = (key) => lines.has(key) && pulses.run(key, lines.get(key));
  const [sender, topic, tool] = [`agent:${event.sender}`, `topic:${event.topic}`, `tool:${event.topic}`].map((key) => graph.shownAs.get(key) ?? key);
  if (event.event_type === "event_published") run(`publish|${sender}|${topic}`);
  if (event.event_type === "tool_invoked") run(`call|${sender}|${tool}`);
  if (event.event_type === "event_delivered") {
    const receiver = `agent:${event.receiver}`;
    run(`deliver|${topic}|${graph.shownAs.get(receiver) ?? receiver}`);
  }
}

export function start() {
  polling.subscribe(show);
  live.on("event", pulse);
  by("graph-filter").addEventListener("input", search);
  views.onEnter("overview", () => latest && show(latest));
  new ResizeObserver(resize).observe(by("graph"));
}
