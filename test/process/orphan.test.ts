/** A server whose client was killed while something else holds its input open: nobody will ever call it again. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { eventually, filesIn, isAlive, killIfAlive, test } from '../helpers/server-sandbox.js';

test.skipIf(process.platform === 'win32')(
  'an orphan whose input stays open ends by itself, and its presence with it',
  {
    timeout: 180_000,
  },
  async ({ sandbox, expect }) => {
    const fifo = path.join(sandbox.root, 'input');
    const out = path.join(sandbox.root, 'out');
    const err = path.join(sandbox.root, 'err');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    // Open for both, so that the open does not wait and the input never ends while this test holds it.
    const input = openSync(fifo, constants.O_RDWR);
    sandbox.atEnd(() => closeSync(input));
    const { args, env, cwd } = sandbox.command({ agent: 'alice' });
    const script = 'node=$1 in=$2 out=$3 err=$4; shift 4; "$node" "$@" <"$in" >"$out" 2>"$err" & echo $!; wait';
    const parent = spawn('sh', ['-c', script, 'sh', process.execPath, fifo, out, err, ...args], { env, cwd });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
    });
    sandbox.atEnd(() => killIfAlive(pid));

    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'lost', version: '1' } };
    for (const frame of [
      { id: 1, method: 'initialize', params },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/call', params: { name: 'who', arguments: {} } },
    ]) {
      writeSync(input, `${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`);
    }
    await eventually('the answer', () => existsSync(out) && readFileSync(out, 'utf8').split('\n').length > 2);
    expect(filesIn(sandbox.relay, '.presence')).toEqual(['alice.json']);

    parent.kill('SIGKILL');
    // Promised are 30 s.
    await eventually('the end of the orphan', () => !isAlive(pid), 60_000);
    expect(filesIn(sandbox.relay, '.presence')).toEqual([]);
    expect(readFileSync(err, 'utf8')).toMatch(/client is gone/);
  },
);
