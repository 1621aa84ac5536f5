/** Each finding about jobs made on purpose, and what --fix makes of it. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import { type CodedFinding, repairAll, runChecks } from '../../../src/model/finding.js';
import { RELAY_CHECKS } from '../../../src/relay/doctor/doctor.js';
import { Relay } from '../../../src/relay/relay.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../../src/store/filesystem/process-table.js';
import type { Store } from '../../../src/store/store.js';
import { claimNext, holder, jobMail, submit } from '../../helpers/job-world.js';
import { DAY, HOUR, MINUTE, RelayWorld, START, withFaults } from '../../helpers/relay-world.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const RETENTION = { receiptRetentionMs: 7 * DAY, logRetentionMs: 30 * DAY };
const SESSION = 's'.repeat(20);
const OLD = `${START - HOUR}.job-000000000000`;

let world: RelayWorld;
let relay: Relay;
beforeEach(() => use());
afterEach(() => world.close());

function use(options: ConstructorParameters<typeof RelayWorld>[0] = {}): void {
  world = new RelayWorld(options);
  ({ relay } = world.process());
}

async function examine(of = relay): Promise<CodedFinding[]> {
  return runChecks(RELAY_CHECKS, { relay: of, ...RETENTION }, async () => {});
}

async function codes(of = relay): Promise<string[]> {
  return (await examine(of)).map(
    ({ severity, code, path }) => `${severity} ${code} ${path.slice(of.store.location.length + 1)}`,
  );
}

async function fix(of = relay): Promise<CodedFinding[]> {
  const repaired = await repairAll(await examine(of));
  expect(repaired.filter(({ fixed }) => fixed === false)).toEqual([]);
  return examine(of);
}

/** A job of alice for bob that is over. */
async function done(result: unknown = 'Done.'): Promise<string> {
  const { id } = await submit(relay, 'alice', 'bob');
  const { token } = await relay.jobs.claim(id, holder('bob'), { addresses: ['bob'] });
  await relay.jobs.settle(id, token, { outcome: 'completed', result });
  return id;
}

async function replaceRecord(id: string, change: (job: Record<string, unknown>) => unknown): Promise<void> {
  const key = `.jobs/records/${id}`;
  const record = await world.memory.readRecord(key);
  const value = change(JSON.parse(Buffer.from(record?.value ?? []).toString('utf8')));
  expect(await world.memory.update(key, record?.revision, JSON.stringify(value))).toBe(true);
}

describe('jobs in order', () => {
  it('give no finding, whatever state they are in', async () => {
    await relay.topics.join('bob', 'build');
    await submit(relay, 'alice', '#build', { requestId: 'r-1' });
    await done('x'.repeat(20_000));
    await submit(relay, 'alice', 'bob');
    await claimNext(relay, holder('bob'), { leaseSeconds: 3600 });
    await relay.jobs.workers.enter('bob', { session: SESSION, since: '', writes: 'all' as const, concurrency: 1 });
    world.clock.advance(30 * MINUTE);
    await relay.sweeper.sweep();
    expect(await codes()).toEqual([]);
  });
});

