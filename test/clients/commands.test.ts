/** Programs of others: run to their end, bounded, and nothing of them left behind. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/clients/commands.js';
import { ClientWorld } from '../helpers/client-world.js';
import { eventually, isAlive } from '../helpers/server-sandbox.js';

let world: ClientWorld;
beforeEach(() => {
  world = new ClientWorld();
});
afterEach(() => world.dispose());

const node = (script: string, more: Partial<Parameters<typeof run>[1]> = {}) =>
  run([process.execPath, '-e', script], { env: world.machine.env, cwd: world.cwd, timeoutMs: 20_000, ...more });

describe('a program', () => {
  it('gets its input, and what it prints and its code are told', async () => {
    const ran = await node(
      'process.stdin.on("data", (d) => console.log("got " + d)); console.error("e"); process.exitCode = 3',
      { input: 'x' },
    );
    expect(ran).toEqual({ code: 3, out: 'got x\n', err: 'e\n' });
  });

  it('that is not there, or dies, has no code and a reason', async () => {
    const missing = await run([path.join(world.bin, 'none')], { env: {}, cwd: world.cwd, timeoutMs: 1000 });
    expect([missing.code, missing.failure]).toEqual([undefined, expect.stringContaining('could not be started')]);
    const killed = await node('process.kill(process.pid, "SIGKILL")');
    expect([killed.code, killed.failure]).toEqual([undefined, 'was ended by a signal']);
  });

  it('that hangs is ended with what it started, after the time it was given', async () => {
    const file = path.join(world.cwd, 'pids');
    const script = `
      const { spawn } = require('child_process');
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      require('fs').writeFileSync(${JSON.stringify(file)}, process.pid + ' ' + child.pid);
      setInterval(() => {}, 1000);`;
    const ran = await node(script, { timeoutMs: 4000 });
    expect([ran.code, ran.failure]).toEqual([undefined, 'did not end within 4 s']);
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    expect(pids).toHaveLength(2);
    await eventually('both are gone', () => !pids.some(isAlive));
  });

  it('that prints without end is ended', async () => {
    const ran = await node('const s = "x".repeat(65536); const f = () => process.stdout.write(s, f); f()');
    expect(ran.failure).toBe('printed more than 1 MiB');
  });

  it('is ended as soon as it has said what is looked for', async () => {
    const ran = await node('console.log("ready"); setInterval(() => {}, 1000)', {
      until: (out) => out.includes('ready'),
    });
    expect(ran).toMatchObject({ code: 0, out: 'ready\n' });
  });
});
