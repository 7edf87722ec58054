// Commands for a shell that publish an event or call a tool again. Tokens are variables in them, never values.

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const AUTHORIZATION = '"authorization: Bearer $LOOM_BRIDGE_TOKEN"';

const isJson = (text) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** A JSON object whose `raw` values are JSON text that stays as it is. */
function object(values, raw) {
  const plain = Object.entries(values).filter(([, value]) => value !== undefined).map(([key, value]) => [key, JSON.stringify(value)]);
  const parts = [...plain, ...Object.entries(raw)].map(([key, json]) => `${JSON.stringify(key)}: ${json}`);
  return `{${parts.join(", ")}}`;
}

function base64(text) {
  const binary = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary);
}

function curl(path, body, hasToken) {
  const lines = [`curl --silent --show-error ${quoted(new URL(path, document.baseURI).href.split("#")[0])}`, `-H 'content-type: application/json'`];
  if (hasToken) lines.push(`-H ${AUTHORIZATION}`);
  return [...lines, `-d ${quoted(body)}`].join(" \\\n  ");
}

function grpcurl(method, body, hasToken) {
  const lines = ["grpcurl -plaintext"];
  if (hasToken) lines.push(`-H ${AUTHORIZATION}`);
  return [...lines, `-d ${quoted(body)}`, `"\${LOOM_BRIDGE_ADDR:-127.0.0.1:50051}" ${method}`].join(" \\\n  ");
}

const filled = (metadata) => (Object.keys(metadata).length ? metadata : undefined);

/** `curl` that publishes an event {topic, type, metadata, payload}. */
export function curlOfEvent({ topic, type, metadata, payload }, hasToken) {
  const payloadJson = isJson(payload) ? { payload } : payload ? { payload_text: JSON.stringify(payload) } : {};
  return curl("api/events", object({ topic, type: type || undefined, metadata: filled(metadata) }, payloadJson), hasToken);
}

/** `grpcurl` that publishes an event. Bytes are base64 in its JSON. */
export function grpcurlOfEvent({ topic, type, metadata, payload }, hasToken) {
  const id = `copy-${crypto.getRandomValues(new Uint32Array(1))[0].toString(16)}`;
  const event = object({ id, type: type || undefined, metadata: filled(metadata), payload: base64(payload) }, {});
  return grpcurl("loom.v1.EventBus/Publish", object({ topic }, { event }), hasToken);
}

/** `curl` that calls a tool with these arguments, as JSON text. */
export const curlOfCall = ({ tool, input }, hasToken) => curl("api/tools/call", object({ tool }, { arguments: input || "{}" }), hasToken);

/** `grpcurl` that calls a tool. */
export function grpcurlOfCall({ tool, input }, hasToken) {
  const id = `copy-${crypto.getRandomValues(new Uint32Array(1))[0].toString(16)}`;
  return grpcurl("loom.v1.Bridge/ForwardToolCall", object({ id, name: tool, arguments: input || "{}" }, {}), hasToken);
}
