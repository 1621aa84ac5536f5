/** Which process above us is the client, and what is never taken for one. */
import { spawn } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findClientOf, type Kin } from '../../../src/store/filesystem/client-process.js';
import { Files } from '../../../src/store/filesystem/files.js';
import { askPs, parsePsLine, readKin } from '../../../src/store/filesystem/process-listing.js';
import { ProcessTable } from '../../../src/store/filesystem/process-table.js';
import { linux, useTemporaryDirectories } from '../../helpers/store-relay.js';

const temporaryDirectory = useTemporaryDirectories();
const SCRIPT = '/opt/mcp-dispatch/dist/mcp-dispatch.cjs';

type Line = string | { readonly args: readonly string[]; readonly leadsTerminal?: boolean };

/** Us, and what is above us, the nearest first, the last with the PID 1; a text is parted at spaces. */
function clientAmong(...above: readonly Line[]): string | undefined {
  const lines: Line[] = [`node ${SCRIPT} hook codex Stop`, ...above];
  const pidOf = (index: number) => (index === lines.length - 1 ? 1 : index < lines.length ? 100 - index : 0);
  const family = new Map(
    lines.map((line, index): [number, Kin] => {
      const { args, leadsTerminal = false } = typeof line === 'string' ? { args: line.split(' ') } : line;
      return [pidOf(index), { pid: pidOf(index), start: `${index}`, parent: pidOf(index + 1), args, leadsTerminal }];
    }),
  );
  const found = findClientOf(100, SCRIPT, (pid) => family.get(pid));
  if (found === undefined) return undefined;
  const args = family.get(found.pid)?.args ?? [];
  expect(found.start).toBe(family.get(found.pid)?.start);
  return args.join(' ');
}

const TOP = '/usr/lib/systemd/systemd --user';
const npx = { args: ['npm exec mcp-dispatch@1 hook'] };
const window = { args: ['-zsh'], leadsTerminal: true };

describe('the client', () => {
  it.each<[string, readonly Line[]]>([
    ['claude --resume', ['claude --resume', window, 'tmux', TOP]],
    ['claude', ['/bin/sh -c mcp-dispatch hook', 'claude', window, 'tmux', TOP]],
    ['claude', ['sh -c mcp-dispatch', npx, 'bash -lc npx', 'claude', window, TOP]],
    [
      '/usr/bin/codex',
      ['node /usr/lib/node_modules/npm/bin/npx-cli.js -y mcp-dispatch', '/usr/bin/codex', window, TOP],
    ],
    ['node --no-warnings /usr/bin/gemini', ['node --no-warnings /usr/bin/gemini', 'node /usr/bin/gemini', window, TOP]],
    ['/opt/Cursor/cursor', ['bunx mcp-dispatch', '/opt/Cursor/cursor', TOP]],
    ['claude', [`volta-shim node ${SCRIPT}`, 'claude', window, TOP]],
    ['claude', [`/usr/bin/some-wrapper run -- node ${SCRIPT}`, 'claude', window, TOP]],
    ['claude', ['timeout 5 mcp-dispatch hook', 'claude', window, TOP]],
    ['claude', ['sh -c mcp-dispatch', 'claude']],
    // Inside of another client: the nearest.
    ['codex', ['sh -c mcp-dispatch', 'codex', '/bin/bash -c codex', 'claude', window, TOP]],
  ])('is %s', (client, above) => {
    expect(clientAmong(...above)).toBe(client);
  });

  it.each<[string, readonly Line[]]>([
    ['a terminal in which somebody has typed the command', [window, 'tmux: server', TOP]],
    [
      'a terminal in which it runs in the place of a shell',
      [{ args: ['sh', '-c', 'x'], leadsTerminal: true }, 'tmux', TOP],
    ],
    ['what orphans are handed to', ['sh -c mcp-dispatch', TOP]],
    ['the first process of a machine', ['/sbin/init splash']],
    ['the first process of a container', ['sh -c mcp-dispatch', '/usr/bin/tini -- sleep infinity']],
    ['anything, where there are only shells', Array.from({ length: 40 }, () => 'sh -c x')],
  ])('is not %s', (_, above) => {
    expect(clientAmong(...above)).toBeUndefined();
  });

  it('is nobody where we lead a terminal ourselves, or cannot be seen', () => {
    const look = (pid: number): Kin => ({ pid, start: '1', parent: 9, args: ['tmux'], leadsTerminal: pid === 100 });
    expect(findClientOf(100, SCRIPT, look)).toBeUndefined();
    expect(findClientOf(100, SCRIPT, () => undefined)).toBeUndefined();
  });
});

