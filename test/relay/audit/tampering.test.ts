/** Whatever is done to the lines of an audit is found, and where. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditHead } from '../../../src/model/job.js';
import { LogJudge } from '../../../src/relay/audit/log-judge.js';
import type { JobEvent } from '../../../src/relay/jobs/job-events.js';
import { claimed, completed, JOB, submitted } from '../../helpers/audit-lines.js';
import { AuditWorld, forgedBehind, logOfRecords, recordsOf } from '../../helpers/audit-world.js';

const HASH = 'f'.repeat(64);
const STARTED: JobEvent = {
  ...(claimed() as Extract<JobEvent, { event: 'job.claimed' }>),
  event: 'job.started',
  executor: 'codex',
  argv: ['codex', 'exec', '--', '{prompt}', '-', 'gr\u00fcn "\\ \u0001'],
  filled: [{ name: 'prompt', bytes: 3, sha256: HASH }],
};

let world: AuditWorld;
let heads: AuditHead[];
let log: string;
let whole: Buffer;
/** In which line each byte stands; a newline ends the one before it. */
let lineOf: number[];
let records: string[];
beforeEach(async () => {
  world = new AuditWorld();
  const { events } = world.process().relay;
  heads = [];
  for (const event of [submitted(), claimed(), STARTED, completed()]) heads.push(await events.audit(event));
  log = heads[0]?.log ?? '';
  whole = await world.bytesOf(log);
  let line = 1;
  lineOf = [...whole].map((byte) => (byte === 10 ? line++ : line));
  records = recordsOf(whole);
});
afterEach(() => world.close());

/** What is found in the log as `bytes`. */
async function foundIn(bytes: Uint8Array): Promise<string[]> {
  await world.write(log, bytes);
  return world.found();
}

async function verified(bytes: Uint8Array) {
  await world.write(log, bytes);
  return world.verify();
}

/** What the judge of a log says of it as `bytes`, without the store around it. */
function judged(bytes: Buffer) {
  const judge = new LogJudge(log, []);
  const starts = [0];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  for (const [index, start] of starts.entries()) {
    const next = starts[index + 1];
    const end = next === undefined ? bytes.length : next - 1;
    judge.take({ bytes: bytes.subarray(start, end), number: index + 1, last: next === undefined });
  }
  return judge.end() ?? { findings: [], torn: undefined };
}

