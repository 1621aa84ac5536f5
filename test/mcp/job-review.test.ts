import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, claimed, JobDesk, refusal, submitted } from '../helpers/job-desk.js';
import type { RelayClient } from '../helpers/relay-client.js';
import { RelayWorld } from '../helpers/relay-world.js';

const REASON = 'It deletes rows.';

let desk: JobDesk;
let alice: RelayClient;
let bob: RelayClient;
beforeEach(async () => {
  desk = new JobDesk(new RelayWorld());
  alice = await desk.client('alice');
  bob = await desk.client('bob');
});
afterEach(() => desk.close());

const jobs = () => desk.world.process().relay.jobs;

describe('submit with a reason for a review', () => {
  it('says that the job waits for a person, at once also with wait_seconds, and that no tool decides', async () => {
    const made = await answer(alice, 'submit', { to: 'bob', task: { prompt: 'Do it.' }, review: ` ${REASON} ` });
    expect(made).toMatchObject({ state: 'needs_review', note: expect.stringContaining('review show') });
    const waited = await answer(alice, 'submit', {
      to: 'bob',
      task: { prompt: 'Do it.' },
      review: REASON,
      wait_seconds: 240,
    });
    expect(waited).toMatchObject({ state: 'needs_review', review: { when: 'before', reason: REASON } });
  });

  it.each([
    ['that is empty', ' '],
    ['that is too long', 'x'.repeat(501)],
    ['of two lines', 'a\nb'],
    ['that is none', 7],
  ])('refuses one %s', async (_, review) => {
    expect(await refusal(alice, 'submit', { to: 'bob', task: { prompt: 'x' }, review })).toContain('review');
    expect((await answer(alice, 'jobs')).count).toBe(0);
  });

  it('is refused to a claim without a word of the reason, and can be cancelled', async () => {
    const id = await submitted(alice, { review: REASON });
    const refused = await refusal(bob, 'claim', { job_id: id });
    expect(refused).toContain('a person');
    expect(refused).not.toContain('rows');
    expect(await answer(bob, 'claim')).toMatchObject({ found: false });
    expect(await answer(alice, 'cancel', { job_id: id })).toMatchObject({ state: 'cancelled' });
  });
});

describe('a job that waits for a review', () => {
  it('shows why in poll and in jobs, as a field, and after the decision what was said', async () => {
    const id = await submitted(alice, { review: REASON });
    const review = { when: 'before', reason: REASON };
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ state: 'needs_review', review });
    const { jobs: listed } = await answer(alice, 'jobs', { state: 'needs_review' });
    expect(listed).toMatchObject([{ job_id: id, review }]);
    await jobs().review(id, { how: 'rejected', by: 'human', note: 'No.' });
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({
      state: 'failed',
      error: 'Rejected by a person before it was begun: No.',
      review: { ...review, rejected: { by: 'human', note: 'No.' } },
    });
    expect((await answer(alice, 'jobs', { state: 'needs_review' })).count).toBe(0);
  });

  it('with its result shows that, and cannot be cancelled', async () => {
    const id = await submitted(alice);
    const token = await claimed(bob, id);
    await jobs().settle(id, token, { outcome: 'completed', result: 'Done.', review: REASON });
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({
      state: 'needs_review',
      result: 'Done.',
      review: { when: 'after', reason: REASON, asked_by: 'bob' },
    });
    expect(await refusal(alice, 'cancel', { job_id: id })).toContain(`review approve ${id}`);
  });
});

describe('who', () => {
  it('counts what waits for a person, and says nothing where nothing does', async () => {
    expect(await answer(bob, 'who')).not.toHaveProperty('awaiting_person');
    const id = await submitted(alice, { review: REASON });
    expect(await answer(bob, 'who')).toMatchObject({ awaiting_person: { review: 1, recovery: 0 } });
    await jobs().review(id, { how: 'approved', by: 'human', note: null });
    expect(await answer(bob, 'who')).not.toHaveProperty('awaiting_person');
  });
});
