// Shows who is there and what happens.
//
//   live      what the runtime tells by itself      facts     what it says when asked
//   views     one view at a time                    drawer    details at the side
//   graph     network, pulses                       metrics   chart
//   agents, tools  table                            events    the stream
//   traces    waterfall                             theme, keys, dom, format

import * as agents from "./agents.js";
import * as drawer from "./drawer.js";
import * as events from "./events.js";
import * as facts from "./facts.js";
import * as graph from "./graph.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as metrics from "./metrics.js";
import * as theme from "./theme.js";
import * as tools from "./tools.js";
import * as traces from "./traces.js";
import * as views from "./views.js";

for (const part of [theme, drawer, agents, tools, events, traces, metrics, graph, views, keys, facts, live]) part.start();
