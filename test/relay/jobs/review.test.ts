import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseJob, serializeJob } from '../../../src/model/job.js';
import type { Relay } from '../../../src/relay/relay.js';
import { logOf } from '../../helpers/event-log.js';
import { claimNext, codeOf, holder, jobMail, refusalOf, submit } from '../../helpers/job-world.js';
import { DAY, RelayWorld } from '../../helpers/relay-world.js';

const REASON = 'It touches the billing.';
const APPROVE = { how: 'approved', by: 'human', note: null } as const;
const REJECT = { how: 'rejected', by: 'human', note: 'Not on a Friday.' } as const;

let world: RelayWorld;
let relay: Relay;
beforeEach(() => {
  world = new RelayWorld();
  ({ relay } = world.process());
});
afterEach(() => world.close());

/** A job that ran, and asks for a review. */
async function done(result: unknown = 'Done.', draft: Parameters<typeof submit>[3] = {}): Promise<string> {
  const { id } = await submit(relay, 'alice', 'bob', draft);
  const { token } = await claimNext(relay, holder('bob'));
  await relay.jobs.settle(id, token, { outcome: 'completed', result, review: REASON });
  return id;
}

const person = () => world.keys('.jobs/person');

describe('a job that is submitted with a reason for a review', () => {
  it('waits: nobody is told of it, nobody can claim it, no time ends it', async () => {
    const bob = await world.session('bob');
    const job = await submit(relay, 'alice', 'bob', { review: REASON, ttl: 60 });
    expect(job).toMatchObject({
      state: 'needs_review',
      n: 1,
      review: { when: 'before', reason: REASON, asked_by: 'alice', asked_at: job.created_at },
      owed: [],
    });
    expect(await relay.jobs.claimNext(holder('bob'), { addresses: ['bob'] })).toEqual({ againAt: undefined });
    const refused = await refusalOf(relay.jobs.claim(job.id, holder('bob'), { addresses: ['bob'] }));
    expect(refused).toMatchObject({ code: 'NOT_CLAIMABLE', message: expect.stringContaining('a person') });
    expect(refused.message).not.toContain('billing');
    world.clock.advance(30 * DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await relay.jobs.look(job.id)).toMatchObject({ state: 'needs_review', n: 1 });
    expect(await jobMail(bob)).toEqual([]);
  });

  it('is queued when a person approves, also past its ttl; assignee and submitter are told', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    const { id } = await submit(relay, 'alice', 'bob', { review: REASON, ttl: 60 });
    world.clock.advance(DAY);
    const approved = await relay.jobs.review(id, { ...APPROVE, note: 'Go on.' });
    expect(approved).toMatchObject({
      state: 'queued',
      review: { when: 'before', decided: { how: 'approved', by: 'human', note: 'Go on.' } },
    });
    const [offer, ...others] = await jobMail(bob);
    expect([offer?.from, offer?.state, others]).toEqual(['alice', 'queued', []]);
    expect(offer?.content).not.toContain('taken up before');
    expect(await jobMail(alice)).toMatchObject([
      { from: 'bob', state: 'queued', content: expect.stringMatching(/approved by a person[\s\S]*Go on\./) },
    ]);
    world.clock.advance(DAY);
    expect((await claimNext(relay, holder('bob'))).job.id).toBe(id);
  });

  it('fails when a person rejects, with the note, and its submitter is told', async () => {
    const alice = await world.session('alice');
    const { id } = await submit(relay, 'alice', 'bob', { review: REASON });
    const rejected = await relay.jobs.review(id, REJECT);
    expect(rejected).toMatchObject({
      state: 'failed',
      error: 'Rejected by a person before it was begun: Not on a Friday.',
      attempts: 0,
    });
    expect(await jobMail(alice)).toMatchObject([
      { state: 'failed', content: expect.stringContaining('Not on a Friday.') },
    ]);
    expect(await codeOf(relay.jobs.claim(id, holder('bob'), { addresses: ['bob'] }))).toBe('ALREADY_FINISHED');
  });

  it('can be cancelled by its submitter, since nothing was begun, and by nobody else', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { review: REASON });
    expect(await codeOf(relay.jobs.cancel(id, 'bob', null))).toBe('NOT_FOUND');
    expect(await relay.jobs.cancel(id, 'alice', 'not needed')).toMatchObject({ state: 'cancelled' });
    expect(await refusalOf(relay.jobs.review(id, APPROVE))).toMatchObject({ code: 'ALREADY_FINISHED' });
    expect(await person()).toEqual([]);
  });

  it('is another request than one without, and requests of before there were reviews go on to count', async () => {
    const draft = { to: 'bob', task: { prompt: 'Do it.' }, requestId: 'r-1' };
    // The digest that versions without reviews have written, of ["bob",{"prompt":"Do it."},false].
    const digest = '5610f103081c9ff6a8d54356dfcb0a45a047fccb74798971ba95f189dc331e45';
    await relay.jobs.submit('alice', draft);
    const [name] = await world.keys('.jobs/requests/alice');
    const held = await world.memory.read(name ?? '', 4096);
    expect(held?.ok === true && JSON.parse(Buffer.from(held.bytes).toString()).digest).toBe(digest);
    expect(await codeOf(relay.jobs.submit('alice', { ...draft, review: REASON }))).toBe('REQUEST_CONFLICT');
    const reviewed = { ...draft, requestId: 'r-2', review: REASON };
    const { job } = await relay.jobs.submit('alice', reviewed);
    expect(await relay.jobs.submit('alice', reviewed)).toMatchObject({ deduped: true, job: { id: job.id } });
    expect(await codeOf(relay.jobs.submit('alice', { ...reviewed, review: 'Another.' }))).toBe('REQUEST_CONFLICT');
  });
});

