// Which nodes the columns of the network show: where there are many, those with the same beginning are one group, which
// opens, and what was not active lately is left out, which expands. Pure functions.

const LIMITS = { topic: 16, agent: 20, tool: 14 };
const MOST = 120; // nodes in a column, however many are opened
const MEMBERS = 40; // of one open group
/** How many further nodes a column shows at a time. */
export const STEP = 20;

const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const byActivity = (a, b) => b.last - a.last || byName(a, b);

/** The part of a name up to its first separator, with it: `market.` of `market.btc`; the whole name where there is none. */
export const prefixOf = (name) => /^[^.:/_-]+[.:/_-]/.exec(name)?.[0] ?? name;

function groupOf(kind, prefix, members, isOpen) {
  return {
    key: `group:${kind}:${prefix}`,
    kind,
    name: `${prefix}*`,
    members: members.length,
    isOpen,
    count: members.reduce((sum, { count }) => sum + count, 0),
    last: members.reduce((last, node) => Math.max(last, node.last), 0),
    isOn: members.some(({ isOn }) => isOn !== false),
  };
}

/** One column. Puts into `shownAs` what each node is shown as. */
function column(kind, nodes, { opened, more }, shownAs) {
  const limit = Math.min(LIMITS[kind] + (more[kind] ?? 0), MOST);
  const asItself = (node) => shownAs.set(node.key, node.key);
  if (nodes.length <= limit) {
    nodes.forEach(asItself);
    return { shown: nodes.toSorted(byName), rest: 0 };
  }
  const families = [...Map.groupBy(nodes, ({ name }) => prefixOf(name))];
  const entries = families.map(([prefix, members]) => {
    if (members.length === 1) return { head: members[0], members: [] };
    const isOpen = opened.has(`group:${kind}:${prefix}`);
    return { head: groupOf(kind, prefix, members, isOpen), members };
  });
  const kept = entries.toSorted((a, b) => byActivity(a.head, b.head)).slice(0, limit).sort((a, b) => byName(a.head, b.head));
  const shown = [];
  for (const { head, members } of kept) {
    shown.push(head);
    shownAs.set(head.key, head.key);
    members.forEach(({ key }) => shownAs.set(key, head.key));
    if (!head.isOpen) continue;
    const inside = members.toSorted(byActivity).slice(0, Math.min(MEMBERS, MOST - shown.length));
    inside.forEach(asItself);
    shown.push(...inside.sort(byName).map((node) => ({ ...node, isMember: true })));
    head.hidden = members.length - inside.length;
  }
  const count = kept.reduce((sum, { members }) => sum + Math.max(1, members.length), 0);
  return { shown, rest: nodes.length - count };
}

/** The columns of these nodes, as {shown, rest, shownAs}. */
export function columns(nodes, choice) {
  const shownAs = new Map();
  const [shown, rest] = [{}, {}];
  for (const kind of Object.keys(LIMITS)) {
    const one = column(kind, nodes.filter((node) => node.kind === kind), choice, shownAs);
    [shown[kind], rest[kind]] = [one.shown, one.rest];
  }
  return { shown, rest, shownAs };
}
