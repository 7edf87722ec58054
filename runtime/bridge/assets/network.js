// From the server's data to a graph of topics, agents and tools. Pure functions.

const MAX_TOPICS = 16;
const MAX_AGENTS = 20;
const MAX_TOOLS = 14;
const BUS = "EventBus";

/** Whether a pattern matches a topic: equal, or `p.*` and the topic begins with `p.`. */
export function matches(pattern, topic) {
  return pattern === topic || (pattern.endsWith(".*") && topic.startsWith(pattern.slice(0, -1)));
}

const isReplies = (topic) => /^agent\..*\.replies$/.test(topic);

/** Returns {columns: {topic, agent, tool}, rest: {…}, edges: [{key, kind, from, to, count, last}]}. A column holds nodes
 *  {key, kind, name, count, last, isOn}; `rest` is the number of nodes that are left out. */
export function network({ topology, flow, tools }, calls) {
  const nodes = new Map();
  const edges = new Map();
  const node = (kind, name, extra) => {
    const key = `${kind}:${name}`;
    if (!nodes.has(key)) nodes.set(key, { key, kind, name, count: 0, last: 0, ...extra });
    return nodes.get(key);
  };
  const edge = (kind, from, to, count = 0, last = 0) => {
    const key = `${kind}|${from.key}|${to.key}`;
    const known = edges.get(key) ?? { key, kind, from: from.key, to: to.key, count: 0, last: 0 };
    edges.set(key, { ...known, count: known.count + count, last: Math.max(known.last, last) });
    for (const end of [from, to]) end.last = Math.max(end.last, last);
  };

  for (const agent of topology.agents) node("agent", agent.id, { isOn: agent.connected !== false });
  const toolNames = new Set(tools.tools.map((tool) => tool.name));
  for (const { source, target, topic, count, last_event_ms: last } of flow.flows) {
    if (target === BUS) {
      const published = node("topic", topic);
      published.count += count;
      edge("publish", node("agent", source, { isOn: false }), published, count, last);
    } else if (source === BUS && !toolNames.has(target)) {
      edge("deliver", node("topic", topic), node("agent", target, { isOn: false }), count, last);
    }
  }
  const topics = [...nodes.values()].filter(({ kind }) => kind === "topic").map(({ name }) => name);
  for (const agent of topology.agents) {
    for (const pattern of agent.topics) {
      const matched = topics.filter((topic) => matches(pattern, topic));
      if (!matched.length && isReplies(pattern)) continue;
      for (const topic of matched.length ? matched : [pattern]) edge("deliver", node("topic", topic), node("agent", agent.id));
    }
  }
  for (const tool of tools.tools) {
    // The runtime's own tools, which may be many, are shown once they are called.
    if (!tool.agents.length && !tool.calls) continue;
    const offered = node("tool", tool.name, { isOn: tool.available });
    Object.assign(offered, { count: tool.calls, last: tool.last_call_ms ?? 0 });
    for (const agent of tool.agents) edge("offer", node("agent", agent, { isOn: false }), offered);
  }
  for (const { agent, tool, count, last } of calls) {
    if (nodes.has(`agent:${agent}`) && nodes.has(`tool:${tool}`)) edge("call", node("agent", agent), node("tool", tool), count, last);
  }
  return arrange(nodes, [...edges.values()]);
}

/** Keeps the nodes of each kind that were active last, and the edges between them. */
function arrange(nodes, edges) {
  const columns = {};
  const rest = {};
  for (const [kind, limit] of Object.entries({ topic: MAX_TOPICS, agent: MAX_AGENTS, tool: MAX_TOOLS })) {
    const all = [...nodes.values()].filter((node) => node.kind === kind).sort((a, b) => a.name.localeCompare(b.name));
    const kept = new Set(all.toSorted((a, b) => b.last - a.last).slice(0, limit));
    columns[kind] = all.filter((each) => kept.has(each));
    rest[kind] = all.length - columns[kind].length;
  }
  const present = new Set(Object.values(columns).flat().map(({ key }) => key));
  const kept = edges.filter(({ from, to }) => present.has(from) && present.has(to));
  uncross(columns, kept);
  return { columns, rest, edges: kept };
}

/** Reduces crossings: sorts every column by the mean position of the neighbours, four times (barycentre heuristic). */
function uncross(columns, edges) {
  const positions = new Map();
  const setPositions = (column) => column.forEach(({ key }, at) => positions.set(key, (at + 0.5) / column.length));
  Object.values(columns).forEach(setPositions);
  const mean = (key) => {
    const near = edges.flatMap(({ from, to }) => (from === key ? [to] : to === key ? [from] : []));
    const known = near.map((other) => positions.get(other));
    return known.length ? known.reduce((sum, at) => sum + at, 0) / known.length : positions.get(key);
  };
  for (let round = 0; round < 4; round += 1) {
    for (const kind of ["topic", "tool", "agent"]) {
      const targets = new Map(columns[kind].map(({ key }) => [key, mean(key)]));
      columns[kind] = columns[kind].toSorted((a, b) => targets.get(a.key) - targets.get(b.key));
      setPositions(columns[kind]);
    }
  }
}
