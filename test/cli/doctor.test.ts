/** The command: what it prints and returns; and, on real directories and beside real servers, what it leaves as it was. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/cli/program.js';
import { styleFor, type Terminal } from '../../src/cli/terminal.js';
import { loadConfig } from '../../src/config/load.js';
import type { Inspection } from '../../src/model/finding.js';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { FilesystemInspection } from '../../src/store/filesystem/inspection.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { claimAll } from '../helpers/relay-world.js';
import { eventually, filesIn, isAlive, killIfAlive, test } from '../helpers/server-sandbox.js';
import { linux, posix, useTemporaryDirectories } from '../helpers/store-relay.js';
import { PROJECT } from './desk.js';

const directory = useTemporaryDirectories();
let umask = 0;
let root = '';
beforeEach(() => {
  umask = process.umask(0o077);
  const home = directory();
  root = path.join(home, 'relay');
  vi.spyOn(os, 'homedir').mockReturnValue(home);
});
afterEach(() => {
  process.umask(umask);
  vi.restoreAllMocks();
});

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly path: string;
  readonly message: string;
  readonly fix?: string;
  readonly fixed?: boolean;
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly report: {
    readonly relay: string | null;
    readonly config: string | null;
    readonly findings: readonly Finding[];
    readonly counts: Readonly<Record<string, number>>;
  };
}

function relayAt(location: string): Relay {
  return new Relay({ store: new FilesystemStore(location), processes: new ProcessTable() });
}

/** Runs the command as the program does, in this process. */
async function doctor(
  argv: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  inspection?: Inspection,
): Promise<Ran> {
  let out = '';
  const terminal: Terminal = {
    stdinIsTTY: false,
    columns: 80,
    style: styleFor(false, {}),
    out: async (text) => {
      out += text;
      return true;
    },
    err: () => {},
    readInput: async () => new Uint8Array(),
  };
  const given = { MCP_DISPATCH_DIR: root, ...env };
  const open = async () => ({
    config: await loadConfig(given),
    relay: relayAt(root),
    project: PROJECT,
    // Without the limits of the machine, which may be anything.
    inspection: inspection ?? new FilesystemInspection(root, { proc: path.join(root, 'none') }),
  });
  const code = await runCommand(['doctor', ...argv], { open, version: '1' }, given, terminal);
  return {
    code,
    out,
    get report() {
      return JSON.parse(out);
    },
  };
}

const codesOf = ({ report }: Ran) => report.findings.map(({ code }) => code);

/** All that a look could change: names, kinds, modes, sizes, times and bytes. */
function tree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .concat('.')
    .sort()
    .map((name) => {
      const stat = lstatSync(path.join(folder, name));
      const bytes = stat.isFile() ? readFileSync(path.join(folder, name), 'latin1') : '';
      return [name, stat.mode, stat.size, stat.nlink, stat.mtimeMs, stat.ctimeMs, bytes].join(' ');
    });
}

function age(file: string, hours: number): void {
  const at = Date.now() / 1000 - hours * 3600;
  utimesSync(file, at, at);
}

/** Something of each kind that --fix repairs, and something that it does not. */
async function harm(): Promise<void> {
  const relay = relayAt(root);
  await relay.send('alice', { target: 'bob', content: 'hello' });
  const broken = path.join(root, 'bob', 'broken.json');
  writeFileSync(broken, '{');
  age(broken, 1);
  const [mail = ''] = readdirSync(path.join(root, 'bob')).filter((name) => name !== 'broken.json');
  const taken = path.join(root, 'bob', 'taken', '0'.repeat(20));
  mkdirSync(taken, { recursive: true });
  writeFileSync(path.join(taken, mail.replace('msg-', 'msg-x')), readFileSync(path.join(root, 'bob', mail)));
  const temporary = path.join(root, '.tmp', 'left-1');
  writeFileSync(temporary, 'half');
  age(temporary, 2);
  mkdirSync(path.join(root, 'Eve'));
  writeFileSync(path.join(root, 'Eve', 'x'), '');
  chmodSync(path.join(root, '.tmp'), 0o755);
}

