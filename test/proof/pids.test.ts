/** Presence records whose process cannot be what they say: who, dispatch and what the dead had claimed judge them right. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { newSessionId } from '../../src/model/ids.js';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { pythonTime } from '../helpers/python-relay.js';
import { claimAll } from '../helpers/relay-world.js';
import type { Json } from '../helpers/server-client.js';
import { filesIn, test } from '../helpers/server-sandbox.js';
import { linux, useTemporaryDirectories } from '../helpers/store-relay.js';

/** What a record says of its process; what is left out is as this test's own process would write it. */
type Claimed = Partial<Record<'pid' | 'host' | 'boot' | 'namespace' | 'start', unknown>>;

const { start: _start, ...here } = new ProcessTable().self();

/** The start of a process that runs, as the kernel says it. */
const startOf = (pid: number) =>
  linux ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] : undefined;

const temporaryDirectory = useTemporaryDirectories();

const RUNS = { pid: process.ppid };

const OURS: [string, Claimed][] = [
  ['our own pid, started at another time', { pid: process.pid, start: '1' }],
  ['our own pid, and no word of its start', { pid: process.pid }],
];

const DEAD: [string, Claimed][] = [
  ['pid 0', { pid: 0 }],
  ['pid -1, which is every process to kill(2)', { pid: -1 }],
  ['a process group', { pid: -process.pid }],
  ['pid 2^31', { pid: 2 ** 31 }],
  ['pid 2^32 + a pid that runs', { pid: 2 ** 32 + process.ppid }],
  ['pid 2^53 - 1', { pid: 2 ** 53 - 1 }],
  ['pid 2^30, which nobody has', { pid: 2 ** 30 }],
  ['a pid that another process has now', { ...RUNS, start: '1' }],
  ['pid 1, started at another time', { pid: 1, start: '999999999' }],
  ['a boot before this one', { ...RUNS, boot: randomUUID() }],
];

// No record at all: nobody is there by its word, and what its session had claimed is free.
const NOT_A_RECORD: [string, Claimed][] = [
  ['pid 2^53', { pid: 2 ** 53 }],
  ['a fraction', { pid: process.ppid + 0.5 }],
  ['text', { pid: String(process.ppid) }],
  ['null', { pid: null }],
  ['a list', { pid: [process.ppid] }],
  ['nothing', { pid: undefined }],
  ['no host', { ...RUNS, host: undefined }],
  ['a start that is a number', { ...RUNS, start: 7 }],
];

const UNKNOWN: [string, Claimed][] = [
  ['another machine', { pid: 2 ** 30, host: 'elsewhere', boot: randomUUID() }],
  ['another container', { pid: 2 ** 30, namespace: 'pid:[1]' }],
  ['another container, with pid 1', { pid: 1, namespace: 'pid:[1]' }],
];

const ALIVE: [string, Claimed][] = [
  ['a process that runs', { ...RUNS, start: startOf(process.ppid) }],
  ['a process that runs, without a start', RUNS],
  ['pid 1', { pid: 1, start: startOf(1) }],
  ['this boot under a host name that it had before', { ...RUNS, host: `not-${hostname()}` }],
];

interface Planted {
  readonly session: string;
  readonly id: string;
}

