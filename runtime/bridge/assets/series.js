// From samples to the points of a chart. Pure functions.

const MOST_POINTS = 400;

/** Points {at, value} of samples within a range; samples without a value are left out. */
export function points(samples, of, from) {
  const all = samples.filter((sample) => sample.timestamp_ms >= from).map((sample) => ({ at: sample.timestamp_ms, value: of(sample) }));
  return thinned(all.filter(({ value }) => value !== undefined && value !== null));
}

/** At most so many points as a chart can show; each is the highest of those that it stands for. */
function thinned(all) {
  const each = Math.ceil(all.length / MOST_POINTS);
  if (each <= 1) return all;
  const highest = (some) => some.reduce((most, point) => (point.value > most.value ? point : most));
  return Array.from({ length: Math.ceil(all.length / each) }, (_, n) => highest(all.slice(n * each, (n + 1) * each)));
}

/** The minutes of the history as samples, with one for each minute in which nothing happened. */
export function minutes(overview, from, to) {
  const MINUTE = 60_000;
  const known = new Map(overview.minutes.map((minute) => [minute.at_ms, minute]));
  const first = Math.max(Math.ceil(from / MINUTE) * MINUTE, overview.minutes[0]?.at_ms ?? to);
  const samples = [];
  // The minute that is not over yet would look like a fall.
  for (let at = first; at + MINUTE <= to; at += MINUTE) samples.push({ timestamp_ms: at, events: 0, errors: 0, runs: 0, input_tokens: 0, output_tokens: 0, ...known.get(at) });
  return samples;
}