describe.runIf(linux)('on this machine', () => {
  it('ps and /proc say the same of a process', () => {
    const [ps, proc] = [askPs().get(process.pid), readKin(new Files(), '/proc', process.pid)];
    expect(ps?.parent).toBe(process.ppid);
    expect(proc?.parent).toBe(process.ppid);
    expect(ps?.leadsTerminal).toBe(proc?.leadsTerminal);
    expect(ps?.start).toMatch(/^\w{3} \w{3}\s+\d+ [\d:]{8} \d{4}$/);
  });

  it('a process has the mark that its own record has, and a number that nobody has has none', () => {
    const table = new ProcessTable();
    const { pid, start } = table.self();
    expect(table.markOf(pid)).toEqual({ pid, start });
    for (const number of [0, -1, 1.5, Number.NaN, 2 ** 40]) expect(table.markOf(number)).toBeUndefined();
  });

  it('two grandchildren of a client, through shells and npx, find the same one; of another client another', async () => {
    const folder = temporaryDirectory();
    const launcher = join(folder, 'npx-cli.js');
    writeFileSync(
      launcher,
      `process.title = 'npm exec x'; require('node:child_process').spawnSync('sh', ['-c', process.argv[2] + '; :'], { stdio: 'inherit' })`,
    );
    const look = (pid: number) => readKin(new Files(), '/proc', pid);
    const ways = [`exec sleep 60`, `sh -c 'sleep 60; :'; :`, `${process.execPath} ${launcher} 'sleep 60'; :`];
    const client = (name: string) => {
      const program = join(folder, name);
      symlinkSync(process.execPath, program);
      const code = `for (const way of ${JSON.stringify(ways)}) require('node:child_process').spawn('sh', ['-c', way], { stdio: 'ignore' }); setInterval(() => {}, 1e6)`;
      return spawn(program, ['-e', code], { stdio: 'ignore', detached: true });
    };
    const clients = [client('client-one'), client('client-two')];
    try {
      for (const one of clients) {
        const sleepers = await sleepersBelow(one.pid ?? 0, ways.length);
        for (const pid of sleepers) expect(findClientOf(pid, undefined, look)?.pid).toBe(one.pid);
      }
    } finally {
      for (const one of clients) process.kill(-(one.pid ?? 0), 'SIGKILL');
    }
  });
});

/** The processes `sleep` below a process, once there are that many. */
async function sleepersBelow(top: number, count: number): Promise<number[]> {
  for (const deadline = Date.now() + 20_000; ; ) {
    const all = [...askPs().values()];
    const below = new Set([top]);
    for (let size = 0; size !== below.size; ) {
      size = below.size;
      for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
    }
    const found = all.filter(({ pid, args }) => below.has(pid) && args[0] === 'sleep').map(({ pid }) => pid);
    if (found.length >= count) return found;
    if (Date.now() > deadline) throw new Error(`only ${found.length} of ${count} came to sleep`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a line of ps', () => {
  it.each<[string, Kin | undefined]>([
    [
      '  501     1 Ss   ??       Tue Feb 17 20:30:00 2026 /Applications/Cursor.app/Contents/MacOS/Cursor --x',
      {
        pid: 501,
        parent: 1,
        start: 'Tue Feb 17 20:30:00 2026',
        leadsTerminal: false,
        args: ['/Applications/Cursor.app/Contents/MacOS/Cursor', '--x'],
      },
    ],
    [
      '777 501 Ss+ ttys003 Tue Feb  3 02:03:04 2026 -zsh',
      { pid: 777, parent: 501, start: 'Tue Feb  3 02:03:04 2026', leadsTerminal: true, args: ['-zsh'] },
    ],
    [
      '778 777 S+ ttys003 Tue Feb  3 02:03:04 2026 claude',
      { pid: 778, parent: 777, start: 'Tue Feb  3 02:03:04 2026', leadsTerminal: false, args: ['claude'] },
    ],
    ['', undefined],
    ['PID PPID STAT TTY STARTED COMMAND', undefined],
  ])('%j', (line, kin) => {
    expect(parsePsLine(line)?.[0]).toEqual(kin);
  });
});
