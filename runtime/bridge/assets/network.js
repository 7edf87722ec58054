// From the server's data to a graph of topics, agents and tools. Pure functions, whose work grows with the number of agents
// and topics, not with their product.

import { columns } from "./columns.js";
import { isReplies } from "./topics.js";
import { TopicIndex } from "./topic_index.js";

const BUS = "EventBus";
const MAX_EDGES = 400;
const MAX_NEAR = 200; // neighbours of what a search has found

/** The nodes {key, kind, name, count, last, isOn} by key, and what connects them: links {kind, from, to, count, last}, and
 *  the patterns of agents {agent, pattern}. */
function collect({ topology, flow, tools }, calls) {
  const nodes = new Map();
  const links = [];
  const patterns = [];
  const node = (kind, name, extra) => {
    const key = `${kind}:${name}`;
    if (!nodes.has(key)) nodes.set(key, { key, kind, name, count: 0, last: 0, ...extra });
    return nodes.get(key);
  };
  const link = (kind, from, to, count = 0, last = 0) => {
    links.push({ kind, from: from.key, to: to.key, count, last });
    for (const end of [from, to]) end.last = Math.max(end.last, last);
  };

  for (const agent of topology.agents) node("agent", agent.id, { isOn: agent.connected !== false });
  const toolNames = new Set(tools.tools.map((tool) => tool.name));
  for (const { source, target, topic, count, last_event_ms: last } of flow.flows) {
    if (target === BUS) {
      const published = node("topic", topic);
      published.count += count;
      link("publish", node("agent", source, { isOn: false }), published, count, last);
    } else if (source === BUS && !toolNames.has(target)) {
      link("deliver", node("topic", topic), node("agent", target, { isOn: false }), count, last);
    }
  }
  const index = new TopicIndex([...nodes.values()].filter(({ kind }) => kind === "topic").map(({ name }) => name));
  for (const agent of topology.agents) {
    for (const pattern of agent.topics) {
      const isKnown = index.matching(pattern).length > 0;
      if (!isKnown && isReplies(pattern)) continue;
      if (!isKnown) node("topic", pattern);
      patterns.push({ agent: `agent:${agent.id}`, pattern });
    }
  }
  for (const tool of tools.tools) {
    // The runtime's own tools, which may be many, are shown once they are called.
    if (!tool.agents.length && !tool.calls) continue;
    const offered = node("tool", tool.name, { isOn: tool.available });
    Object.assign(offered, { count: tool.calls, last: tool.last_call_ms ?? 0 });
    for (const agent of tool.agents) link("offer", node("agent", agent, { isOn: false }), offered);
  }
  for (const { agent, tool, count, last } of calls) {
    if (nodes.has(`agent:${agent}`) && nodes.has(`tool:${tool}`)) link("call", node("agent", agent), node("tool", tool), count, last);
  }
  return { nodes, links, patterns, index };
}

/** The topics of a pattern, as keys; a pattern without topics is a node itself. */
function topicsOf(pattern, index) {
  const found = index.matching(pattern);
  return found.length ? found.map((topic) => `topic:${topic}`) : [`topic:${pattern}`];
}

/** Only the nodes whose names have the words of a search, and their neighbours. */
function found({ nodes, links, patterns, index }, query) {
  const hits = new Set([...nodes.values()].filter(({ name }) => name.toLowerCase().includes(query)).map(({ key }) => key));
  const near = new Set();
  const pair = (one, other) => {
    if (near.size >= MAX_NEAR) return;
    if (hits.has(one)) near.add(other);
    if (hits.has(other)) near.add(one);
  };
  links.forEach(({ from, to }) => pair(from, to));
  for (const { agent, pattern } of patterns) {
    if (near.size >= MAX_NEAR) break;
    topicsOf(pattern, index).slice(0, MAX_NEAR).forEach((topic) => pair(agent, topic));
  }
  return new Map([...nodes].filter(([key]) => hits.has(key) || near.has(key)));
}

/** Edges between what the columns show: those of a group's members are its own. The ones that were active last. */
function edgesOf({ links, patterns, index }, shownAs) {
  const edges = new Map();
  const add = ({ kind, from, to, count, last }) => {
    const [a, b] = [shownAs.get(from), shownAs.get(to)];
    if (!a || !b) return;
    const key = `${kind}|${a}|${b}`;
    const known = edges.get(key) ?? { key, kind, from: a, to: b, count: 0, last: 0 };
    known.count += count;
    known.last = Math.max(known.last, last);
    edges.set(key, known);
  };
  links.forEach(add);
  const ends = new Map(); // pattern -> what is shown of its topics
  for (const { agent, pattern } of patterns) {
    if (!shownAs.has(agent)) continue;
    if (!ends.has(pattern)) {
      const shown = new Map(topicsOf(pattern, index).filter((key) => shownAs.has(key)).map((key) => [shownAs.get(key), key]));
      ends.set(pattern, [...shown.values()]);
    }
    for (const topic of ends.get(pattern)) add({ kind: "deliver", from: topic, to: agent, count: 0, last: 0 });
  }
  const all = [...edges.values()];
  return all.length > MAX_EDGES ? all.toSorted((a, b) => b.last - a.last).slice(0, MAX_EDGES) : all;
}

/** Returns {columns: {topic, agent, tool}, rest: {…}, edges: [{key, kind, from, to, count, last}], shownAs}. A column holds
 *  nodes, and groups of them, which have `members`; `rest` is the number of nodes that are left out; `shownAs` maps the key
 *  of every node that is shown to its own or that of its group. `choice` is {query, opened, more}: a search, the keys of
 *  the groups that are open, and how many further nodes a column shows. */
export function network(data, calls, choice) {
  const all = collect(data, calls);
  const query = choice.query.trim().toLowerCase();
  const nodes = query ? found(all, query) : all.nodes;
  const { shown, rest, shownAs } = columns([...nodes.values()], choice);
  const edges = edgesOf(all, shownAs);
  uncross(shown, edges);
  return { columns: shown, rest, edges, shownAs, total: nodes.size };
}

/** Reduces crossings: sorts every column by the mean position of the neighbours, four times (barycentre heuristic). Open
 *  groups stay together, above their members. */
function uncross(columns, edges) {
  const near = new Map();
  for (const { from, to } of edges) {
    for (const [one, other] of [[from, to], [to, from]]) near.has(one) ? near.get(one).push(other) : near.set(one, [other]);
  }
  const positions = new Map();
  const setPositions = (column) => column.forEach(({ key }, at) => positions.set(key, (at + 0.5) / column.length));
  Object.values(columns).forEach(setPositions);
  const mean = (key) => {
    const known = (near.get(key) ?? []).map((other) => positions.get(other)).filter((at) => at !== undefined);
    return known.length ? known.reduce((sum, at) => sum + at, 0) / known.length : positions.get(key);
  };
  for (let round = 0; round < 4; round += 1) {
    for (const kind of ["topic", "tool", "agent"]) {
      if (columns[kind].some(({ isOpen }) => isOpen)) continue;
      const targets = new Map(columns[kind].map(({ key }) => [key, mean(key)]));
      columns[kind] = columns[kind].toSorted((a, b) => targets.get(a.key) - targets.get(b.key));
      setPositions(columns[kind]);
    }
  }
}