describe('a job that goes no further', () => {
  it('is found when its record cannot be understood, and --fix leaves it alone', async () => {
    const { id } = await submit(relay, 'alice', 'bob');
    await replaceRecord(id, (job) => ({ ...job, state: 'lost' }));
    expect(await codes()).toEqual([`error job-broken .jobs/records/${id}`]);
    const before = await world.memory.readRecord(`.jobs/records/${id}`);
    expect(await fix()).toHaveLength(1);
    expect(await world.memory.readRecord(`.jobs/records/${id}`)).toEqual(before);
  });

  it('is found when its record is larger than a job can come to', async () => {
    const { id } = await submit(relay, 'alice', 'bob');
    await replaceRecord(id, (job) => ({ ...job, more: 'x'.repeat(700_000) }));
    expect(await codes()).toEqual([`warning job-broken .jobs/records/${id}`]);
  });

  it('is noted while it is parked, with the commands that end that', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { write: true });
    await claimNext(relay, holder('bob'), { leaseSeconds: 10 });
    world.clock.advance(10_000);
    await relay.jobs.look(id);
    expect(await codes()).toEqual([`note job-parked .jobs/records/${id}`]);
    expect((await examine())[0]?.message).toContain(`mcp-dispatch recover ${id} --retry`);
    await relay.jobs.recover(id, 'fail', 'human');
    expect(await codes()).toEqual([]);
  });

  it('is noted when it has waited for a review for a day, until a person decides', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { review: 'Look.' });
    world.clock.advance(DAY - 1);
    const waiting = `note job-waits-for-review .jobs/records/${id}`;
    expect(await codes()).not.toContain(waiting);
    world.clock.advance(1);
    expect(await codes()).toContain(waiting);
    await relay.jobs.review(id, { how: 'rejected', by: 'human', note: null });
    expect(await codes()).not.toContain(waiting);
  });

  it('is found when its lease ends later than any that is given now', async () => {
    const { id } = await submit(relay, 'alice', 'bob');
    const bob = holder('bob');
    const { token } = await claimNext(relay, bob);
    world.clock.set(START - MINUTE);
    expect(await codes()).toEqual([]);
    world.clock.set(START - 10 * MINUTE);
    expect(await codes()).toContain(`warning job-held-into-the-future .jobs/records/${id}`);
    await relay.jobs.renew(id, token, bob);
    expect(await codes()).not.toContain(`warning job-held-into-the-future .jobs/records/${id}`);
  });

  it('is found when its mail cannot be sent, and --fix sends it once that works again', async () => {
    let isFull = false;
    use({
      wrap: (store: Store) =>
        withFaults(store, {
          createAll: async (entries, options) => {
            const error = new Error('disk full');
            if (isFull && entries.some(({ key }) => /^(alice|\.keys\/bob)\//.test(key)))
              return entries.map(() => ({ state: 'failed', error, outcome: 'none' }));
            return store.createAll(entries, options);
          },
          create: async (key, value, options) => {
            if (isFull && /^(alice|\.keys\/bob)\//.test(key)) throw unavailable();
            return store.create(key, value, options);
          },
        }),
    });
    const alice = await world.session('alice');
    isFull = true;
    const id = await done();
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'completed', owed: [{ n: 3 }] });
    expect(await codes()).toEqual([]);
    world.clock.advance(10 * MINUTE);
    expect(await codes()).toContain(`warning job-mail-owed .jobs/records/${id}`);
    const repaired = await repairAll(await examine());
    expect(repaired.find(({ code }) => code === 'job-mail-owed')).toMatchObject({ fixed: false });
    isFull = false;
    expect((await fix()).map(({ code }) => code)).not.toContain('job-mail-owed');
    expect((await jobMail(alice)).map(({ state }) => state)).toEqual(['completed']);
  });
});

describe('names of jobs', () => {
  it('that are missing are found, and --fix makes them again, in the list where they belong', async () => {
    const over = await done();
    const { id: waiting } = await submit(relay, 'alice', 'bob');
    const { id: unlisted } = await submit(relay, 'alice', 'carol');
    const names = [...(await world.keys('.jobs/open')), ...(await world.keys('.jobs/done'))];
    expect(names).toHaveLength(3);
    for (const key of names) if (!key.includes(unlisted)) await world.memory.remove(key);
    await world.memory.remove((await world.keys('.jobs/by/alice')).find((key) => key.includes(unlisted)) ?? '');
    expect((await codes()).sort()).toEqual(
      [
        `note job-not-listed .jobs/records/${unlisted}`,
        `warning job-not-listed .jobs/records/${over}`,
        `warning job-not-listed .jobs/records/${waiting}`,
      ].sort(),
    );
    expect(await fix()).toEqual([]);
    expect([...(await world.keys('.jobs/open')), ...(await world.keys('.jobs/done'))].sort()).toEqual(names.sort());
    expect((await claimNext(relay, holder('bob'))).job.id).toBe(waiting);
  });

  it('without a job are found when they are old, and --fix removes them', async () => {
    for (const folder of ['open/bob', 'by/alice']) await world.put(`.jobs/${folder}/${OLD}`, '');
    await world.put(`.jobs/done/topic.build/${OLD}.${START - HOUR}`, '');
    await world.put(`.jobs/open/bob/${START}.job-000000000001`, '');
    expect(await codes()).toEqual([
      `note job-name-without-job .jobs/open/bob/${OLD}`,
      `note job-name-without-job .jobs/done/topic.build/${OLD}.${START - HOUR}`,
      `note job-name-without-job .jobs/by/alice/${OLD}`,
    ]);
    expect(await fix()).toEqual([]);
    expect(await world.keys('.jobs')).toEqual([`.jobs/open/bob/${START}.job-000000000001`]);
  });

  it('stay when their job is made while --fix is at it', async () => {
    let made = '';
    use({
      wrap: (store: Store) =>
        withFaults(store, {
          update: async (key, revision, value) => {
            if (made === 'cut') throw new Error('kill -9');
            return store.update(key, revision, value);
          },
          remove: async (key, options) => {
            if (key.startsWith('.jobs/open/') && made === '') made = (await submit(relay, 'alice', 'bob', draft)).id;
            return store.remove(key, options);
          },
        }),
    });
    const draft = { requestId: 'r-1' };
    made = 'cut';
    await expect(submit(relay, 'alice', 'bob', draft)).rejects.toThrow('kill -9');
    world.clock.advance(HOUR);
    const found = await examine();
    expect(found.map(({ code }) => code)).toEqual(['job-name-without-job', 'job-name-without-job']);
    made = '';
    await repairAll(found);
    expect(made).toMatch(/^job-/);
    expect((await codes()).filter((code) => code.includes('job-'))).toEqual([]);
    expect((await claimNext(relay, holder('bob'))).job.id).toBe(made);
  });
});