describe('a job that ran and asks for a review', () => {
  it('waits with its result, held by nobody, and its submitter is told that a person decides', async () => {
    const alice = await world.session('alice');
    const id = await done({ message: 'Changed it.' });
    expect(await relay.jobs.look(id)).toMatchObject({
      state: 'needs_review',
      lease: null,
      ended_at: null,
      result: { message: 'Changed it.' },
      review: { when: 'after', reason: REASON, asked_by: 'bob' },
    });
    expect(await jobMail(alice)).toMatchObject([
      {
        from: 'bob',
        state: 'needs_review',
        content: expect.stringMatching(/a person decides[\s\S]*It touches the billing\./),
      },
    ]);
  });

  it('takes nothing more from who held it', async () => {
    const { id } = await submit(relay, 'alice', 'bob');
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(id, token, { outcome: 'completed', result: 'Done.', review: REASON });
    const before = await relay.jobs.look(id);
    const refused = await refusalOf(relay.jobs.settle(id, token, { outcome: 'completed', result: 'Other.' }));
    expect(refused).toMatchObject({ code: 'LEASE_ENDED', message: expect.stringContaining('waits for a person') });
    expect(await relay.jobs.look(id)).toEqual(before);
  });

  it('is completed when a person approves, with the result as it was', async () => {
    const id = await done('x'.repeat(20_000));
    const alice = await world.session('alice');
    await jobMail(alice);
    const job = await relay.jobs.review(id, { ...APPROVE, note: 'Fine.' });
    expect(job).toMatchObject({ state: 'completed', error: null, review: { decided: { how: 'approved' } } });
    expect(await relay.jobs.wholeOutcome(job)).toEqual({ result: 'x'.repeat(20_000), error: null });
    expect(await jobMail(alice)).toMatchObject([{ state: 'completed', content: expect.stringContaining('Fine.') }]);
  });

  it.each([
    ['small', 'Done.'],
    ['large', 'x'.repeat(20_000)],
  ])('fails when a person rejects, and a %s result is kept beside the error', async (_, result) => {
    const id = await done(result);
    const job = await relay.jobs.review(id, REJECT);
    const error = 'Rejected by a person after it had run: Not on a Friday.';
    expect(job).toMatchObject({ state: 'failed', error });
    expect((await relay.jobs.wholeOutcome(job)) ?? job).toMatchObject({ result, error });
  });

  it('cannot be cancelled nor recovered: the errors name the command that decides', async () => {
    const id = await done();
    const before = await relay.jobs.look(id);
    for (const work of [relay.jobs.cancel(id, 'alice', null), relay.jobs.cancel(id, 'human', null)])
      expect(await refusalOf(work)).toMatchObject({
        code: 'NOT_ALLOWED',
        message: expect.stringContaining('review approve'),
      });
    const recovering = relay.jobs.recover(id, 'retry', 'human');
    expect(await refusalOf(recovering)).toMatchObject({ message: expect.stringContaining(`review approve ${id}`) });
    expect(await relay.jobs.look(id)).toEqual(before);
  });

  it('waits for as long as it takes, and is never pruned', async () => {
    const id = await done();
    world.clock.advance(400 * DAY);
    await relay.jobs.sweep(world.clock.now());
    expect(await relay.jobs.look(id)).toMatchObject({ state: 'needs_review', result: 'Done.' });
  });

  it('may have been approved before it ran: its review tells the newest, its history all', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { review: 'First.' });
    await relay.jobs.review(id, APPROVE);
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(id, token, { outcome: 'completed', review: 'Second.' });
    expect((await relay.jobs.look(id))?.review).toMatchObject({ when: 'after', reason: 'Second.' });
    const job = await relay.jobs.review(id, APPROVE);
    const states = ['needs_review', 'queued', 'running', 'needs_review', 'completed'];
    expect(job.history.map(({ state }) => state)).toEqual(states);
  });
});

