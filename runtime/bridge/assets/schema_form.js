// A form for a JSON schema: a field for each plain property, and a text area with JSON for what is more than that.

import { h } from "./dom.js";

const PLAIN = { string: "text", integer: "number", number: "number" };
const MOST_FIELDS = 40;

/** What a property is edited as: `text`, `number`, `checkbox`, `choice` or `json`. */
function editor({ type, enum: choices } = {}) {
  if (Array.isArray(choices) && choices.length && choices.every((choice) => typeof choice === "string")) return "choice";
  if (type === "boolean") return "checkbox";
  return PLAIN[type] ?? "json";
}

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function field(name, schema, isRequired) {
  const kind = editor(schema);
  const preset = schema?.default;
  const attributes = { name, id: `argument-${name}`, autocomplete: "off", spellcheck: "false", required: isRequired && kind !== "checkbox" };
  const input = {
    text: () => h("input", { ...attributes, type: "text", value: preset ?? "" }),
    number: () => h("input", { ...attributes, type: "number", step: schema.type === "integer" ? "1" : "any", value: preset ?? "" }),
    checkbox: () => h("input", { ...attributes, type: "checkbox", checked: preset === true }),
    choice: () => h("select", attributes, isRequired ? null : h("option", { value: "" }, "–"), schema.enum.map((each) => h("option", { value: each, selected: each === preset }, each))),
    json: () => h("textarea", { ...attributes, rows: "3", placeholder: "JSON" }, preset === undefined ? "" : asText(preset)),
  }[kind]();
  const hint = schema?.description ? h("small", {}, String(schema.description)) : null;
  const label = h("label", { for: attributes.id }, h("span", { class: "name" }, name, isRequired ? h("span", { class: "muted" }, " required") : null), hint);
  return { element: h("div", { class: `field ${kind}` }, label, input), name, kind, input };
}

/** The value of a field; undefined where it is left empty. Throws if it is no JSON. */
function valueOf({ kind, input, name }) {
  if (kind === "checkbox") return input.checked;
  if (input.value === "") return undefined;
  if (kind === "number") return Number(input.value);
  return kind === "json" ? parse(input.value, name) : input.value;
}

function parse(text, name) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is no JSON: ${error.message}`);
  }
}

/** One text area for all arguments. */
function whole() {
  const input = h("textarea", { id: "arguments", rows: "6", spellcheck: "false", autocomplete: "off" }, "{}");
  return {
    elements: [h("div", { class: "field json" }, h("label", { for: "arguments" }, h("span", { class: "name" }, "Arguments (JSON)")), input)],
    read: () => (input.value.trim() ? parse(input.value, "this") : {}),
  };
}

/** The fields for a schema, as {elements, read()}; `read` returns the arguments or throws what is wrong. */
export function schemaForm(schema) {
  const properties = schema && typeof schema.properties === "object" ? Object.entries(schema.properties ?? {}) : [];
  if (!properties.length || properties.length > MOST_FIELDS) return whole();
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  // Those that are required come first, in the order of the schema: the server's JSON has the others by name.
  const order = [...required].filter((name) => Object.hasOwn(schema.properties, name));
  const names = [...order, ...properties.map(([name]) => name).filter((name) => !required.has(name))];
  const fields = names.map((name) => field(name, schema.properties[name], required.has(name)));
  const read = () => Object.fromEntries(fields.map((each) => [each.name, valueOf(each)]).filter(([, value]) => value !== undefined));
  return { elements: fields.map(({ element }) => element), read };
}
