// Starts Azurite, Microsoft's emulator of Azure Blob Storage, with an empty container, and prints its address. It runs
// until the standard input ends.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder, account, key, container] = process.argv.slice(-4);
const program = join(folder, 'node_modules/azurite/dist/src/blob/main.js');
const options = ['--blobHost', '127.0.0.1', '--blobPort', '0', '--inMemoryPersistence', '--disableTelemetry'];
// object_store names a newer version of the API than the emulator knows.
const server = spawn(process.execPath, [program, ...options, '--skipApiVersionCheck', '--silent'], {
  env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${key}` },
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.stdin.resume().on('end', () => { server.kill(); process.exit(); });
server.on('exit', () => process.exit(1));

for await (const line of createInterface({ input: server.stdout })) {
  const address = / http:\/\/([\d.:]+)$/.exec(line)?.[1];
  if (address === undefined) continue;
  await createContainer(address);
  console.log(address);
}

async function createContainer(address) {
  const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-12-02' };
  const named = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join('');
  const text = `PUT${'\n'.repeat(12)}${named}/${account}/${account}/${container}\nrestype:container`;
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64');
  const url = `http://${address}/${account}/${container}?restype=container`;
  const response = await fetch(url, {
    method: 'PUT', headers: { ...headers, Authorization: `SharedKey ${account}:${signature}` },
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}
