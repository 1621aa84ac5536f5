import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Relay } from '../../src/relay/relay.js';
import type { Attempt, Method } from '../../src/wake/method.js';
import type { Notice } from '../../src/wake/notice.js';
import { PAUSE_MS, PersonBell } from '../../src/wake/person-bell.js';
import { logOf } from '../helpers/event-log.js';
import { claimNext, holder, submit } from '../helpers/job-world.js';
import { RelayWorld } from '../helpers/relay-world.js';

let world: RelayWorld;
let relay: Relay;
let rung: Notice[];
let attempt: () => Promise<Attempt>;
let bell: PersonBell;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  world = new RelayWorld();
  ({ relay } = world.process());
  rung = [];
  attempt = async () => ({ outcome: 'rung' });
  const method: Method = {
    name: 'command',
    obstacle: () => undefined,
    ring: (notice) => {
      rung.push(notice);
      return attempt();
    },
  };
  bell = new PersonBell(relay, method);
  relay.jobs.onWaitForPerson((job) => bell.see(job));
});
afterEach(async () => {
  await bell.close();
  await world.close();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

async function pass(ms: number): Promise<void> {
  world.clock.advance(ms);
  await vi.advanceTimersByTimeAsync(ms);
}

const review = (from = 'alice') => submit(relay, from, 'bob', { review: 'It deletes rows.' });

describe('the bell of a person', () => {
  it('rings once for a job that waits, from its submitter, with words of ours alone, and is noted', async () => {
    await review();
    await pass(0);
    expect(rung).toMatchObject([{ agent: 'human', count: 1, from: 'alice' }]);
    expect(rung[0]?.text).not.toContain('rows');
    const rang = (await logOf(relay)).filter(({ event }) => event === 'rang');
    expect(rang).toMatchObject([{ agent: 'human', method: 'command', outcome: 'rung', waiting: 1 }]);
    await pass(PAUSE_MS * 3);
    expect(rung).toHaveLength(1);
  });

  it('rings for each way in which a job comes to wait, and for none in which it goes on', async () => {
    const { id } = await review();
    await pass(PAUSE_MS);
    await relay.jobs.review(id, { how: 'approved', by: 'human', note: null });
    const { token } = await claimNext(relay, holder('bob'));
    await relay.jobs.settle(id, token, { outcome: 'completed', review: 'Look.' });
    await pass(PAUSE_MS);
    await submit(relay, 'alice', 'bob', { write: true });
    await claimNext(relay, holder('bob'), { leaseSeconds: 1 });
    world.clock.advance(1000);
    await relay.jobs.sweep(world.clock.now());
    await pass(PAUSE_MS);
    expect(rung.map(({ count }) => count)).toEqual([1, 1, 2]);
  });

  it('rings once more for all that came within a minute, when that is over', async () => {
    await review();
    await pass(1000);
    await review('carol');
    await review('dave');
    await pass(PAUSE_MS - 1001);
    expect(rung).toHaveLength(1);
    await pass(1);
    expect(rung.slice(1)).toMatchObject([{ count: 3, from: '2 submitters' }]);
  });

  it('says that there are more than it counted', async () => {
    for (let i = 0; i < 101; i++) await review();
    await pass(PAUSE_MS);
    await bell.close();
    expect(rung.at(-1)?.text).toContain('at least 100 jobs wait for you');
  });

  it('does not ring for what was decided by then', async () => {
    await review();
    await pass(1000);
    const second = await review();
    for (const { id } of (await relay.jobs.person.waiting(10)).jobs)
      await relay.jobs.review(id, { how: 'rejected', by: 'human', note: null });
    await pass(PAUSE_MS);
    expect(rung).toHaveLength(1);
    expect(await relay.jobs.look(second.id)).toMatchObject({ state: 'failed' });
  });

  it('holds up no job and throws into none: a command that hangs or fails is only noted', async () => {
    let fail: (error: Error) => void = () => {};
    attempt = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    expect(await review()).toMatchObject({ state: 'needs_review' });
    await pass(0);
    expect(rung).toHaveLength(1);
    fail(new Error('no luck'));
    await pass(PAUSE_MS);
    attempt = async () => ({ outcome: 'failed', why: 'the command: ended with 1' });
    expect(await review()).toMatchObject({ state: 'needs_review' });
    await pass(0);
    const rang = (await logOf(relay)).filter(({ event }) => event === 'rang');
    expect(rang).toMatchObject([{ outcome: 'failed', why: 'the command: ended with 1', waiting: 2 }]);
  });

  it.each([
    ['on is none', { on: 'none', methods: ['command'], command: ['notify'] }],
    ['command is no method', { on: 'direct', methods: ['claude-socket'], command: ['notify'] }],
    ['there is no command', { on: 'direct', methods: ['command'] }],
  ] as const)('is not there where %s', (_, options) => {
    expect(PersonBell.start(relay, options)).toBeUndefined();
  });
});
