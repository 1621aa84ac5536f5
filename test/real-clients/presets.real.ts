/** The presets that `init` writes, with the real clients: what they keep from a job, and how a job is ended. */
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { eventually } from '../helpers/server-sandbox.js';
import { ANSWER, CASES, gone, setUp, show, submit, work } from './preset-cases.js';
import { test, type World } from './world.js';

/** A server is seen by hooks five seconds after its start. */
const PRESENT_MS = 6000;
/** Enough for both clients to be at work, also on a busy machine. */
const TIMEOUT_SECONDS = 15;

/** A job at which both clients are when this returns, each with a shell that does not end. */
async function bothAtWork(world: World) {
  const never = () => new Promise(() => {});
  const runs = CASES.map(async (one) => {
    // A shell that takes long is left to run, and the model asked what to do meanwhile.
    one.model(world).will(one.shell('tail -f notes.txt'), { say: 'It does not end.', meanwhile: never });
    const id = await submit(world, one.agent);
    return { id, worker: work(world, one, '--lease', '6') };
  });
  const begun = await Promise.all(runs);
  const tails = () => world.processes().filter(({ command }) => command === 'tail -f notes.txt');
  await eventually('two shells at work', () => tails().length >= CASES.length);
  return begun;
}

test.for(CASES)(
  'the preset $preset does a job with PATH and HOME alone, whatever mail waits',
  async (one, { world }) => {
    const model = one.model(world);
    await setUp(world);
    // Its hooks are trusted from here on.
    if (one.agent === 'codex') (await world.codex()).terminal.close();
    const mail = await world.send('alice', 'words for alice');
    // By then the hooks would know a server of this conversation.
    const meanwhile = () => new Promise((resolve) => setTimeout(resolve, PRESENT_MS));
    model.will({ ...one.shell('touch written; cat notes.txt'), meanwhile }, { say: ANSWER });
    const prompt = 'Why is the build "red"? $(touch written)';
    const id = await submit(world, one.agent, prompt);
    const { code, out } = await work(world, one).over;
    await gone(world);
    expect([code, JSON.parse(out)]).toMatchObject([0, { job_id: id, state: 'completed', exit_code: 0 }]);
    const { result, state } = await show(world, id);
    expect(state).toBe('completed');
    expect(result.exit_code).toBe(0);
    expect(result.message.trimEnd()).toBe(ANSWER);
    expect(result.duration_ms).toBeGreaterThanOrEqual(PRESENT_MS);
    expect(model.shown).toHaveLength(2);
    expect(model.shown[0]?.text).toContain(prompt);
    expect(JSON.stringify(model.shown)).not.toContain(mail);
    expect(JSON.stringify(model.shown)).not.toMatch(/mcp__mcp.dispatch/);
    expect(existsSync(`${world.project}/written`)).toBe(false);
  },
);

test('in the preset claude-code a prompt that begins with "/" runs no command of the project', async ({ world }) => {
  await setUp(world);
  world.writeInProject(
    '.claude/commands/deploy.md',
    '---\nallowed-tools: Bash(touch:*)\n---\nDeploy: !`touch written`\n',
  );
  world.claude.will({ say: ANSWER });
  await submit(world, 'claude', '/deploy now');
  expect((await world.start(['worker', '--agent', 'claude', '--once']).over).code).toBe(0);
  expect(world.claude.shown).toHaveLength(1);
  expect(world.claude.shown[0]?.text).toContain('/deploy');
  expect(existsSync(`${world.project}/written`)).toBe(false);
});

test('both clients are ended with all that they started when their time is over', async ({ world }) => {
  await setUp(world, { codex: TIMEOUT_SECONDS, claude: TIMEOUT_SECONDS });
  for (const { id, worker } of await bothAtWork(world)) {
    expect((await worker.over).code).toBe(0);
    const { state, error, result } = await show(world, id);
    expect([state, error]).toEqual(['failed', expect.stringContaining(`it took longer than ${TIMEOUT_SECONDS} s.`)]);
    expect(result.duration_ms).toBeGreaterThanOrEqual(TIMEOUT_SECONDS * 1000);
    expect(result.message ?? '').toBe('');
  }
  await gone(world);
});

test('both clients are ended with all that they started when their jobs are cancelled', async ({ world }) => {
  await setUp(world);
  const begun = await bothAtWork(world);
  for (const { id } of begun) await world.run('job', 'cancel', id, '--from', 'ci');
  for (const { id, worker } of begun) {
    expect((await worker.over).code).toBe(0);
    expect(await show(world, id)).toMatchObject({ state: 'cancelled' });
  }
  await gone(world);
});