describe('doctor', () => {
  it('finds nothing wrong with a relay in order, with 0', async () => {
    await relayAt(root).send('alice', { target: 'bob', content: 'hello' });
    const { code, out } = await doctor();
    expect([code, out]).toEqual([0, expect.stringContaining(`Relay:  ${root}\nConfig: none\n\nNothing is wrong.`)]);
    expect((await doctor(['--json'])).report).toEqual({
      relay: root,
      config: null,
      findings: [],
      counts: { errors: 0, warnings: 0, notes: 0, fixed: 0 },
    });
  });

  it('makes no relay where there is none: a note, with 0', async () => {
    const ran = await doctor(['--fix', '--json']);
    expect([ran.code, codesOf(ran)]).toEqual([0, ['relay-missing']]);
    expect(lstatSync(root, { throwIfNoEntry: false })).toBeUndefined();
  });

  it.skipIf(!posix)('writes nothing without --fix, whatever there is to find, and ends with 1', async () => {
    await harm();
    const before = tree(root);
    const ran = await doctor(['--json']);
    expect(ran.code).toBe(1);
    expect(codesOf(ran).sort()).toEqual([
      'folder-mode',
      'folder-not-an-agent',
      'mail-broken',
      'mail-claimed-by-ended-session',
      'temporary-file-left',
    ]);
    expect(ran.report.counts).toEqual({ errors: 0, warnings: 3, notes: 2, fixed: 0 });
    expect(tree(root)).toEqual(before);
  });

  it.skipIf(!posix)(
    'with --fix repairs what it can, keeps every byte, and finds nothing left to do after it',
    async () => {
      await harm();
      const content = (folder: string) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'));
      const before = content(root);
      const ran = await doctor(['--fix', '--json']);
      expect(ran.code).toBe(1);
      expect(ran.report.counts).toMatchObject({ warnings: 1, fixed: 4 });
      const after = content(root);
      for (const bytes of before) expect(after).toContain(bytes);

      const again = await doctor(['--fix', '--json']);
      expect(codesOf(again).sort()).toEqual(['folder-not-an-agent', 'quarantined', 'quarantined']);
      expect(again.report.counts.fixed).toBe(0);
      expect((await doctor()).out).not.toContain('--fix repairs');
    },
  );

  it('prints what is alike once, for a person, and how to repair it', async () => {
    await relayAt(root).send('alice', { target: 'bob', content: 'hello' });
    for (let number = 0; number < 7; number++) {
      const file = path.join(root, 'bob', `broken-${number}\u001b[2J.json`);
      writeFileSync(file, '{');
      age(file, 1);
    }
    const { out } = await doctor();
    expect(out.match(/^warning {2}mail-broken$/gm)).toHaveLength(1);
    expect(out).toContain('and 2 more, which --json lists');
    expect(out).toContain('This is no message, and never shown: not JSON.\n  --fix: move it to .quarantine/.');
    expect(out).toContain('7 warnings.\nmcp-dispatch doctor --fix repairs 7 of them.');
    expect(out).not.toContain('\u001b');
    expect((await doctor(['--fix'])).out).toContain('Fixed: move it to .quarantine/.');
  });

  it('says of a repair that failed why, and ends with 1', async () => {
    const run = async () => {
      throw new Error('the disk is full');
    };
    const finding = { code: 'some', severity: 'warning' as const, path: root, message: 'It is wrong.' };
    const broken: Inspection = { find: async () => [{ ...finding, repair: { does: 'put it right', run } }] };
    const { code, out } = await doctor(['--fix'], {}, broken);
    expect([code, out]).toEqual([1, expect.stringContaining('It is wrong.\n  Not fixed: the disk is full')]);
  });

  it.skipIf(!posix)('looks no further into a relay that no server may use, and after its repair does', async () => {
    await harm();
    chmodSync(root, 0o777);
    expect(codesOf(await doctor(['--json']))).toEqual(expect.not.arrayContaining(['mail-broken', 'check-failed']));
    const fixed = await doctor(['--fix', '--json']);
    expect(codesOf(fixed)).toEqual(expect.arrayContaining(['relay-mode', 'mail-broken']));
    expect(codesOf(fixed)).not.toContain('check-failed');
    expect(lstatSync(root).mode & 0o777).toBe(0o700);
  });
});

