import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { showAudit } from '../../src/cli/audit.js';
import type { Context } from '../../src/cli/command.js';
import { styleFor } from '../../src/cli/terminal.js';
import type { JobEvent } from '../../src/relay/jobs/job-events.js';
import { claimed, completed, JOB, submitted } from '../helpers/audit-lines.js';
import { MINUTE } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

const OTHER = 'job-bbbbbbbbbbbb';
const HOLDER = { by: 'bob', session: 's'.repeat(20), attempt: 2, token: 3 };
const OF = { job: JOB, from: 'alice', to: 'bob' };
const STARTED: JobEvent = {
  event: 'job.started',
  ...OF,
  ...HOLDER,
  write: true,
  executor: 'codex',
  argv: ['codex', 'exec', '\x1b[2J', '{prompt}'],
  filled: [{ name: 'prompt', bytes: 412, sha256: 'ab'.repeat(32) }],
};

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

/** Writes each a minute after the one before, in the log of this one process. */
async function happen(...events: JobEvent[]): Promise<void> {
  for (const event of events) {
    await desk.relay.events.audit(event);
    desk.world.clock.advance(MINUTE);
  }
}

const jsonLines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('audit', () => {
  it('shows the whole life of jobs, a line each, the oldest first, and nothing else', async () => {
    await desk.send('alice', 'bob');
    await happen(
      submitted(),
      { event: 'job.refused', from: 'alice', to: 'acme/\x1b[2J', why: 'LANE_REFUSED' },
      claimed(),
      STARTED,
      { event: 'job.cancel_requested', ...OF, by: 'alice' },
      { event: 'job.parked', ...OF, ...HOLDER, by: 'system', why: 'its lease ended\x1b[2J' },
      { event: 'job.recovered', ...OF, by: 'human', why: 'retry' },
    );
    const { code, out, err } = await desk.run(['audit']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out.split('\n')).toEqual([
      '2026-02-17 20:30:00Z  job submitted         alice → bob         job-aaaaaaaaaaaa',
      '2026-02-17 20:31:00Z  job refused           alice → acme/�[2J                     LANE_REFUSED',
      '2026-02-17 20:32:00Z  job claimed           alice → bob         job-aaaaaaaaaaaa  by bob, attempt 1, token 1',
      '2026-02-17 20:33:00Z  job started           alice → bob         job-aaaaaaaaaaaa  by bob, attempt 2, token 3, may write, codex: codex exec �[2J {prompt} (prompt: 412 bytes, sha256 abababab…)',
      '2026-02-17 20:34:00Z  job cancel requested  alice → bob         job-aaaaaaaaaaaa  by alice',
      '2026-02-17 20:35:00Z  job parked            alice → bob         job-aaaaaaaaaaaa  by system, attempt 2, token 3, its lease ended�[2J',
      '2026-02-17 20:36:00Z  job recovered         alice → bob         job-aaaaaaaaaaaa  by human, retry',
      '',
    ]);
  });

  it('shows one job with --job, and each event whole with --json', async () => {
    await happen(submitted(), submitted(OTHER), STARTED);
    const { out } = await desk.run(['audit', '--job', ` ${JOB} `, '--json']);
    const events = jsonLines(out);
    expect(events).toMatchObject([submitted(), STARTED]);
    expect(events.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(out).not.toContain('\x1b');
  });

  it('refuses what is no id of a job, and says 3 where nothing is known of one', async () => {
    expect(await desk.run(['audit', '--job', 'msg-aaaaaaaaaaaa'])).toMatchObject({
      code: 2,
      err: 'error: audit: --job is no id of a job: one looks like job-k3j9x0q2m4ab. Nothing was done.\n',
    });
    expect(await desk.run(['audit'])).toMatchObject({ code: 3, out: '' });
    await happen(submitted());
    const { code, err } = await desk.run(['audit', '--job', OTHER]);
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining(`No event of ${OTHER} in the log`) });
  });

  it('with --follow goes on with what comes, of any process, until it is interrupted or nobody reads', async () => {
    await happen(submitted());
    for (const readers of [3, 1]) {
      let out = '';
      let reads = 0;
      const terminal = {
        style: styleFor(false, {}),
        out: async (text: string) => {
          out += text;
          return ++reads < readers;
        },
      };
      const looks: (() => Promise<void>)[] = [
        async () => void (await desk.world.process().relay.events.audit(claimed())),
        async () => {},
        () => happen(completed(OTHER), completed()),
      ];
      const wanted = { job: JOB, follow: true };
      const context = { terminal, json: true } as unknown as Context;
      const code = await showAudit(context, desk.relay, wanted, async () => {
        const look = looks.shift();
        await look?.();
        return look !== undefined;
      });
      expect(code).toBe(0);
      const shown = jsonLines(out).map(({ event }) => event);
      if (readers === 3) expect(shown).toEqual(['job.submitted', 'job.claimed', 'job.completed']);
      else expect(looks).toHaveLength(3);
    }
  });
});

