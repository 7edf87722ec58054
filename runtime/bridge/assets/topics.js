// What the names of topics say.

/** Whether a pattern matches a topic: equal, or `p.*` and the topic begins with `p.`. */
export function matches(pattern, topic) {
  return pattern === topic || (pattern.endsWith(".*") && topic.startsWith(pattern.slice(0, -1)));
}

/** Whether answers to one agent are sent to the topic. */
export const isReplies = (topic) => /^agent\..*\.replies$/.test(topic);
