// Requests single runs, by a worker.

import { HistoryError, read } from "./history_api.js";
import { at } from "./paths.js";
import * as session from "./session.js";

const waiting = new Map(); // number -> {spans, resolve, reject, used}
let worker;
let count = 0;

function receive({ data }) {
  const request = waiting.get(data.number);
  if (!request) return;
  if (data.part) {
    request.spans.push(...data.part);
    return;
  }
  waiting.delete(data.number);
  if (data.status === 401) session.refused(request.used);
  if (data.run) request.resolve({ ...data.run, list: request.spans });
  else request.reject(new HistoryError(data.error, data.status));
}

function open() {
  worker = new Worker(at("static/run_reader.js"), { type: "module", name: "loom-runs" });
  worker.onmessage = receive;
  worker.onerror = () => {
    waiting.forEach(({ reject }) => reject(new HistoryError("the run could not be read")));
    waiting.clear();
    worker = undefined;
  };
}

/** A run with its spans by start, in `list`. Throws a {@link HistoryError}. */
export async function load(id) {
  const path = `api/runs/${encodeURIComponent(id)}`;
  if (!window.Worker) {
    const { span_list: list, ...run } = await read(path);
    return { ...run, list };
  }
  if (!worker) open();
  const number = ++count;
  const used = session.current();
  return new Promise((resolve, reject) => {
    waiting.set(number, { spans: [], resolve, reject, used });
    worker.postMessage({ number, url: at(path), session: used });
  });
}
