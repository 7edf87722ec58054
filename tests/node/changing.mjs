// An MCP server on the official SDK whose tools change, and that tells which calls were cancelled.
import { pathToFileURL } from "node:url";

const sdk = (file) => import(pathToFileURL(`${process.env.NODE_MODULES}/@modelcontextprotocol/sdk/dist/esm/server/${file}`));
const { McpServer } = await sdk("mcp.js");
const { StdioServerTransport } = await sdk("stdio.js");

const server = new McpServer({ name: "changing", version: "1.0.0" });
const text = (value) => ({ content: [{ type: "text", text: String(value) }] });
let grown;
let waiting = 0;
let cancelled = 0;

server.registerTool("grow", { description: "Adds a tool" }, () => {
  grown = server.registerTool("grown", { description: "Is new" }, () => text("I am new"));
  return text("done");
});
server.registerTool("shrink", { description: "Removes it" }, () => {
  grown.remove();
  return text("done");
});
server.registerTool("wait", { description: "Never answers" }, ({ signal }) => {
  waiting += 1;
  signal.addEventListener("abort", () => { cancelled += 1; });
  return new Promise(() => {});
});
server.registerTool("waiting", { description: "Calls of wait so far" }, () => text(waiting));
server.registerTool("cancelled", { description: "Those that were cancelled" }, () => text(cancelled));

await server.connect(new StdioServerTransport());