describe('two decisions about one job', () => {
  it.each([
    ['before it ran', async () => (await submit(relay, 'alice', 'bob', { review: REASON })).id],
    ['after it ran', () => done()],
  ])('are one, also at the same time, %s; the second is told what was decided and when', async (_, make) => {
    const others = Array.from({ length: 6 }, () => world.process().relay);
    const id = await make();
    world.clock.advance(1000);
    const at = new Date(world.clock.now()).toISOString();
    const all = await Promise.allSettled(
      others.map((each, index) => each.jobs.review(id, index % 2 === 0 ? APPROVE : REJECT)),
    );
    const accepted = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(accepted).toHaveLength(1);
    const how = accepted[0]?.review?.decided?.how;
    for (const one of all) {
      if (one.status === 'fulfilled') continue;
      expect(one.reason.code).toMatch(/^(NOT_ALLOWED|ALREADY_FINISHED)$/);
      expect(one.reason.message).toContain(`was ${how} by a person`);
      expect(one.reason.message).toContain(at);
      expect(one.reason.message).not.toContain('Friday');
    }
    const alice = await world.session('alice');
    expect((await jobMail(alice)).filter(({ state }) => state !== 'needs_review')).toHaveLength(1);
  });

  it('of which the first was a no: approving then changes nothing', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { review: REASON });
    const rejected = await relay.jobs.review(id, REJECT);
    const refused = await refusalOf(relay.jobs.review(id, APPROVE));
    expect(refused).toMatchObject({ code: 'ALREADY_FINISHED', message: expect.stringContaining('was rejected') });
    expect(await relay.jobs.look(id)).toEqual(rejected);
  });
});

describe('a review of a job that does not wait for one', () => {
  it('is refused, and of a parked one the error names recover', async () => {
    const { id } = await submit(relay, 'alice', 'bob', { write: true });
    expect(await refusalOf(relay.jobs.review(id, APPROVE))).toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('Nobody asked'),
    });
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(id, token, { outcome: 'released' });
    expect(await refusalOf(relay.jobs.review(id, APPROVE))).toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining(`mcp-dispatch recover ${id}`),
    });
    expect(await codeOf(relay.jobs.review('job-000000000000', APPROVE))).toBe('NOT_FOUND');
  });
});

describe('the audit of a review', () => {
  it('says who asked and who decided and when, and of a note its length and hash alone', async () => {
    const id = await done();
    await relay.jobs.review(id, REJECT);
    const { id: other } = await submit(relay, 'alice', 'bob', { review: REASON });
    await relay.jobs.review(other, APPROVE);
    const events = await logOf(relay);
    expect(events.filter(({ event }) => /review|approved|rejected|completed|failed/.test(event))).toMatchObject([
      { event: 'job.review_asked', job: id, by: 'bob', when: 'after', attempt: 1, token: 1 },
      {
        event: 'job.rejected',
        job: id,
        by: 'human',
        when: 'after',
        note: { bytes: 16, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
      { event: 'job.review_asked', job: other, by: 'alice', when: 'before' },
      { event: 'job.approved', job: other, by: 'human', when: 'before' },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/billing|Friday/);
  });
});

describe('a record of before there were reviews', () => {
  it('is a job without one', async () => {
    const { review: _, ...older } = await submit(relay, 'alice', 'bob');
    expect(parseJob(Buffer.from(serializeJob(older as never)))).toMatchObject({ id: older.id, review: null });
  });
});
