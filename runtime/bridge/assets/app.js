// The dashboard: starts all parts.
//
//   live      events that the server sends            polling   data that the page requests
//   feed      the stream of them                      worker    shares it between tabs
//   session   who has logged in                       login     asks for the token
//   views     one view at a time                      drawer    details at the side
//   graph     network, pulses                         metrics   chart
//   agents, tools  table                              events    the event list
//   runs      the list, its filters and its history; run_page, run_compare: one run, two
//   identity  gone                                    health    problems, services, slow_calls, latest_errors
//   traces    waterfall                               theme, keys, dom, format

import * as agents from "./agents.js";
import * as drawer from "./drawer.js";
import * as events from "./events.js";
import * as gone from "./gone.js";
import * as graph from "./graph.js";
import * as health from "./health.js";
import * as identity from "./identity.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as login from "./login.js";
import * as metrics from "./metrics.js";
import * as polling from "./polling.js";
import * as runs from "./runs.js";
import * as session from "./session.js";
import * as theme from "./theme.js";
import * as tools from "./tools.js";
import * as traces from "./traces.js";
import * as views from "./views.js";

const PARTS = [theme, drawer, login, identity, gone, health, agents, tools, events, traces, runs, metrics, graph, keys];
for (const part of PARTS) part.start();
await session.start();
await live.connect();
for (const part of [views, polling]) part.start();