/** A session of `agent`, as a record, with a message that it has claimed. */
function plant(root: string, agent: string, claimed: Claimed): Planted {
  const session = newSessionId();
  const id = `msg-claimed-by-${agent}`;
  const since = new Date().toISOString();
  const taken = path.join(root, agent, 'taken', session);
  const presence = path.join(root, '.presence', agent);
  for (const folder of [taken, presence]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const record = { agent_id: agent, session, cwd: '/', since, ...here, ...claimed };
  writeFileSync(path.join(presence, session), JSON.stringify(record), { mode: 0o600 });
  const message = { id, from: 'alice', to: agent, timestamp: since, content: 'claimed' };
  const name = `${Date.now()}-00000.no.0000000000000.--------.0000000.alice.${id}.json`;
  writeFileSync(path.join(taken, name), JSON.stringify(message), { mode: 0o600 });
  return { session, id };
}

const KINDS = [
  ['of a process with our number', OURS, { listens: false, returns: true }],
  ['dead', DEAD, { listens: false, returns: true }],
  ['no record', NOT_A_RECORD, { listens: false, returns: true }],
  ['unknown, and heard of just now', UNKNOWN, { listens: true, returns: false }],
  ['alive', ALIVE, { listens: true, returns: false }],
] as const;

for (const [kind, cases, { listens, returns }] of KINDS) {
  describe.runIf(linux)(`a record that is ${kind}`, () => {
    it.each(cases)('with %s: who, dispatch and what it had claimed agree', async (_, claimed) => {
      const root = path.join(temporaryDirectory(), 'relay');
      const planted = plant(root, 'bob', claimed);
      const relay = new Relay({ store: new FilesystemStore(root), processes: new ProcessTable() });
      const live = (await relay.rollCall.take()).filter(({ sessions }) => sessions.length > 0);
      expect(live.map(({ agent }) => agent)).toEqual(listens ? ['bob'] : []);
      const { notListening } = await relay.send('alice', { target: 'bob', content: 'hi' });
      expect(notListening).toEqual(listens ? [] : ['bob']);
      await relay.sweeper.sweep();
      expect(filesIn(root, 'bob', 'taken', planted.session)).toHaveLength(returns ? 0 : 1);
      const claim = await claimAll(relay.inboxOf('bob', newSessionId()));
      expect(claim.delivered.map(({ message, redelivered }) => [message.id, redelivered])).toEqual([
        ...(returns ? [[planted.id, true]] : []),
        [expect.stringMatching(/^msg-/), false],
      ]);
      await claim.release();
    });
  });
}

describe.runIf(linux)('the presence file of another program', () => {
  const present = async (pid: unknown) => {
    const root = path.join(temporaryDirectory(), 'relay');
    mkdirSync(path.join(root, '.presence'), { recursive: true, mode: 0o700 });
    const record = { agent_id: 'bob', pid, started: pythonTime(Date.now()) };
    writeFileSync(path.join(root, '.presence', 'bob.json'), JSON.stringify(record));
    const relay = new Relay({ store: new FilesystemStore(root), processes: new ProcessTable() });
    await relay.sweeper.sweep();
    // Its own to remove, whatever it says.
    expect(filesIn(root, '.presence')).toEqual(['bob.json']);
    return relay.presence.isLive('bob');
  };

  it.each([0, -1, -process.pid, process.pid, 2 ** 30, 2 ** 31, 2 ** 32 + process.ppid, 2 ** 53, process.ppid + 0.5])(
    'with pid %d means nobody',
    async (pid) => expect(await present(pid)).toBe(false),
  );

  it.each([[String(process.ppid)], [null], [[process.ppid]], [{}], [true]])(
    'with %j in the place of a pid means nobody',
    async (pid) => expect(await present(pid)).toBe(false),
  );

  it('with the pid of a process that runs means that agent, pid 1 included', async () => {
    expect([await present(process.ppid), await present(1)]).toEqual([true, true]);
  });
});

test.runIf(linux)(
  'a server among all of these records answers every call, and lists those that may be there',
  async ({ sandbox, expect }) => {
    // To the server the first kind is another process that runs.
    const expected = KINDS.slice(1).flatMap(([, cases, { listens }], kind) =>
      cases.flatMap(([, claimed], index) => {
        plant(sandbox.relay, `agent-${kind}-${index}`, claimed);
        return listens ? [`agent-${kind}-${index}`] : [];
      }),
    );
    const alice = await sandbox.start('alice');
    const listed = (await alice.call('who')).agents.map((one: Json) => one.agent_id);
    expect(listed).toEqual([...expected, 'alice'].sort());
    const { queued_to } = await alice.call('dispatch', { message: 'hi', target: 'all' });
    expect(queued_to).toEqual(expected);
    expect(await alice.call('peek')).toMatchObject({ count: 0 });
    expect(alice.stderr).not.toMatch(/INTERNAL|Error/);
  },
);
