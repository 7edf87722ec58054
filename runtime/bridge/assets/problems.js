// What is wrong with a runtime, worst first. Pure functions.

import { percent } from "./format.js";

const BAD_SHARE = 0.05; // failed calls from here on are a problem
const FEW_CALLS = 20; // with fewer calls, one failure is a problem
const LONG_QUEUE = 1000;

const isBad = ({ calls, errors }) => errors > 0 && (calls < FEW_CALLS || errors / calls >= BAD_SHARE);
const share = ({ calls, errors }) => errors / calls;

function failing(kind, all) {
  const worst = all.filter(isBad).toSorted((a, b) => share(b) - share(a));
  return worst.map((each) => ({ kind, name: each.name, text: `fails ${percent(each.errors, each.calls)} of its calls (${each.errors} of ${each.calls})` }));
}

/** The problems as {kind, name, text}: failing tools and models, MCP servers and LLM providers that cannot be used, full
 *  queues, drops. */
export function problems({ tools, models, runtime, dropped }) {
  const down = runtime.mcp.filter(({ state }) => state === "down").map(({ name, reason }) => ({ kind: "mcp", name, text: `is down: ${reason ?? "no reason"}` }));
  const unusable = runtime.llm.filter(({ error }) => error).map(({ name, error }) => ({ kind: "llm", name, text: `cannot be used: ${error}` }));
  const queue = runtime.queued >= LONG_QUEUE ? [{ kind: "queue", name: "", text: `${runtime.queued.toLocaleString("en")} events wait for slow readers` }] : [];
  const lost = dropped ? [{ kind: "drops", name: "", text: `${dropped.toLocaleString("en")} events were dropped for slow readers in the last five minutes` }] : [];
  return [...failing("tool", tools), ...failing("model", models), ...down, ...unusable, ...lost, ...queue];
}
