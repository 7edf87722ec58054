// Addresses of the server, relative to this file: a proxy may serve the dashboard below any prefix.

/** The URL of a path such as `api/topology`. */
export const at = (path) => new URL(`../${path}`, import.meta.url).href;

/** The path below which the dashboard is served. */
export const base = new URL("../", import.meta.url).pathname;
