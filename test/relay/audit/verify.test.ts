import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../../src/model/errors.js';
import { verifyAudit } from '../../../src/relay/audit/verify.js';
import { claimed, completed, JOB, submitted } from '../../helpers/audit-lines.js';
import { AuditWorld, logOfRecords, recordsOf } from '../../helpers/audit-world.js';
import { DAY, START, withFaults } from '../../helpers/relay-world.js';

const OTHER = 'job-bbbbbbbbbbbb';

let world: AuditWorld;
beforeEach(() => {
  world = new AuditWorld({ logRetentionSeconds: (10 * DAY) / 1000 });
});
afterEach(() => world.close());

describe('a verification', () => {
  it('finds nothing where nothing is: no audit, and logs that are none of it', async () => {
    const nothing = { findings: [], torn: [], logs: 0, lines: 0, records: 0 };
    expect(await world.verify()).toEqual(nothing);
    await world.process().relay.events.note({ event: 'left', agent: 'bob', topic: 'build' });
    await world.memory.append(`.log/2026-02-17/${'m'.repeat(20)}`, 'not JSON', '{"at":"2026', '{"event":"sent"}');
    await world.put(`.log/2026-02-17/${'n'.repeat(20)}`, 'not even a log\n\n');
    await world.put(`.log/2026-02-17/notes.txt`, '\n{"event":"job.');
    await world.put('.log/readme', 'x');
    expect(await world.verify()).toEqual(nothing);
  });

  it('takes in the logs of all processes and days, and changes nothing', async () => {
    for (const now of [START, START + DAY]) {
      world.clock.set(now);
      for (const events of [world.process().relay.events, world.process().relay.events]) {
        await events.audit(submitted());
        await world.anchor(JOB, await events.audit(claimed()));
      }
    }
    const before = await world.keys('.log');
    expect(await world.verify()).toEqual({ findings: [], torn: [], logs: 4, lines: 8, records: 1 });
    expect(await world.keys('.log')).toEqual(before);
  });

  it('is not alarmed by days that are past their retention, before and after they are swept', async () => {
    const { relay } = world.process();
    await world.anchor(JOB, await relay.events.audit(submitted()));
    for (const days of [10, 11, 400]) {
      world.clock.set(START + days * DAY);
      expect(await world.found()).toEqual([]);
      await relay.events.sweep(world.clock.now());
      expect((await world.memory.list('.log')).length).toBe(days === 10 ? 1 : 0);
      expect(await world.found()).toEqual([]);
    }
    world.clock.set(START + 10 * DAY);
    expect(await world.found()).toEqual(['missing']);
  });

  it('names the highest line that is gone, and how many records speak of such', async () => {
    const { events } = world.process().relay;
    const heads = [await events.audit(submitted()), await events.audit(claimed()), await events.audit(completed())];
    const log = events.head?.log ?? '';
    await world.anchor(OTHER, heads[1]);
    await world.anchor(JOB, heads[2]);
    await world.write(log, logOfRecords(recordsOf(await world.bytesOf(log)).slice(0, 1)));
    expect((await world.verify()).findings).toEqual([
      {
        kind: 'cut',
        log,
        line: 2,
        seq: 1,
        job: JOB,
        detail: `ends with number 1, and the record of ${JOB} (and those of 1 more) names number 3`,
      },
    ]);
    await world.write(log, Buffer.alloc(0));
    expect(await world.found()).toEqual(['cut 1']);
  });

  it.each([
    ['is no JSON', '{', 'its record is no JSON'],
    ['names a log outside of the audit', { log: '../../bob/x', seq: 1, hash: 'f'.repeat(64) }, 'names no log'],
    ['names a day that is none', { log: `2026-02-40/${'a'.repeat(20)}`, seq: 1, hash: 'f'.repeat(64) }, 'names no log'],
    ['names line 0', { log: `2026-02-17/${'a'.repeat(20)}`, seq: 0, hash: 'f'.repeat(64) }, 'names no line'],
    ['names no hash', { log: `2026-02-17/${'a'.repeat(20)}`, seq: 1, hash: 'x' }, 'names no line'],
    ['says something else', 'text', 'names no log'],
  ])('tells of a record that %s', async (_, audit, detail) => {
    const value = audit === '{' ? audit : JSON.stringify({ audit: [audit] });
    await world.memory.update(`.jobs/records/${JOB}`, undefined, value);
    const { findings } = await world.verify();
    expect(findings).toEqual([{ kind: 'record', job: JOB, detail: expect.stringContaining(detail) }]);
  });

  it('passes over a record that names no line, and one that is gone when it is looked at', async () => {
    await world.anchor(JOB, undefined);
    await world.memory.update(`.jobs/records/${OTHER}`, undefined, '{}');
    const { clock, events } = world.onlooker;
    const store = withFaults(world.memory, { readRecord: async () => undefined });
    for (const over of [world.memory, store])
      expect(await verifyAudit({ store: over, clock, events })).toMatchObject({ findings: [], records: 0 });
  });

  it('tells of a log and of a record that cannot be read, and goes on with the others', async () => {
    const { events } = world.process().relay;
    const head = await events.audit(submitted());
    await world.anchor(JOB, await world.process().relay.events.audit(submitted()));
    const closed = new DispatchError('STORE_UNAVAILABLE', 'the permission is missing');
    const store = withFaults(world.memory, {
      readRecord: async () => {
        throw closed;
      },
      readLog: async (log, after, bytes) => {
        if (log.endsWith(head.log)) throw closed;
        return world.memory.readLog(log, after, bytes);
      },
    });
    const { clock } = world.onlooker;
    const verdict = await verifyAudit({ store, clock, events: world.onlooker.events });
    expect(verdict).toMatchObject({ logs: 2, lines: 1, records: 0 });
    expect(verdict.findings.map(({ kind, log, job }) => [kind, log ?? job])).toEqual([
      ['damaged', head.log],
      ['record', JOB],
    ]);
  });

  it('reads a log of many parts, with lines across them', async () => {
    const { events } = world.process().relay;
    for (let line = 0; line < 2000; line++) await events.audit(submitted(JOB, 'x'.repeat(line % 500)));
    expect((await world.bytesOf(events.head?.log ?? '')).length).toBeGreaterThan(2 * 256 * 1024);
    expect(await world.verify()).toMatchObject({ findings: [], logs: 1, lines: 2000 });
  });

  it('is not alarmed by lines that are written, and named by a record, while it reads the logs', async () => {
    const { events } = world.process().relay;
    await world.anchor(JOB, await events.audit(submitted()));
    const store = withFaults(world.memory, {
      readLog: async (log, after, bytes) => {
        const part = await world.memory.readLog(log, after, bytes);
        if (part?.bytes.length === 0) await world.anchor(OTHER, await events.audit(claimed()));
        return part;
      },
    });
    const { clock } = world.onlooker;
    expect(await verifyAudit({ store, clock, events: world.onlooker.events })).toMatchObject({
      findings: [],
      lines: 1,
    });
    expect(await world.verify()).toMatchObject({ findings: [], lines: 2, records: 2 });
  });

  it('is not alarmed by a log that grows while it is read, nor by a record that is being written', async () => {
    const { events } = world.process().relay;
    for (let line = 0; line < 3; line++) await events.audit(submitted());
    const log = events.head?.log ?? '';
    const whole = await world.bytesOf(log);
    let end = 0;
    const store = withFaults(world.memory, {
      readLog: async (_, after) => {
        end = Math.min(end + 97, whole.length - 30);
        const bytes = whole.subarray(after, end);
        return { bytes, next: after + bytes.length, end };
      },
    });
    const { clock } = world.onlooker;
    const verdict = await verifyAudit({ store, clock, events: world.onlooker.events });
    expect(verdict).toMatchObject({ findings: [], lines: 2, torn: [{ log, line: 4 }] });
  });
});
