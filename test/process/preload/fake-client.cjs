// A client: starts a server and runs hooks, as it is told in lines of JSON, and answers each with one line.
const { spawn } = require('node:child_process');
const readline = require('node:readline');

const servers = [];

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const commands = readline.createInterface({ input: process.stdin });
// With its own input the servers' ends, and then they are waited for.
commands.on('close', () => {
  for (const server of servers) server.stdin.end();
});
commands.on('line', (line) => {
  const { server, command, args, env, input, endless } = JSON.parse(line);
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const started = Date.now();
  let out = '';
  let err = '';
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  if (server) {
    servers.push(child);
    const frame = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    readline.createInterface({ input: child.stdout }).on('line', (text) => {
      const { id } = JSON.parse(text);
      if (id === 1) {
        frame({ method: 'notifications/initialized' });
        frame({ id: 2, method: 'tools/call', params: { name: 'who', arguments: {} } });
      } else if (id === 2) answer({ text });
    });
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: server, version: '1' } };
    frame({ id: 1, method: 'initialize', params });
    return;
  }
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.on('close', (code) => answer({ out, err, code, ms: Date.now() - started }));
  child.stdin.write(input ?? '');
  if (!endless) child.stdin.end();
});
