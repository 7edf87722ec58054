// What a model was told and what it answered, as messages: from the forms of OpenTelemetry's conventions, of `llm:generate`,
// and of the APIs of OpenAI and Anthropic.

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** A part of a message as {kind: `text`, `call`, `result` or `other`, text or value, name}. */
function part(of) {
  if (typeof of === "string") return { kind: "text", text: of };
  switch (of?.type) {
    case "text":
    case "input_text":
    case "output_text":
      return { kind: "text", text: textOf(of.text ?? of.content ?? "") };
    case "reasoning":
    case "thinking":
      return { kind: "text", name: "reasoning", text: textOf(of.content ?? of.thinking ?? of.text ?? "") };
    case "tool_call":
    case "tool_use":
      return { kind: "call", name: of.name, id: of.id, value: of.arguments ?? of.input };
    case "tool_call_response":
    case "tool_result":
      return { kind: "result", name: of.name, id: of.id ?? of.tool_use_id, value: of.response ?? of.result ?? of.content };
    default:
      return { kind: "other", value: of };
  }
}

/** A call of a tool as OpenAI has it. */
const openAiCall = ({ id, function: called }) => ({ kind: "call", id, name: called?.name, value: parse(called?.arguments) ?? called?.arguments });

function message(of) {
  if (of?.parts) return { role: of.role, parts: of.parts.map(part) };
  const contents = Array.isArray(of.content) ? of.content : of.content === null || of.content === undefined ? [] : [of.content];
  const parts = of.role === "tool" ? [{ kind: "result", id: of.tool_call_id, name: of.name, value: of.content }] : contents.map(part);
  return { role: of.role, parts: [...parts, ...(of.tool_calls ?? []).map(openAiCall)] };
}

const isMessage = (value) => typeof value?.role === "string" && (value.parts === undefined || Array.isArray(value.parts));
const areMessages = (value) => Array.isArray(value) && value.length > 0 && value.every(isMessage);
const said = (role, text) => ({ role, parts: [{ kind: "text", text: textOf(text) }] });

function told(value) {
  if (areMessages(value)) return value.map(message);
  const system = value?.system ? [said("system", value.system)] : [];
  if (areMessages(value?.messages)) return [...system, ...value.messages.map(message)];
  if (typeof value?.prompt === "string") return [...system, said("user", value.prompt)];
  return undefined;
}

function answered(value) {
  if (areMessages(value)) return value.map(message);
  if (Array.isArray(value?.choices)) return value.choices.map(({ message: of }) => of).filter(isMessage).map(message);
  if (isMessage(value)) return [message(value)];
  if (typeof value?.text === "string") return [said("assistant", value.text)];
  return undefined;
}

const instructions = (value) => [{ role: "system", parts: (Array.isArray(value) ? value : [value]).map(part) }];

const READERS = { input: told, input_messages: told, output: answered, output_messages: answered, instructions };

/** Whether the span is the work of a model, so that its bodies are messages. */
export const isModel = (span) => Boolean(span.model) || span.name.startsWith("llm.") || span.name.startsWith("chat") || (span.tool ?? "").startsWith("llm:");

/** The messages of a body; undefined if it holds none, or only their beginning. */
export function read(body) {
  const value = parse(body.text);
  return value === undefined || value === null ? undefined : READERS[body.kind]?.(value);
}
