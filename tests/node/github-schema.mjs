// Judges answers of a GitHub API by GitHub's own OpenAPI description.
// Reads lines of JSON {method, route, request, status, body} on stdin; prints what is wrong, one line each, and how many were judged.
// Usage: node github-schema.mjs FOLDER-WITH-node_modules < transcript
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'package.json'));
const Ajv = require('ajv').default;
const formats = require('ajv-formats').default;
const file = require.resolve('@octokit/openapi/generated/api.github.com.deref.json');
const api = JSON.parse(readFileSync(file, 'utf8'));

// OpenAPI 3.0 says `nullable`, JSON Schema says `null` among the types.
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (schema === null || typeof schema !== 'object') return schema;
  const { nullable, example, examples, ...rest } = schema;
  const copy = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plain(value)]));
  return nullable === true ? { anyOf: [copy, { type: 'null' }] } : copy;
}

// No answer may hold a field that the description does not know: a misspelt optional one would pass.
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (copy.type === 'object' && copy.properties && copy.additionalProperties === undefined) copy.additionalProperties = false;
  return copy;
}

const ajv = formats(new Ajv({ strict: false, allErrors: true }));
const compiled = new Map();
const releases = '/repos/{owner}/{repo}/releases';
const basic = described('get', releases, 404); // basic-error
const invalid = described('post', releases, 422); // validation-error

function described(method, route, status) {
  return api.paths[route][method].responses[String(status)]?.content?.['application/json']?.schema;
}

function check(key, schema, document) {
  if (!compiled.has(key)) compiled.set(key, ajv.compile(closed(plain(schema))));
  const validate = compiled.get(key);
  return validate(document) ? [] : validate.errors.map((error) => `${error.instancePath || '/'} ${error.message}`);
}

// What was sent: each document by the description of its operation.
function judgeRequest({ method, route, request }) {
  const body = api.paths[route][method].requestBody?.content?.['application/json']?.schema;
  if (request === null) return [];
  if (!body) return ['its request has a document'];
  return check(`${method} ${route} request`, body, request).map((why) => `request: ${why}`);
}

function judge(exchange) {
  const { method, route, status, body } = exchange;
  const operation = api.paths[route]?.[method];
  if (!operation) return [`there is no route ${method} ${route}`];
  const request = judgeRequest(exchange);
  // 304 and redirects are described once for all routes; refusals are alike everywhere.
  if ([204, 301, 302, 304].includes(status)) {
    const known = status !== 204 || operation.responses['204'];
    return [...request, ...(body === null ? [] : ['it has a body']), ...(known ? [] : ['it never answers 204'])];
  }
  const fallback = status === 422 ? invalid : status >= 400 ? basic : undefined;
  const schema = described(method, route, status) ?? fallback;
  if (!schema) return [...request, `${method} ${route} never answers ${status} with JSON`];
  return [...request, ...check(`${method} ${route} ${status}`, schema, body)];
}

const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean);
let wrong = 0;
for (const line of lines) {
  const exchange = JSON.parse(line);
  for (const why of judge(exchange)) {
    console.log(`${exchange.method} ${exchange.route} ${exchange.status}: ${why}`);
    wrong += 1;
  }
}
console.log(`${lines.length} judged, ${wrong} wrong`);
process.exit(wrong === 0 && lines.length > 0 ? 0 : 1);
