/** Work between two windows: it rings as mail does, and so does what came of it. */
import { expect } from 'vitest';
import { type Move, replyIn, type Shown } from './scripted-model.js';
import type { Window } from './window.js';
import { test } from './world.js';

const PROMPT = 'Find out why the build is red.';
const RESULT = 'The clock of the runner is wrong.';

/** The job that the mail in this reply is about. */
const jobIn = (shown: Shown): string => replyIn(shown).messages[0].payload.job_id;

/** What a window does that is woken by the mail about a job: the mail names the job, and the claim its token. */
const DOES_IT: readonly Move[] = [
  { call: 'peek' },
  (shown) => ({ call: 'claim', with: { job_id: jobIn(shown) } }),
  (shown) => {
    const { job_id, token } = replyIn(shown);
    return { call: 'settle', with: { job_id, token, outcome: 'completed', result: RESULT } };
  },
  { say: 'Settled.' },
];

interface Side {
  readonly name: string;
  readonly window: Window;
}

/** One gives the other, which is idle, a job; both are idle again when this returns. */
async function handOver(submitter: Side, assignee: Side): Promise<void> {
  const asked = { to: assignee.name, task: { prompt: PROMPT }, thread_id: 'red-build' };
  // It does not begin before the submitter is idle, which is to be woken.
  const [first, ...others] = DOES_IT;
  assignee.window.will({ ...(first as object), meanwhile: () => submitter.window.rests('Given.') } as Move, ...others);
  await submitter.window.prompt('Give it away', { call: 'submit', with: asked }, { say: 'Given.' });
  const { job_id: id, ...submitted } = replyIn(await submitter.window.shows('"job_id"'));
  expect(submitted).toMatchObject({ state: 'queued', deduped: false });
  expect(submitted).not.toHaveProperty('cannot_wake');

  const rung = await assignee.window.shows('1 message waits for you ');
  expect(rung.news[0]?.role).toBe('user');
  expect(rung.text).toContain(`(${assignee.name}), from ${submitter.name}.`);
  expect(rung.text).not.toContain(PROMPT);
  const [offer] = replyIn(await assignee.window.shows('"messages"')).messages;
  expect(offer).toMatchObject({ from: submitter.name, thread_id: 'red-build' });
  expect(offer.payload).toEqual({ type: 'job', job_id: id, state: 'queued' });
  submitter.window.will({ call: 'peek' }, { call: 'poll', with: { job_id: id } }, { say: 'Seen.' });
  const claimed = replyIn(await assignee.window.shows('"token"'));
  expect(claimed).toMatchObject({ found: true, job_id: id, task: { prompt: PROMPT }, attempt: 1 });
  expect(replyIn(await assignee.window.shows('"state"'))).toMatchObject({ job_id: id, state: 'completed' });

  const told = await submitter.window.shows('1 message waits for you ');
  expect(told.text).toContain(`(${submitter.name}), from ${assignee.name}.`);
  expect(told.text).not.toContain(RESULT);
  const [outcome] = replyIn(await submitter.window.shows('"messages"')).messages;
  expect(outcome).toMatchObject({ from: assignee.name, thread_id: 'red-build' });
  expect(outcome.payload).toEqual({ type: 'job', job_id: id, state: 'completed' });
  expect(outcome.content).toContain(RESULT);
  const polled = replyIn(await submitter.window.shows('"found"'));
  expect(polled).toMatchObject({ found: true, state: 'completed', result: RESULT, attempts: 1 });
  await submitter.window.rests('Seen.');
  await assignee.window.rests('Settled.');
}

test('a job wakes the idle window that it is for, and its outcome the one that gave it, both ways', async ({
  world,
}) => {
  world.allowTools();
  await world.run('init', '--client', 'claude-code', '--agent-id', 'alice');
  await world.run('init', '--client', 'codex', '--agent-id', 'bob');
  const alice = { name: 'alice', window: await world.claudeCode() };
  const bob = { name: 'bob', window: await world.codex() };
  // Codex can be woken from its first call on.
  await bob.window.prompt('Say your name', { call: 'who' }, { say: 'A name.' });
  await bob.window.rests('A name.');
  await handOver(alice, bob);
  await handOver(bob, alice);
});

test('a model of Claude Code that looks for a way to give work, or to take it, is shown the tools', async ({
  world,
}) => {
  world.allowTools();
  await world.run('init', '--client', 'claude-code', '--agent-id', 'alice');
  const alice = await world.claudeCode();
  const looks = Object.entries({
    'delegate a task to another agent': 'submit',
    'take over a job that waits for me': 'claim',
    'report the result of a job': 'settle',
    'status of work I gave away': 'poll',
    'list my jobs': 'jobs',
    'stop a job': 'cancel',
  });
  const searches = looks.map(([query]) => ({ own: 'ToolSearch', with: { query, max_results: 5 } }));
  await alice.prompt('Look around', ...searches, { say: 'Found.' });
  await alice.rests('Found.');
  const found = world.claude.shown.flatMap(({ results: [names] }) => (names === undefined ? [] : [names.split('\n')]));
  expect(found).toHaveLength(looks.length);
  for (const [at, [query, tool]] of looks.entries()) {
    expect(found[at], query).toContain(`mcp__mcp-dispatch__${tool}`);
  }
});
