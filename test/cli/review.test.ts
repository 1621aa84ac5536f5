import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimNext, holder, jobMail, submit } from '../helpers/job-world.js';
import { HOUR, MINUTE } from '../helpers/relay-world.js';
import { Desk } from './desk.js';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.world.close());

const REASON = 'It deletes rows.';
const HOSTILE = 'red \x1b[31m\u202e';

/** A job that waits before it runs. */
async function submittedForReview(reason = REASON, draft: Parameters<typeof submit>[3] = {}): Promise<string> {
  return (await submit(desk.relay, 'alice', 'bob', { review: reason, ...draft })).id;
}

/** A job that ran and waits with its result. */
async function doneForReview(result: unknown = { message: 'Done.' }, reason = REASON): Promise<string> {
  const { id } = await submit(desk.relay, 'alice', 'bob');
  const { token } = await claimNext(desk.relay, holder('bob'));
  await desk.relay.jobs.settle(id, token, { outcome: 'completed', result, review: reason });
  return id;
}

describe('review list', () => {
  it('lists what waits, longest first, with why, since when and whether it has run', async () => {
    const ran = await doneForReview();
    desk.world.clock.advance(HOUR);
    const waits = await submittedForReview('Why\n not.');
    desk.world.clock.advance(5 * MINUTE);
    await submit(desk.relay, 'alice', 'bob');
    const { code, out, err } = await desk.run(['review', 'list']);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['JOB', 'WAITS', 'FROM → TO', 'WHEN', 'REASON'],
      [ran, '1 h', 'alice → bob', 'after it ran', REASON],
      [waits, '5 min', 'alice → bob', 'before it runs', 'Why not.'],
      [''],
      ['Next: mcp-dispatch review show <job>, then review approve or review reject.'],
      [''],
    ]);
    const { json } = await desk.run(['review', 'list', '--limit', '1', '--json']);
    expect(json).toMatchObject({
      count: 1,
      more: true,
      jobs: [{ id: ran, review: { when: 'after', reason: REASON } }],
    });
  });

  it('of none ends with 3, and parked jobs are none', async () => {
    await submit(desk.relay, 'alice', 'bob', { write: true });
    const { job, token } = await claimNext(desk.relay, holder('bob'));
    await desk.relay.jobs.settle(job.id, token, { outcome: 'released' });
    expect(await desk.run(['review', 'list'])).toMatchObject({
      code: 3,
      out: '',
      err: 'No job waits for a review in memory.\n',
    });
  });
});

describe('review show', () => {
  it('shows the whole prompt, the reason, the whole result, and what to type next', async () => {
    const id = await doneForReview({ message: `${'x'.repeat(9000)}\nthe end`, worktree: { path: '/home/ann/tree' } });
    const { code, out } = await desk.run(['review', 'show', id]);
    expect(code).toBe(0);
    for (const part of ['Do it.', REASON, 'asked for by bob, after it ran', 'the end', '"/home/ann/tree"'])
      expect(out).toContain(part);
    expect(out).toContain(`mcp-dispatch review approve ${id}   its result counts`);
    const { json } = await desk.run(['review', 'show', id, '--json']);
    expect(json).toMatchObject({ id, state: 'needs_review', review: { reason: REASON }, outcome_is_whole: true });
  });

  it('shows of a job that was decided how, and nothing to type', async () => {
    const id = await submittedForReview();
    await desk.run(['review', 'reject', id, '--note', 'Not today.']);
    const { out } = await desk.run(['review', 'show', id]);
    expect(out).toMatch(/rejected by human at [\s\S]*Not today\./);
    expect(out).not.toContain('review approve');
  });

  it('of a job that nobody asked about ends with 4, of none with 3', async () => {
    const { id } = await submit(desk.relay, 'alice', 'bob');
    expect((await desk.run(['review', 'show', id])).code).toBe(4);
    expect((await desk.run(['review', 'show', 'job-000000000000'])).code).toBe(3);
  });

  it('is shown by job show as well, and what others say cannot act on the terminal', async () => {
    const id = await doneForReview({ message: 'Done.' }, HOSTILE);
    for (const args of [
      ['review', 'show', id],
      ['review', 'show', id, '--json'],
      ['review', 'list'],
      ['job', 'show', id],
    ]) {
      const { out } = await desk.run(args);
      expect(out).toContain('red ');
      expect(out).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    }
  });
});