describe('an audit', () => {
  it('that nobody touched is sound', async () => {
    for (const head of heads) await world.anchor(`job-aaaaaaaaaaa${head.seq}`, head);
    expect(await world.verify()).toEqual({ findings: [], torn: [], logs: 1, lines: 4, records: 4 });
  });

  it('shows the flip of any byte, and in which line it is', async () => {
    const bits = Array.from({ length: 8 }, (_, bit) => (byte: number) => byte ^ (1 << bit));
    const signs = [...'\0\r "\\{}[],:09afgx-\x80\xc3\xff'].map((sign) => () => sign.charCodeAt(0));
    const newline = () => 10;
    let flips = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [newline, ...bits, ...signs]) {
        const bytes = Buffer.from(whole);
        bytes[at] = flip(whole[at] as number);
        if (bytes[at] === whole[at]) continue;
        flips++;
        // From the store for one flip of each byte; the judge alone is a third of the work.
        const { findings, torn } = flip === newline || flip === bits[0] ? await verified(bytes) : judged(bytes);
        const near = findings.map(({ line = 0 }) => line - (lineOf[at] as number));
        if (!near.some((distance) => distance === 0 || distance === 1))
          expect.fail(`byte ${at} as ${bytes[at]}: ${JSON.stringify({ findings, torn })}`);
      }
    }
    expect(flips).toBeGreaterThan(whole.length * 20);
  });

  it('shows every other value of every byte of its last line, whatever beginning of a record that could be', () => {
    const last = Buffer.from(records[3] ?? '');
    for (let at = 0; at < last.length; at++) {
      for (let value = 0; value < 256; value++) {
        if (value === last[at] || value === 10) continue;
        const bytes = Buffer.from(last);
        bytes[at] = value;
        const judge = new LogJudge(log, []);
        for (const [index, record] of records.slice(0, 3).entries())
          judge.take({ bytes: Buffer.from(record), number: index + 2, last: false });
        judge.take({ bytes, number: 5, last: true });
        const { findings = [], torn } = judge.end() ?? {};
        if (torn !== undefined || findings.length === 0) expect.fail(`byte ${at} as ${value}`);
      }
    }
  });

  it('shows the removal of any line but the last, which only a record can tell of', async () => {
    for (const gone of records.keys()) {
      const found = await foundIn(logOfRecords(records.toSpliced(gone, 1)));
      expect(found).toEqual(gone === 3 ? [] : [`misplaced ${gone + 2}`]);
    }
    await world.anchor(JOB, heads[3]);
    expect(await foundIn(logOfRecords(records.toSpliced(3, 1)))).toEqual(['cut 4']);
  });

  it('shows any two lines that changed places', async () => {
    for (const one of records.keys()) {
      for (const other of records.keys()) {
        if (other <= one) continue;
        const swapped = records.with(one, records[other] as string).with(other, records[one] as string);
        expect((await foundIn(logOfRecords(swapped)))[0]).toBe(`misplaced ${one + 2}`);
      }
    }
  });

  it('shows any line that stands there twice, wherever its copy is', async () => {
    for (const record of records) {
      for (let to = 0; to <= records.length; to++) {
        const doubled = logOfRecords(records.toSpliced(to, 0, record));
        expect((await foundIn(doubled)).length).toBeGreaterThan(0);
      }
    }
  });

  it('shows a line that was put in and chained to the one before; behind the last one nothing can', async () => {
    const event = { at: '2026-02-17T20:30:00.000Z', ...completed() };
    for (let to = 0; to <= records.length; to++) {
      const forged = forgedBehind(records[to - 1], log, event);
      const found = await foundIn(logOfRecords(records.toSpliced(to, 0, forged)));
      expect(found).toEqual(to === 4 ? [] : [`misplaced ${to + 3}`]);
    }
  });

  it('shows a line that was replaced by one chained to the one before', async () => {
    const event = { at: '2026-02-17T20:30:00.000Z', ...submitted(JOB, 'mallory') };
    for (const place of records.keys()) {
      await world.anchor(JOB, heads[3]);
      const forged = forgedBehind(records[place - 1], log, event);
      const found = await foundIn(logOfRecords(records.with(place, forged)));
      expect(found).toEqual([place === 3 ? 'rewritten 5' : `unlinked ${place + 3}`]);
    }
  });

  it('shows a log that was chained anew to its end where a record names one of its lines', async () => {
    const rewritten: string[] = [];
    for (const record of records) {
      const { seq: _, prev: __, hash: ___, ...event } = JSON.parse(record);
      rewritten.push(forgedBehind(rewritten.at(-1), log, { ...event, from: 'mallory' }));
    }
    expect(await foundIn(logOfRecords(rewritten))).toEqual([]);
    await world.anchor(JOB, heads[1]);
    expect(await foundIn(logOfRecords(rewritten))).toEqual(['rewritten 3']);
  });

  it('shows records without a chain in its log, whatever they say', async () => {
    const bare = (record: string) => record.replace(/,"seq":.*$/, '}');
    const acked = JSON.stringify({ at: '2026-02-17T20:30:00.000Z', event: 'acked' });
    for (const place of records.keys()) {
      expect(await foundIn(logOfRecords(records.toSpliced(place, 0, acked)))).toEqual([`unchained ${place + 2}`]);
      expect((await foundIn(logOfRecords(records.with(place, bare(records[place] as string)))))[0]).toBe(
        `unchained ${place + 2}`,
      );
    }
    expect(await foundIn(logOfRecords(records.map(bare)))).toEqual([2, 3, 4, 5].map((line) => `unchained ${line}`));
  });

  it('shows a log under another name, and one that is gone where a record names it', async () => {
    const elsewhere = `2026-02-17/${'z'.repeat(20)}`;
    for (const copy of [elsewhere, `2026-02-16/${log.slice(11)}`]) {
      await world.write(copy, whole);
      expect((await world.verify()).findings).toMatchObject([{ kind: 'unlinked', log: copy, line: 2, seq: 1 }]);
      await world.memory.remove(`.log/${copy}`);
    }
    await world.memory.remove(`.log/${log}`);
    expect(await world.found()).toEqual([]);
    await world.anchor(JOB, heads[1]);
    expect((await world.verify()).findings).toMatchObject([{ kind: 'missing', log, job: JOB }]);
  });

  it('cut at any byte is an alarm where a record names what is gone, and no alarm behind that', async () => {
    const ends = [...whole.keys()].filter((at) => at > 0 && whole[at] === 10).concat(whole.length);
    for (const anchored of heads.keys()) {
      await world.anchor(JOB, heads[anchored]);
      for (let end = 0; end <= whole.length; end++) {
        await world.write(log, whole.subarray(0, end));
        const { findings, torn } = await world.verify();
        const kinds = findings.map(({ kind }) => kind);
        expect(kinds, `${end} bytes, number ${anchored + 1} named`).toEqual(
          end < (ends[anchored] as number) ? ['cut'] : [],
        );
        expect(torn.length).toBe(end === 0 || ends.includes(end) ? 0 : 1);
      }
    }
  });

  it('is sound only where its whole lines are the first of those that were written, after any edit', async () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
    const place = fc.nat(whole.length);
    const edit = fc.record({
      at: place,
      remove: fc.oneof(fc.nat(4), fc.nat(whole.length)),
      add: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc.record({ from: place, bytes: fc.nat(600) }).map(({ from, bytes }) => whole.subarray(from, from + bytes)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let bytes = whole;
        for (const { at, remove, add } of edits)
          bytes = Buffer.concat([bytes.subarray(0, at), add, bytes.subarray(at + remove)]);
        await world.write(log, bytes);
        const { findings, torn, lines, logs } = await world.verify();
        if (findings.length > 0) return;
        // Of a log in which nothing is left that tells what it was, only a record tells.
        if (logs === 0) expect(recordsOf(bytes).slice(0, -1).join('')).not.toContain('"event":"job.');
        else expect(recordsOf(bytes).slice(0, -torn.length || undefined)).toEqual(records.slice(0, lines));
      }),
      { seed, numRuns: 3000 },
    );
  });
});
