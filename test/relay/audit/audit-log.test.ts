import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import { AuditLog } from '../../../src/relay/audit/audit-log.js';
import type { JobEvent } from '../../../src/relay/jobs/job-events.js';
import { Files } from '../../../src/store/filesystem/files.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import type { Store } from '../../../src/store/store.js';
import { claimed, completed, faultOf, JOB, linesOf, submitted } from '../../helpers/audit-lines.js';
import { logOf } from '../../helpers/event-log.js';
import { DAY, RelayWorld, START, TestClock, withFaults } from '../../helpers/relay-world.js';
import { FaultySystem, SHORT_WRITES } from '../../helpers/store-faults.js';
import { useTemporaryDirectories, useUntrustingStores } from '../../helpers/store-relay.js';

let world: RelayWorld;
let faults: Partial<Store>;
beforeEach(() => {
  faults = {};
  world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
});
afterEach(() => world.close());

const full = () => Promise.reject(new DispatchError('STORE_UNAVAILABLE', 'full'));
const faultsOf = async () => (await linesOf(world.memory)).map(faultOf);
const sequences = async () => (await linesOf(world.memory)).map((lines) => lines.map(({ seq }) => seq));

describe('the audit', () => {
  it('resolves to where the line stands, which ends with its number, the hash before it and its own', async () => {
    const { events } = world.process().relay;
    expect(events.head).toBeUndefined();
    const first = await events.audit(submitted());
    const second = await events.audit(claimed());
    const [lines = []] = await linesOf(world.memory);
    expect(lines.map(({ log, seq, hash }) => ({ log, seq, hash }))).toEqual([first, second]);
    expect(faultOf(lines)).toBeUndefined();
    expect(lines[0]?.log).toMatch(/^2026-02-17\/[a-z0-9]{20}$/);
    expect(events.head).toEqual(second);
  });

  it('is read as events like all others, and what is noted stands in another log', async () => {
    const { relay } = world.process();
    const filled = [{ name: 'prompt', bytes: 3, sha256: 'f'.repeat(64) }];
    const { by, session, attempt, token } = completed() as Extract<JobEvent, { event: 'job.completed' }>;
    const of = { job: JOB, from: 'alice', to: 'bob' };
    const holder = { by, session, attempt, token };
    const kinds: JobEvent[] = [
      submitted(),
      { event: 'job.refused', from: 'alice', to: 'acme/api', why: 'LANE_REFUSED' },
      claimed(),
      { event: 'job.started', ...of, ...holder, write: true, executor: 'codex', argv: ['codex', '{prompt}'], filled },
      { event: 'job.released', ...of, ...holder },
      { event: 'job.lease_lost', ...of, ...holder },
      { event: 'job.parked', ...of, by: 'system', why: 'lease lost' },
      { event: 'job.recovered', ...of, by: 'human', why: 'retry' },
      { event: 'job.cancel_requested', ...of, by: 'alice' },
      { event: 'job.cancelled', ...of, ...holder },
      { event: 'job.failed', ...of, by: 'system', why: 'no attempt is left' },
      { event: 'job.expired', ...of },
      completed(),
      { event: 'job.pruned', ...of },
    ];
    await relay.events.note({ event: 'left', agent: 'bob', topic: 'build' });
    for (const kind of kinds) await relay.events.audit(kind);
    const read = await logOf(relay);
    expect(read.filter(({ event }) => event.startsWith('job.'))).toMatchObject(kinds);
    expect(read).toHaveLength(kinds.length + 1);
    expect(await faultsOf()).toEqual([undefined]);
    expect((await world.memory.list('.log/2026-02-17')).length).toBe(2);
  });

  it('of calls at once keeps their order in one chain', async () => {
    const { events } = world.process().relay;
    const heads = await Promise.all(Array.from({ length: 50 }, () => events.audit(submitted())));
    expect(heads.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await faultsOf()).toEqual([undefined]);
  });

  it('begins a new log at midnight, and never takes up an older one when the clock goes back', async () => {
    const { events } = world.process().relay;
    for (const now of [START, START + DAY, START, START + DAY]) {
      world.clock.set(now);
      await events.audit(submitted());
      await events.audit(claimed());
    }
    expect(await sequences()).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(await faultsOf()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('rejects where the line cannot be written, and the head stays at what is there', async () => {
    const { events } = world.process().relay;
    const head = await events.audit(submitted());
    faults.append = full;
    await expect(events.audit(claimed())).rejects.toThrow('full');
    expect(events.head).toEqual(head);
  });

  it('goes on in a new log after a line of which nobody knows whether it is there', async () => {
    const { events } = world.process().relay;
    await events.audit(submitted());
    faults.append = async (log, ...records) => {
      await world.memory.append(log, ...records);
      return full();
    };
    const failing = events.audit(claimed());
    const behind = events.audit(completed());
    await expect(failing).rejects.toThrow('full');
    await expect(behind).rejects.toThrow('full');
    delete faults.append;
    await events.audit(completed());
    expect((await sequences()).map((numbers) => numbers.join(' ')).sort()).toEqual(['1', '1', '1 2']);
    expect((await faultsOf()).every((fault) => fault === undefined)).toBe(true);
  });

  it('refuses an event that has no room in a line, and the chain goes on', async () => {
    const { events } = world.process().relay;
    await events.audit(submitted());
    const to = 'x'.repeat(5000);
    await expect(events.audit(submitted(JOB, to))).rejects.toThrow('at most 4096 bytes, not 5');
    await events.audit(claimed());
    expect(await sequences()).toEqual([[1, 2]]);
  });
});

describe('the audit on a disk that fails', () => {
  const temporaryDirectory = useTemporaryDirectories();
  useUntrustingStores();

  it.each(['ENOSPC', 'EIO', 'EACCES', ...SHORT_WRITES])(
    'never holds a number twice, whichever system call says %s, and goes on when the disk does',
    async (errno) => {
      for (let at = 0; ; at++) {
        const faulty = new FaultySystem({ fsyncSync: () => {} });
        const store = new FilesystemStore(temporaryDirectory(), { files: new Files(faulty.system) });
        const log = new AuditLog(store, new TestClock());
        await log.append(submitted());
        faulty.arm({ at, errno, forGood: false });
        const outcomes = await Promise.allSettled([log.append(claimed()), log.append(completed())]);
        const calls = faulty.calls.length;
        faulty.arm(undefined);
        const last = await log.append(submitted());
        const logs = await linesOf(store);
        expect(logs.map(faultOf), `${errno} at call ${at}`).toEqual(logs.map(() => undefined));
        const written = logs.flat().map(({ hash }) => hash);
        const told = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.hash] : []));
        expect(written).toEqual(expect.arrayContaining([...told, last.hash]));
        if (at >= calls) {
          expect(at).toBeGreaterThan(3);
          return;
        }
      }
    },
  );

  it('leaves at most one empty file where the disk stays full', async () => {
    const faulty = new FaultySystem({ fsyncSync: () => {} });
    const store = new FilesystemStore(temporaryDirectory(), { files: new Files(faulty.system) });
    await store.append('other', 'x');
    faulty.arm({ at: 0, errno: 'a write of nothing', forGood: true });
    const log = new AuditLog(store, new TestClock());
    for (let tries = 0; tries < 5; tries++) await expect(log.append(submitted())).rejects.toThrow('EIO');
    expect(log.head).toBeUndefined();
    expect(await store.list('.log/2026-02-17')).toHaveLength(1);
  });
});
