/**
 * A relay that cannot be used. The server starts and lists its tools all the same, each call says why it fails, and once the
 * cause is gone the next call works, without a restart.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RawServer } from '../helpers/server-raw.js';
import { filesIn, type Sandbox, test } from '../helpers/server-sandbox.js';

const isRoot = process.getuid?.() === 0;
const onWindows = process.platform === 'win32';
const SEND = { message: 'hi', target: 'bob' };

const CALLS: readonly [string, object][] = [
  ['dispatch', SEND],
  ['peek', {}],
  ['ack', { message_ids: ['msg-x'] }],
  ['who', {}],
  ['submit', { to: 'bob', task: { prompt: 'x' } }],
  ['poll', { job_id: 'job-000000000000' }],
  ['jobs', {}],
  ['cancel', { job_id: 'job-000000000000' }],
  ['claim', {}],
  ['settle', { job_id: 'job-000000000000', token: '1.k3j9x0q2m4abc5d6e7f8', outcome: 'released' }],
];

/** What makes a relay unusable, what calls must say then, and what puts it right. Skipped where it cannot be done here. */
interface Fault {
  readonly name: string;
  readonly says: RegExp;
  readonly skip?: string | false;
  /** Returns how to repair it, or why it cannot be made here. */
  make(sandbox: Sandbox): (() => void) | string;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'a file',
    says: /RELAY_UNSAFE.*is not a directory/,
    make({ relay }) {
      writeFileSync(relay, 'not a relay');
      return () => unlinkSync(relay);
    },
  },
  {
    name: 'a symbolic link to a directory',
    says: /RELAY_UNSAFE.*symbolic link to/,
    skip: onWindows && 'links need a privilege on Windows',
    make({ relay, root }) {
      mkdirSync(path.join(root, 'elsewhere'), { mode: 0o700 });
      symlinkSync(path.join(root, 'elsewhere'), relay);
      return () => unlinkSync(relay);
    },
  },
  {
    name: 'a symbolic link that leads nowhere',
    says: /RELAY_UNSAFE.*symbolic link to/,
    skip: onWindows && 'links need a privilege on Windows',
    make({ relay, root }) {
      symlinkSync(path.join(root, 'nowhere'), relay);
      return () => unlinkSync(relay);
    },
  },
  {
    name: 'writable by others',
    says: /RELAY_UNSAFE.*can be written by other users.*chmod 700/,
    skip: onWindows && 'there are no modes on Windows',
    make({ relay }) {
      mkdirSync(relay);
      chmodSync(relay, 0o777);
      return () => chmodSync(relay, 0o700);
    },
  },
  {
    name: "another user's",
    says: /RELAY_UNSAFE.*belongs to another user.*uid 12345/,
    skip: !isRoot && 'only root can give a directory away',
    make({ relay }) {
      mkdirSync(relay, { mode: 0o700 });
      chownSync(relay, 12_345, 12_345);
      return () => chownSync(relay, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    },
  },
  {
    name: 'not writable',
    says: /STORE_UNAVAILABLE.*(EACCES|EPERM|EROFS)/,
    skip: onWindows && 'there are no modes on Windows',
    make(sandbox) {
      const { relay } = sandbox;
      mkdirSync(relay, { mode: 0o700 });
      if (!isRoot) {
        chmodSync(relay, 0o500);
        return () => chmodSync(relay, 0o700);
      }
      // Modes do not bind root; an immutable directory does.
      try {
        execFileSync('chattr', ['+i', relay], { stdio: 'ignore' });
      } catch {
        return 'chattr does not work here';
      }
      const repair = () => void execFileSync('chattr', ['-i', relay]);
      sandbox.atEnd(repair);
      return repair;
    },
  },
  {
    name: 'on a full disk',
    says: /STORE_UNAVAILABLE.*disk is full.*ENOSPC/,
    make(sandbox) {
      const { relay } = sandbox;
      mkdirSync(relay, { mode: 0o700 });
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', relay], { stdio: 'ignore' });
      } catch {
        return 'no file system can be mounted here';
      }
      sandbox.atEnd(() => void execFileSync('umount', ['-l', relay]));
      const filler = path.join(relay, '.filler');
      execFileSync('sh', ['-c', 'dd if=/dev/zero of="$1" bs=4096 2>/dev/null; true', 'sh', filler]);
      return () => rmSync(filler);
    },
  },
  {
    name: 'of a newer format',
    says: /RELAY_TOO_NEW.*format 2.*Update mcp-dispatch/,
    make({ relay }) {
      mkdirSync(relay, { mode: 0o700 });
      writeFileSync(path.join(relay, '.format'), '2\n', { mode: 0o600 });
      return () => rmSync(relay, { recursive: true });
    },
  },
];