describe('audit verify', () => {
  const anchor = (job: string, audit: unknown) =>
    desk.world.memory.update(`.jobs/records/${job}`, undefined, JSON.stringify({ audit: [audit] }));
  const logOf = () => `.log/${desk.relay.events.head?.log}`;
  const bytes = async () => {
    const held = await desk.world.memory.read(logOf(), 100_000);
    return Buffer.from(held?.ok === true ? held.bytes : []);
  };

  it('says 3 where there is no audit, of whatever else the log holds', async () => {
    await desk.send('alice', 'bob');
    const { code, out, err } = await desk.run(['audit', 'verify']);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toContain('There is no audit');
    const { code: again, json } = await desk.run(['audit', 'verify', '--json']);
    expect([again, json]).toEqual([3, { sound: true, logs: 0, lines: 0, records: 0, findings: [], torn: [] }]);
  });

  it('says 0 of a sound audit, also where a kill left a record by half', async () => {
    await happen(submitted(), claimed(), completed());
    await anchor(JOB, desk.relay.events.head);
    expect(await desk.run(['audit', 'verify'])).toMatchObject({
      code: 0,
      out: 'sound: 3 lines in 1 log; 1 record of a job names one.\n',
    });
    await desk.world.memory.put(logOf(), Buffer.concat([await bytes(), Buffer.from('\n{"at":"2026-02')]));
    expect(await desk.run(['audit', 'verify'])).toMatchObject({
      code: 0,
      out: `torn       ${logOf()} line 5: the last record is not complete, as a kill leaves it; no alarm\nsound: 3 lines in 1 log; 1 record of a job names one.\n`,
    });
  });

  it('says 1, and names place and kind of each finding', async () => {
    await happen(submitted(), claimed(), completed());
    await anchor(JOB, desk.relay.events.head);
    await anchor(OTHER, { ...desk.relay.events.head, log: `2026-02-17/${'z'.repeat(20)}` });
    await anchor('job-cccccccccccc', 'x');
    const text = (await bytes()).toString().split('\n').slice(0, 3).join('\n').replace('alice', 'mallo');
    await desk.world.memory.put(logOf(), text);
    const { code, out } = await desk.run(['audit', 'verify']);
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      `altered    ${logOf()} line 2: its hash does not fit its bytes`,
      `cut        ${logOf()} line 3: ends with number 2, and the record of ${JOB} names number 3`,
      `missing    .log/2026-02-17/${'z'.repeat(20)}: is gone, and the record of ${OTHER} names it`,
      'record     job-cccccccccccc: its record names no log of the audit',
      '4 findings: 2 lines in 1 log; 2 records of jobs name one.',
      '',
    ]);
    const { code: again, json } = await desk.run(['audit', '--json', 'verify']);
    expect(again).toBe(1);
    expect(json).toMatchObject({
      sound: false,
      records: 2,
      findings: [{ kind: 'altered', log: logOf().slice(5), line: 2, seq: 1 }, { kind: 'cut' }, { job: OTHER }, {}],
    });
  });
});