describe('review approve and reject', () => {
  it('queue and complete what is approved, and say so; the submitter is told with the note', async () => {
    const alice = await desk.world.session('alice');
    const waits = await submittedForReview();
    const { code, out } = await desk.run(['review', 'approve', ` ${waits} `, '--note', ' Go on. ']);
    expect([code, out]).toEqual([0, `${waits}  alice → bob\nApproved: it waits for bob now, and alice is told.\n`]);
    expect(await jobMail(alice)).toMatchObject([{ state: 'queued', content: expect.stringContaining('Go on.') }]);
    await desk.relay.jobs.cancel(waits, 'alice', null);
    const ran = await doneForReview();
    const { json } = await desk.run(['review', 'approve', ran, '--json']);
    expect(json).toMatchObject({ job_id: ran, state: 'completed', review: { decided: { by: 'human', note: null } } });
  });

  it('fail what is rejected, and keep its result', async () => {
    const ran = await doneForReview();
    const { code, out } = await desk.run(['review', 'reject', ran, '--note', 'No.']);
    expect([code, out]).toEqual([0, expect.stringContaining('Rejected: it has failed, and alice is told. Its result')]);
    expect(await desk.relay.jobs.look(ran)).toMatchObject({ state: 'failed', result: { message: 'Done.' } });
  });

  it('are for a person: not for an agent in its shell, nor without a terminal; to look is for all', async () => {
    const id = await submittedForReview();
    for (const given of [{ isTTY: false }, { env: { CLAUDECODE: '1' } }, { env: { CODEX_SANDBOX: 'x' } }]) {
      for (const verb of ['approve', 'reject']) {
        const { code, json } = await desk.run(['review', verb, id, '--json'], given);
        expect([code, json]).toMatchObject([4, { error: { code: 'NOT_ALLOWED' } }]);
      }
    }
    expect(desk.opened).toBe(0);
    for (const args of [
      ['review', 'list'],
      ['review', 'show', id],
    ])
      expect((await desk.run(args, { isTTY: false, env: { CLAUDECODE: '1' } })).code).toBe(0);
    expect(await desk.relay.jobs.look(id)).toMatchObject({ state: 'needs_review', n: 1 });
  });

  it.each([
    ['of more than a line', 'a\nb'],
    ['with control characters', 'a\x1b[2Jb'],
    ['that is too long', 'x'.repeat(1001)],
  ])('refuse a note %s, and decide nothing', async (_, note) => {
    const id = await submittedForReview();
    expect((await desk.run(['review', 'approve', id, '--note', note])).code).toBe(2);
    expect(await desk.relay.jobs.look(id)).toMatchObject({ state: 'needs_review' });
  });

  it('of what was decided change nothing, end with 4, and say what was decided and when', async () => {
    const id = await submittedForReview();
    await desk.run(['review', 'reject', id, '--note', HOSTILE.slice(0, 3)]);
    const at = new Date(desk.world.clock.now()).toISOString();
    const rejected = await desk.relay.jobs.look(id);
    desk.world.clock.advance(HOUR);
    for (const verb of ['approve', 'reject']) {
      const { code, err } = await desk.run(['review', verb, id]);
      expect([code, err]).toEqual([4, expect.stringContaining(`was rejected by a person, before it ran, at ${at}`)]);
    }
    expect(await desk.relay.jobs.look(id)).toEqual(rejected);
    expect((await desk.run(['review', 'approve', 'job-000000000000'])).code).toBe(3);
    expect((await desk.run(['review', 'approve', 'job-1'])).code).toBe(2);
    const other = await submit(desk.relay, 'alice', 'bob');
    expect((await desk.run(['review', 'approve', other.id])).code).toBe(4);
  });

  it('stand in the trace of the job, in tail and in the audit, without a word of the note', async () => {
    const id = await submittedForReview();
    await desk.run(['review', 'approve', id, '--note', 'Go on.']);
    const trace = (await desk.run(['trace', id])).out;
    expect(trace).toMatch(/review asked +by alice[\s\S]*approved +by human, .*6 bytes, sha256/);
    for (const args of [['audit'], ['tail']]) {
      const { out } = await desk.run(args);
      expect(out).toMatch(/job review asked[\s\S]*job approved .*by human/);
      expect(out).not.toContain('Go on.');
    }
  });
});

describe('what waits for a person', () => {
  it('comes first in jobs, and is counted by who, each with the command to type', async () => {
    const id = await submittedForReview();
    desk.world.clock.advance(1000);
    await submit(desk.relay, 'alice', 'carol');
    const jobs = (await desk.run(['jobs', '--limit', '1'])).out;
    expect(jobs.split('\n')[1]).toContain(id);
    expect(jobs).toContain(`1 job waits for your review: mcp-dispatch review show ${id}, then`);
    expect((await desk.run(['who'])).out).toContain('1 job waits for your review: mcp-dispatch review list');
    expect((await desk.run(['who', '--json'])).json).toMatchObject({
      parked_jobs: 0,
      awaiting_person: { review: 1, recovery: 0, more: false },
    });
  });

  it('is said where it is made: job submit --review', async () => {
    const { code, out } = await desk.run(['job', 'submit', 'codex', 'Do it.', '--review', REASON]);
    expect([code, out]).toEqual([0, expect.stringMatching(/Submitted (job-\S+)[\s\S]*review show \1/)]);
    expect((await desk.run(['job', 'submit', 'codex', 'Do it.', '--review', ' '])).code).toBe(2);
    const waited = await desk.run(['job', 'submit', 'codex', 'Do it.', '--review', REASON, '--wait', '60']);
    expect([waited.code, waited.err]).toEqual([1, expect.stringContaining('It waits for your review')]);
  });
});
