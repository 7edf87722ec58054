// What the address says about runs: `#runs?status=failed&q=words`, `#runs/<id>?span=<id>`, `#runs/<id>/with/<id>`.

/** The parameters of the list: filters, and the place in the past. */
export const FILTERS = ["status", "agent", "topic", "tool", "model", "conversation", "q", "min_ms", "max_ms", "since", "until", "last", "registrations"];

/** The place after the name of the view: {run, other, span, cursor, filters}. */
export function read(rest, query) {
  const [run, word, other] = (rest ?? "").split("/");
  const parameters = new URLSearchParams(query ?? "");
  const filters = {};
  for (const name of FILTERS) if (parameters.get(name)) filters[name] = parameters.get(name);
  const span = parameters.get("span") ?? undefined;
  const cursor = parameters.get("cursor") ?? undefined;
  return { run: run || undefined, other: word === "with" ? other || undefined : undefined, span, cursor, filters };
}

/** The fragment of a place. */
export function fragment({ run, other, span, cursor, filters = {} }) {
  const parameters = new URLSearchParams(filters);
  if (span) parameters.set("span", span);
  if (cursor && !run) parameters.set("cursor", cursor);
  const path = ["runs", run, other && "with", other].filter(Boolean).map(encodeURIComponent).join("/");
  return `#${path}${parameters.size ? `?${parameters}` : ""}`;
}

/** Puts a place into the address without a step of its own in the browser's history. */
export const replace = (place) => history.replaceState(history.state, "", fragment(place));