describe('the configuration', () => {
  function config(text: string): NodeJS.ProcessEnv {
    const file = path.join(path.dirname(root), 'config.toml');
    writeFileSync(file, text, { mode: 0o600 });
    return { MCP_DISPATCH_CONFIG: file };
  }

  it('that is wrong is all that is looked at, every problem of it, with 2', async () => {
    const ran = await doctor(['--json'], config('wach = true\nmax_message_bytes = "big"\n'));
    expect([ran.code, codesOf(ran), ran.report.relay]).toEqual([2, ['config-invalid', 'config-invalid'], null]);
  });

  it.skipIf(!posix)('that others can write is wrong', async () => {
    const env = config('watch = true\n');
    chmodSync(env.MCP_DISPATCH_CONFIG ?? '', 0o666);
    const ran = await doctor(['--json'], env);
    expect(ran.code).toBe(2);
    expect(ran.report.findings[0]?.message).toContain('other users can write this file');
  });

  it.each(['eve', 'Not/A/Name'])(
    'that names %s, whom it cannot serve, is wrong too, with 2, and the relay is looked at',
    async (name) => {
      const ran = await doctor(['--json'], { ...config('agents = ["alice"]'), MCP_DISPATCH_AGENT_ID: name });
      expect([ran.code, codesOf(ran)]).toEqual([2, ['agent-id-invalid', 'relay-missing']]);
    },
  );

  it('whose inboxes cannot hold a message of the size that is allowed is a warning', async () => {
    const ran = await doctor(['--json'], config('max_message_bytes = 65536\n[limits]\ninbox_bytes = 65535\n'));
    expect([ran.code, codesOf(ran)]).toEqual([1, ['limits-contradict', 'relay-missing']]);
    for (const bytes of [0, 65_536]) {
      const fine = await doctor(['--json'], config(`max_message_bytes = 65536\n[limits]\ninbox_bytes = ${bytes}\n`));
      expect([fine.code, codesOf(fine)]).toEqual([0, ['relay-missing']]);
    }
  });
});

describe('beside a live session', () => {
  it('--fix touches nothing of what it has claimed, and its reply is committed as if nothing had been', async () => {
    const relay = relayAt(root);
    await relay.send('alice', { target: 'bob', content: 'hello' });
    const session = relay.session('bob');
    try {
      await session.begin();
      const claim = await claimAll(session.inbox);
      await harm();
      const own = () => [
        ...tree(path.join(root, 'bob', 'taken', session.id)),
        ...tree(path.join(root, '.presence', 'bob')),
        readFileSync(path.join(root, '.presence', 'bob.json'), 'utf8'),
      ];
      const before = own();
      expect((await doctor(['--fix', '--json'])).report.counts.fixed).toBe(4);
      expect(own()).toEqual(before);
      await claim.commit();
      expect(filesIn(root, 'bob', 'read')).toHaveLength(1);
    } finally {
      await session.end();
    }
  });

  test.skipIf(!linux)(
    'of a real server that is stopped, --fix leaves its claim and presence alone',
    async ({ sandbox }) => {
      root = sandbox.relay;
      const [live, killed] = [await sandbox.agent('bob'), await sandbox.agent('carol')];
      await live.call('who', {});
      await killed.call('who', {});
      killIfAlive(killed.pid);
      await eventually('the server is gone', () => !isAlive(killed.pid));
      await relayAt(root).send('alice', { target: 'bob', content: 'hello' });
      const [session = ''] = filesIn(root, '.presence', 'bob');
      const [mail = ''] = filesIn(root, 'bob').filter((name) => name.endsWith('.json'));
      // As it stands while a server that had claimed it is stopped before its reply is written.
      process.kill(live.pid, 'SIGSTOP');
      try {
        const store = new FilesystemStore(root);
        await store.move(`bob/${mail}`, `bob/taken/${session}/${mail}`);
        const own = () => [...tree(path.join(root, 'bob')), ...tree(path.join(root, '.presence', 'bob'))];
        const before = own();
        const ran = await doctor(['--fix', '--json']);
        expect(codesOf(ran)).toEqual(['presence-of-ended-session', 'presence-file-of-ended-process']);
        expect(ran.report.counts).toMatchObject({ fixed: 2, errors: 0, warnings: 0 });
        expect(own()).toEqual(before);
        expect(filesIn(root, '.presence', 'carol')).toEqual([]);
      } finally {
        process.kill(live.pid, 'SIGCONT');
      }
      expect((await live.call('peek', {})).messages).toMatchObject([{ content: 'hello' }]);
    },
  );
});
