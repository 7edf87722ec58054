// Shows who is there and what happens. Everything that comes from agents is put in as text, never as markup.

const KEEP = 500; // rows shown, and rows held back while paused
const REFRESH_MS = 2000;

const by = (id) => document.getElementById(id);
const link = by("link");
const list = by("events");
const filter = by("filter");
const pause = by("pause");

const shown = []; // newest first
let arrived = []; // oldest first, not drawn yet
let paused = false;
let missed = 0;
let drawing = false;
let asking = false;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

function events(number) {
  return `${number.toLocaleString()} ${number === 1 ? "event" : "events"}`;
}

function say(state, text) {
  link.dataset.state = state;
  link.textContent = text;
}

// Agents and figures

function chips(label, names) {
  const line = element("p", "", names.length ? `${label} ` : `no ${label.toLowerCase()}`);
  for (const name of names) line.append(element("code", "", name), " ");
  return line;
}

function showAgents(topology) {
  const counts = new Map();
  for (const edge of topology.edges) {
    counts.set(edge.to_agent, (counts.get(edge.to_agent) ?? 0) + edge.event_count);
  }
  const cards = topology.agents.map((agent) => {
    const away = agent.connected === false;
    const card = element("li", away ? "away" : "");
    const title = element("h3", "", `${agent.id} `);
    title.append(element("span", "", away ? "away" : "connected"));
    const received = counts.get(agent.id) ?? 0;
    card.append(
      title,
      chips("Topics", agent.topics),
      chips("Tools", agent.capabilities),
      element("p", "", `${events(received)} received`),
    );
    return card;
  });
  by("agents").replaceChildren(...cards);
  by("no-agents").hidden = cards.length > 0;
}

function showFigures(metrics) {
  for (const [name, value] of Object.entries(metrics)) {
    const place = by(name);
    if (place) place.textContent = Number.isInteger(value) ? value.toLocaleString() : value.toFixed(1);
  }
}

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function refresh() {
  if (asking) return;
  asking = true;
  try {
    const [topology, metrics] = await Promise.all([json("/api/topology"), json("/api/metrics")]);
    showAgents(topology);
    showFigures(metrics);
  } catch {
    // The event stream says that the runtime is gone; the next turn tries again.
  } finally {
    asking = false;
  }
}

// Events

function matches(event) {
  const wanted = filter.value.trim().toLowerCase();
  if (!wanted) return true;
  const { event_type, topic, sender, event_id, thread_id, correlation_id, payload_preview } = event;
  const text = [event_type, topic, sender, event_id, thread_id, correlation_id, payload_preview];
  return text.some((part) => part && part.toLowerCase().includes(wanted));
}

function row(event) {
  const line = element("li");
  const time = new Date(event.timestamp).toLocaleTimeString([], { hour12: false });
  line.append(
    element("span", "time", time),
    element("span", "what", event.event_type.replaceAll("_", " ")),
    element("span", "topic", event.topic),
    element("span", "who", event.sender),
    element("span", "text", event.payload_preview),
  );
  line.title = `id ${event.event_id}`;
  return line;
}

function note() {
  const parts = [];
  if (paused) parts.push(`paused, ${arrived.length.toLocaleString()} waiting`);
  if (missed) parts.push(`${events(missed)} came too fast for this page`);
  by("note").textContent = parts.join(" · ");
}

function showEmptiness() {
  by("no-events").hidden = list.childElementCount > 0;
  by("no-events").textContent = shown.length ? "No event matches the filter." : "Nothing happened yet.";
}

function redraw() {
  list.replaceChildren(...shown.filter(matches).map(row));
  showEmptiness();
}

function draw() {
  drawing = false;
  if (!paused) {
    const fresh = arrived.reverse();
    arrived = [];
    shown.unshift(...fresh);
    shown.length = Math.min(shown.length, KEEP);
    list.prepend(...fresh.slice(0, KEEP).filter(matches).map(row));
    while (list.childElementCount > KEEP) list.lastElementChild.remove();
    showEmptiness();
  }
  note();
}

function soon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

function take(event) {
  arrived.push(event);
  if (arrived.length > KEEP) arrived.shift();
  if (event.event_type.startsWith("agent_")) refresh();
  soon();
}

filter.addEventListener("input", redraw);
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Resume" : "Pause";
  soon();
});
by("clear").addEventListener("click", () => {
  shown.length = 0;
  arrived = [];
  missed = 0;
  redraw();
  note();
});

const stream = new EventSource("/api/events/stream");
stream.addEventListener("ping", () => say("live", "live"));
stream.addEventListener("lagged", (told) => {
  missed += JSON.parse(told.data).missed;
  soon();
});
stream.addEventListener("message", (told) => take(JSON.parse(told.data)));
stream.addEventListener("open", refresh);
stream.addEventListener("error", () => say("lost", "the runtime does not answer; trying again…"));

setInterval(refresh, REFRESH_MS);
refresh();