for (const { name, says, skip: why = false, make } of FAULTS) {
  test(`a relay that is ${name}: calls say so, and work once it is put right`, async ({ sandbox, expect, skip }) => {
    if (why !== false) skip(why);
    const repair = make(sandbox);
    if (typeof repair === 'string') return skip(repair);
    const before = name === 'on a full disk' ? [] : filesIn(sandbox.relay);
    const server = await sandbox.start('alice');
    expect((await server.request('tools/list')).result.tools).toHaveLength(12);
    for (const [tool, args] of CALLS) expect(await server.refusal(tool, args), tool).toMatch(says);
    expect(await server.refusal('who')).toContain(sandbox.relay);
    if (name !== 'on a full disk') expect(filesIn(sandbox.relay)).toEqual(before);

    repair();
    expect(await server.call('dispatch', SEND)).toMatchObject({ sent: true, queued_to: ['bob'] });
    const bob = await sandbox.local('bob');
    expect((await bob.call('peek')).messages).toMatchObject([{ content: 'hi' }]);
    await bob.close();
    await stop(server);
  });
}

test('a disk that fills up while servers run loses nothing: what fails is said, and mail is still new after', async ({
  sandbox,
  expect,
  skip,
}) => {
  const { relay } = sandbox;
  mkdirSync(relay, { mode: 0o700 });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', relay], { stdio: 'ignore' });
  } catch {
    return skip('no file system can be mounted here');
  }
  sandbox.atEnd(() => void execFileSync('umount', ['-l', relay]));
  const alice = await sandbox.start('alice');
  const bob = await sandbox.start('bob');
  const sent: string[] = [(await alice.call('dispatch', SEND)).id];
  await bob.call('ack', { message_ids: ['msg-x'] });
  let refusal: string | undefined;
  for (let n = 0; n < 100 && refusal === undefined; n++) {
    const result = await alice.result('dispatch', { message: `${n} `.repeat(10_000), target: 'bob' });
    if (result.isError === true) refusal = result.content[0]?.text;
    else sent.push(String(result.structuredContent?.id));
  }
  expect(refusal).toMatch(/STORE_UNAVAILABLE: Not sent, nothing was delivered.*disk is full/);
  expect(sent.length).toBeGreaterThan(5);
  expect([...filesIn(relay, '.tmp')]).toEqual([]);
  // A disk without room for a byte still lets mail be read.
  execFileSync('sh', ['-c', 'dd if=/dev/zero of="$1" bs=512 2>/dev/null; true', 'sh', path.join(relay, '.filler')]);
  const read = new Set<string>();
  for (const [first] = sent; read.size < sent.length - 1; ) {
    const { messages } = await bob.call('peek', { limit: 1 });
    if (messages.length === 0) break;
    expect(messages[0].redelivered).toBeUndefined();
    read.add(messages[0].id);
    expect(messages[0].id).not.toBe(first);
  }
  expect([...read].sort()).toEqual(sent.slice(1).sort());
  for (const one of [alice, bob]) await stop(one);
});

/** Before the file system goes. */
async function stop(server: RawServer): Promise<void> {
  server.endInput();
  await server.closed;
}
