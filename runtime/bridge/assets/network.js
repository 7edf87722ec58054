// From what the runtime says to a graph: topics, agents and tools, and the edges between them. Pure.

const TOPICS = 16;
const AGENTS = 20;
const TOOLS = 14;
const BUS = "EventBus";

/** Whether a subscription means a topic: equal, or `p.*` and the topic begins with `p.`. */
export function means(pattern, topic) {
  return pattern === topic || (pattern.endsWith(".*") && topic.startsWith(pattern.slice(0, -1)));
}

const isReplies = (topic) => /^agent\..*\.replies$/.test(topic);

/** {columns: {topic, agent, tool}, rest: {…}, edges: [{kind, from, to, count, last}]}; a node is {key, kind, name, …}. */
export function network({ topology, flow, tools }, calls) {
  const nodes = new Map();
  const edges = new Map();
  const node = (kind, name, of) => {
    const key = `${kind}:${name}`;
    if (!nodes.has(key)) nodes.set(key, { key, kind, name, count: 0, last: 0, ...of });
    return nodes.get(key);
  };
  const edge = (kind, from, to, count = 0, last = 0) => {
    const key = `${kind}|${from.key}|${to.key}`;
    const known = edges.get(key) ?? { key, kind, from: from.key, to: to.key, count: 0, last: 0 };
    edges.set(key, { ...known, count: known.count + count, last: Math.max(known.last, last) });
    for (const end of [from, to]) end.last = Math.max(end.last, last);
  };

  for (const agent of topology.agents) node("agent", agent.id, { here: agent.connected !== false });
  const toolNames = new Set(tools.tools.map((tool) => tool.name));
  for (const { source, target, topic, count, last_event_ms: last } of flow.flows) {
    if (target === BUS) {
      const place = node("topic", topic);
      place.count += count;
      edge("publish", node("agent", source, { here: false }), place, count, last);
    } else if (source === BUS && !toolNames.has(target)) {
      edge("deliver", node("topic", topic), node("agent", target, { here: false }), count, last);
    }
  }
  const busy = [...nodes.values()].filter(({ kind }) => kind === "topic").map(({ name }) => name);
  for (const agent of topology.agents) {
    for (const pattern of agent.topics) {
      const met = busy.filter((topic) => means(pattern, topic));
      if (!met.length && isReplies(pattern)) continue;
      for (const topic of met.length ? met : [pattern]) edge("deliver", node("topic", topic), node("agent", agent.id));
    }
  }
  for (const tool of tools.tools) {
    // The runtime's own tools, which may be many, are shown once somebody calls them.
    if (!tool.agents.length && !tool.calls) continue;
    const place = node("tool", tool.name, { here: tool.available });
    Object.assign(place, { count: tool.calls, last: tool.last_call_ms ?? 0 });
    for (const agent of tool.agents) edge("offer", node("agent", agent, { here: false }), place);
  }
  for (const { agent, tool, count, last } of calls) {
    if (nodes.has(`agent:${agent}`) && nodes.has(`tool:${tool}`)) edge("call", node("agent", agent), node("tool", tool), count, last);
  }
  return arrange(nodes, [...edges.values()]);
}

function arrange(nodes, edges) {
  const columns = {};
  const rest = {};
  for (const [kind, most] of Object.entries({ topic: TOPICS, agent: AGENTS, tool: TOOLS })) {
    const all = [...nodes.values()].filter((node) => node.kind === kind).sort((a, b) => a.name.localeCompare(b.name));
    const kept = new Set(all.toSorted((a, b) => b.last - a.last).slice(0, most));
    columns[kind] = all.filter((each) => kept.has(each));
    rest[kind] = all.length - columns[kind].length;
  }
  const present = new Set(Object.values(columns).flat().map(({ key }) => key));
  const kept = edges.filter(({ from, to }) => present.has(from) && present.has(to));
  uncross(columns, kept);
  return { columns, rest, edges: kept };
}

/** Puts each node near the middle of its neighbours, a few times over; equal ones stay as they are. */
function uncross(columns, edges) {
  const place = new Map();
  const settle = (column) => column.forEach(({ key }, at) => place.set(key, (at + 0.5) / column.length));
  Object.values(columns).forEach(settle);
  const middle = (key) => {
    const near = edges.flatMap(({ from, to }) => (from === key ? [to] : to === key ? [from] : []));
    const known = near.map((other) => place.get(other));
    return known.length ? known.reduce((sum, at) => sum + at, 0) / known.length : place.get(key);
  };
  for (let round = 0; round < 4; round += 1) {
    for (const kind of ["topic", "tool", "agent"]) {
      const wanted = new Map(columns[kind].map(({ key }) => [key, middle(key)]));
      columns[kind] = columns[kind].toSorted((a, b) => wanted.get(a.key) - wanted.get(b.key));
      settle(columns[kind]);
    }
  }
}
