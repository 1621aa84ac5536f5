/** The tools of one who gives work away, as a client sees them: what submit, poll and cancel answer, and what they refuse. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer, JobDesk, refusal, submitted } from '../helpers/job-desk.js';
import type { RelayClient } from '../helpers/relay-client.js';
import { DAY, RelayWorld } from '../helpers/relay-world.js';

let desk: JobDesk;
let alice: RelayClient;
let bob: RelayClient;
let carol: RelayClient;

beforeEach(async () => {
  desk = new JobDesk(new RelayWorld());
  [alice, bob, carol] = [await desk.client('alice'), await desk.client('bob'), await desk.client('carol')];
});
afterEach(() => desk.close());

const submit = (args: object = {}) => submitted(alice, args);
const claim = (id: string) => answer(bob, 'claim', { job_id: id });
const isoIn = (seconds: number) => desk.isoIn(seconds);

describe('submit', () => {
  it('of the same request_id gives the same job, and of another task under it an error', async () => {
    const first = { to: 'bob', task: { prompt: 'x' }, request_id: 'r1' };
    const { job_id } = await answer(alice, 'submit', first);
    expect(await answer(alice, 'submit', { ...first, request_id: ' r1 ' })).toMatchObject({ job_id, deduped: true });
    expect(await refusal(alice, 'submit', { ...first, task: { prompt: 'y' } })).toMatch(/^REQUEST_CONFLICT/);
    expect((await answer(bob, 'peek')).count).toBe(1);
  });

  it('says that nobody listens, and that nobody ever served the name', async () => {
    const { job_id: _, ...said } = await answer(alice, 'submit', { to: 'dave', task: { prompt: 'x' } });
    expect(said).toEqual({
      state: 'queued',
      to: 'dave',
      deduped: false,
      not_listening: ['dave'],
      note: expect.stringContaining('No session and no worker has ever served "dave" here.'),
    });
  });

  it.each([
    ['no task', { task: undefined }, 'INVALID_ARGUMENT: submit: task is required. Nothing was done.'],
    ['a task without a prompt', { task: { other: 1 } }, 'task needs a "prompt"'],
    ['an empty prompt', { task: { prompt: ' \n' } }, 'task needs a "prompt"'],
    ['a prompt that is no text', { task: { prompt: 7 } }, 'task needs a "prompt"'],
    ['a prompt with a NUL', { task: { prompt: 'a\0b' } }, 'NUL'],
    ['a list', { task: [{ prompt: 'x' }] }, 'task must be a JSON object with a "prompt", such as {"prompt": '],
    ['a list as text', { task: '[{"prompt": "x"}]' }, 'task must be a JSON object'],
    ['plain text', { task: 'Do it.' }, 'task must be a JSON object with a "prompt", such as {"prompt": '],
    ['a prompt over the limit', { task: { prompt: 'x'.repeat(70_000) } }, 'MESSAGE_TOO_LARGE: '],
    ['oneself', { to: 'ALICE' }, 'alice is you'],
    ['all', { to: 'all' }, 'to: A job is for one, not for all'],
    ['the human', { to: 'human' }, 'to: The human takes no jobs'],
    ['no name', { to: 'no name' }, 'INVALID_AGENT_ID'],
    ['a topic without members', { to: '#nobody' }, 'UNKNOWN_TARGET'],
    ['a lane where there are none', { to: 'acme/api' }, 'LANE_REFUSED'],
    ['too many attempts', { max_attempts: 21 }, 'max_attempts must be from 1 to 20'],
    ['too long a wait', { wait_seconds: 241 }, 'wait_seconds must be from 0 to 240 seconds'],
    ['another argument', { from: 'bob' }, 'submit has no argument "from"'],
  ])('refuses %s, says what is right, and makes nothing', async (_, args, why) => {
    expect(await refusal(alice, 'submit', { to: 'bob', task: { prompt: 'x' }, ...args })).toContain(why);
    expect(await desk.world.keys('.jobs/records')).toEqual([]);
    expect((await answer(bob, 'peek')).count).toBe(0);
  });

  it('takes null for absent', async () => {
    const nothing = { request_id: null, thread_id: null, write: null, ttl: null, max_attempts: null };
    const id = await submit({ ...nothing, wait_seconds: null });
    expect(await answer(alice, 'poll', { job_id: id })).not.toHaveProperty('thread_id');
  });

  it('to a name that is not on the roster is refused with the names that are', async () => {
    await desk.close();
    desk = new JobDesk(new RelayWorld({ roster: ['alice', 'bob'] }));
    alice = await desk.client('alice');
    expect(await refusal(alice, 'submit', { to: 'dave', task: { prompt: 'x' } })).toMatch(
      /^UNKNOWN_TARGET: .*alice, bob/,
    );
  });
});

describe('poll', () => {
  it('finds no job that is unknown, gone, or none of the caller’s business, and that is no error', async () => {
    const id = await submit();
    expect(await answer(carol, 'poll', { job_id: id })).toEqual({ found: false, job_id: id });
    const unknown = 'job-000000000000';
    expect(await answer(carol, 'poll', { job_id: ` ${unknown} `, wait_seconds: 240 })).toEqual({
      found: false,
      job_id: unknown,
    });
    expect(await refusal(carol, 'poll', { job_id: 'job-1' })).toContain('must be a job id such as');
    const { token } = await claim(id);
    await answer(bob, 'settle', { job_id: id, token, outcome: 'completed' });
    desk.world.clock.advance(8 * DAY);
    await desk.world.process().relay.jobs.sweep(desk.world.clock.now());
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ found: false });
  });

  it('says how many wait before it, and until when it does', async () => {
    await submit();
    desk.world.clock.advance(1000);
    const id = await submit({ ttl: 60 });
    expect(await answer(bob, 'poll', { job_id: id })).toMatchObject({ queue_position: 2, expires_at: isoIn(60) });
    desk.world.clock.advance(61_000);
    const expired = await answer(alice, 'poll', { job_id: id });
    expect(expired).toMatchObject({ state: 'expired', why: 'nobody took it in its time', attempts: 0 });
    expect(expired).not.toHaveProperty('queue_position');
  });

  it('of a topic’s job is for each of its members, and for one that held it and left', async () => {
    for (const each of [bob, carol]) await answer(each, 'join', { topic: 'build' });
    const id = await submit({ to: '#build' });
    expect(await answer(carol, 'poll', { job_id: id })).toMatchObject({ found: true });
    await claim(id);
    for (const each of [bob, carol]) await answer(each, 'leave', { topic: 'build' });
    expect(await answer(carol, 'poll', { job_id: id })).toMatchObject({ found: false });
    expect(await answer(bob, 'poll', { job_id: id })).toMatchObject({ held_by: 'bob' });
  });
});

describe('cancel', () => {
  it('ends a job that waits, and asks the holder of one that runs', async () => {
    const waiting = await submit();
    expect(await answer(alice, 'cancel', { job_id: waiting })).toMatchObject({ job_id: waiting, state: 'cancelled' });
    expect(await refusal(alice, 'cancel', { job_id: waiting })).toMatch(/^ALREADY_FINISHED: .*cancelled/);
    const running = await submit();
    await claim(running);
    expect(await answer(alice, 'cancel', { job_id: running })).toMatchObject({
      state: 'running',
      cancel_requested: true,
      held_by: 'bob',
      lease_until: isoIn(120),
      note: expect.stringMatching(/If the lease ends first, the job is cancelled\.$/),
    });
    expect(await answer(alice, 'poll', { job_id: running })).toMatchObject({ cancel_requested: true });
    desk.world.clock.advance(121_000);
    expect(await answer(alice, 'poll', { job_id: running })).toMatchObject({ state: 'cancelled' });
  });

  it('of a job that may write leaves it to a person when its lease ends first, as it says', async () => {
    const id = await submit({ write: true });
    await claim(id);
    const { note } = await answer(alice, 'cancel', { job_id: id });
    expect(note).toMatch(/If the lease ends first, the job waits for a person/);
    desk.world.clock.advance(121_000);
    expect(await answer(alice, 'poll', { job_id: id })).toMatchObject({ state: 'needs_recovery' });
  });

  it('is for the submitter alone: a holder is told to settle, an assignee to leave it, and to others there is no such job', async () => {
    const id = await submit();
    expect(await refusal(bob, 'cancel', { job_id: id })).toMatch(/^NOT_ALLOWED: .*Leave it unclaimed/);
    await claim(id);
    expect(await refusal(bob, 'cancel', { job_id: id })).toMatch(/^NOT_ALLOWED: .*settle it as failed or released/);
    expect(await refusal(carol, 'cancel', { job_id: id })).toMatch(/^NOT_FOUND: There is no job/);
    expect(await refusal(carol, 'cancel', { job_id: id, reason: 'two\nlines' })).toContain('reason must be one line');
    expect(await answer(alice, 'poll', { job_id: id })).not.toHaveProperty('cancel_requested');
  });
});
