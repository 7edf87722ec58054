// What a range of time looked like, from the history; asked again while its view is shown.

import * as polling from "./polling.js";
import * as session from "./session.js";
import * as views from "./views.js";

const INTERVAL_MS = 3000;

/** Asks for the overview of `range()` while `view` is shown, and calls `show` with it, or with nothing where there is no
 *  history. Returns {ask()}. */
export function past(view, range, show) {
  let asked = 0;
  let isAsking = false;
  async function ask() {
    const mine = ++asked;
    isAsking = true;
    try {
      const overview = await polling.request(`api/overview?since=${Date.now() - range().ms}`);
      if (mine === asked) show(overview);
    } catch (error) {
      // Where the server does not answer, what was known stays.
      if (mine === asked && error.status === 404) show(undefined);
    } finally {
      if (mine === asked) isAsking = false;
    }
  }
  setInterval(() => {
    if (!isAsking && !document.hidden && views.current() === view && !session.isRequired()) ask();
  }, INTERVAL_MS);
  return { ask };
}
