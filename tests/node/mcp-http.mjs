// An MCP server over Streamable HTTP, built with the official SDK. It asks for a token, prints its address, forgets its sessions
// when a line comes, and runs until the standard input ends.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [folder, token, kind] = process.argv.slice(2);
const sdk = (name) => import(pathToFileURL(join(folder, 'node_modules/@modelcontextprotocol/sdk/dist/esm', name)).href);
const { McpServer } = await sdk('server/mcp.js');
const { StreamableHTTPServerTransport } = await sdk('server/streamableHttp.js');

let sessions = new Map();
let counted = 0;

async function begin() {
    const server = new McpServer({ name: 'remote', version: '1' });
    server.registerTool('count', { description: 'Counts its calls.' }, async () => {
        counted += 1;
        return { content: [{ type: 'text', text: String(counted) }] };
    });
    const transport = new StreamableHTTPServerTransport({
        enableJsonResponse: kind === 'json',
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => sessions.set(id, transport),
    });
    await server.connect(transport);
    return transport;
}

const server = createServer(async (request, response) => {
    if (request.url === '/moved') {
        response.writeHead(307, { location: '/mcp' }).end();
        return;
    }
    if (request.headers.authorization !== `Bearer ${token}`) {
        response.writeHead(401).end(`no \u001b[31mtoken: ${request.headers.authorization}`);
        return;
    }
    const id = request.headers['mcp-session-id'];
    const transport = id === undefined ? await begin() : sessions.get(id);
    if (transport === undefined) {
        response.writeHead(404).end();
        return;
    }
    await transport.handleRequest(request, response);
});

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
const lines = createInterface({ input: process.stdin });
lines.on('line', () => {
    sessions = new Map();
    console.log('forgotten');
});
lines.on('close', () => process.exit(0));