describe('what is left of jobs', () => {
  it('an outcome without its job is found when it is old, and set aside by --fix', async () => {
    const id = await done('x'.repeat(20_000));
    await world.put('.jobs/outcomes/job-000000000000.1', '{}');
    expect(await codes()).toEqual([]);
    world.clock.advance(10 * MINUTE);
    expect(await codes()).toEqual(['note job-outcome-without-job .jobs/outcomes/job-000000000000.1']);
    expect((await fix()).map(({ code }) => code)).toEqual(['quarantined']);
    expect(await world.keys('.jobs/outcomes')).toEqual([expect.stringContaining(`.jobs/outcomes/${id}.1.`)]);
  });

  it('the record of a worker that was killed is found, and --fix takes it away, but not that of a live one', async () => {
    const killed = world.process();
    const worker = { session: SESSION, since: '', writes: 'all' as const, concurrency: 1 };
    await killed.relay.jobs.workers.enter('acme/api.js', worker);
    await relay.jobs.workers.enter('codex', worker);
    expect(await codes()).toEqual([]);
    killed.kill();
    expect(await codes()).toEqual([`note worker-ended .jobs/workers/lane.acme.api.js/${SESSION}`]);
    expect(await fix()).toEqual([]);
    expect(await world.keys('.jobs/workers')).toEqual([`.jobs/workers/codex/${SESSION}`]);
  });
});

describe('in a directory', () => {
  const directory = useTemporaryDirectories();
  const relayAt = (root: string) =>
    new Relay({ store: new FilesystemStore(root, { durability: 'process' }), processes: new ProcessTable() });

  it('what is left of a record that was ended is found, and --fix removes it', async () => {
    const there = relayAt(join(directory(), 'relay'));
    const { id } = await submit(there, 'alice', 'bob');
    const key = `.jobs/records/${id}`;
    await there.store.update(key, (await there.store.readRecord(key))?.revision, undefined);
    for (const folder of ['open/bob', 'by/alice'])
      rmSync(join(there.store.location, '.jobs', folder), { recursive: true });
    expect(await codes(there)).toEqual([`note job-record-left ${key}`]);
    expect(await fix(there)).toEqual([]);
    expect(readdirSync(join(there.store.location, '.jobs/records'))).toEqual([]);
  });

  it.skipIf(!posix)('a file or a link in the place of a folder is found', async () => {
    const there = relayAt(join(directory(), 'relay'));
    await submit(there, 'alice', 'bob', { requestId: 'r-1' });
    for (const folder of 'records open open/bob done by by/alice requests requests/alice workers outcomes'.split(' ')) {
      const place = join(there.store.location, '.jobs', folder);
      const aside = join(there.store.location, '.tmp', 'aside');
      if (existsSync(place)) renameSync(place, aside);
      symlinkSync('/tmp', place);
      // A relay of its own: one that is in use remembers its folders.
      expect(await codes(relayAt(there.store.location))).toContain(`error folder-replaced .jobs/${folder}`);
      rmSync(place);
      if (existsSync(aside)) renameSync(aside, place);
    }
  });

  it('a record without its value or its head is found, and does not stop the other checks', async () => {
    const there = relayAt(join(directory(), 'relay'));
    const ids = [(await submit(there, 'alice', 'bob')).id, (await submit(there, 'alice', 'bob')).id].sort();
    const [valueless = '', headless = ''] = ids;
    const records = join(there.store.location, '.jobs/records');
    const isHead = (name: string) => name.includes('.');
    for (const name of readdirSync(join(records, valueless))) if (!isHead(name)) rmSync(join(records, valueless, name));
    for (const name of readdirSync(join(records, headless)))
      if (isHead(name)) renameSync(join(records, headless, name), join(there.store.location, '.tmp', 'head'));
    mkdirSync(join(records, 'notes'));
    const found = await codes(there);
    expect(found).toContain(`error job-broken .jobs/records/${valueless}`);
    expect(found).toContain(`error job-broken .jobs/records/${headless}`);
    expect(found).toContain('note job-broken .jobs/records/notes');
    expect(found).toHaveLength(3);
  });
});

function unavailable(): DispatchError {
  return new DispatchError('STORE_UNAVAILABLE', 'The disk is full.', { errno: 'ENOSPC', outcome: 'none' });
}
