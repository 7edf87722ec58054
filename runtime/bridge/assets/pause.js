// Pauses in long work, in which the page draws and answers to keys.

/** Resolves in a task of its own. */
export const pause = () => new Promise((resolve) => setTimeout(resolve));
