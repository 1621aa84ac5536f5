/** What is left alone overnight, with the real clients as `init` sets them up: worktrees, their ends, reviews, workers that start. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import { eventually } from '../helpers/server-sandbox.js';
import { ANSWER, CASES, CODEX, configure, gone, setUp, show, submit, work } from './preset-cases.js';
import { replyIn } from './scripted-model.js';
import { test, type World } from './world.js';

const PORT = 'port.txt';
/** Enough for a client to have written, also on a busy machine. */
const TIMEOUT_SECONDS = 15;
const never = () => new Promise(() => {});

function git(world: World, ...words: readonly string[]): string {
  const env = { PATH: process.env.PATH, HOME: world.home };
  return execFileSync('git', ['-C', world.project, ...words], { env, encoding: 'utf8' });
}

/** Makes the project a repository in which both could commit. Gives its first commit. */
function makeRepository(world: World): string {
  world.write('.gitconfig', '[user]\nname = Alice\nemail = alice@example.com\n');
  world.writeInProject(PORT, '8080\n');
  git(world, 'init', '--quiet');
  git(world, 'add', '--all');
  git(world, 'commit', '--quiet', '--message', 'The port');
  return git(world, 'rev-parse', 'HEAD').trim();
}

const submitWrite = (world: World, agent: string) => submit(world, agent, 'Change the port.', '--write', '--worktree');

test('both clients write in worktrees of their own, where they see the repository and cannot commit, and nowhere else', async ({
  world,
}) => {
  await setUp(world);
  const base = makeRepository(world);
  const begun = CASES.map(async (one) => {
    const outside = path.join(world.project, `by-${one.agent}.txt`);
    one
      .model(world)
      .will(
        one.write(PORT, '9090'),
        one.write(outside, 'x'),
        one.shell('git status --short'),
        one.shell('git commit --all --message Port'),
        { say: ANSWER },
      );
    const id = await submitWrite(world, one.agent);
    const { code } = await work(world, one, '--writes', 'worktrees').over;
    return { one, id, code, outside };
  });
  for (const { one, id, code, outside } of await Promise.all(begun)) {
    const shown = one.model(world).shown.map(({ text }) => text);
    expect([code, shown.length], one.agent).toEqual([0, 5]);
    const { state, result } = await show(world, id);
    expect([state, result.message.trimEnd()]).toEqual(['completed', ANSWER]);
    expect(shown[3], one.agent).toContain(` M ${PORT}`);
    expect(shown[4], one.agent).toMatch(/Read-only file system|requires approval/);
    expect(result.worktree).toMatchObject({ base, branch: `mcp-dispatch/${id}`, files_changed: 1, commits: 0 });
    expect(readFileSync(path.join(result.worktree.path, PORT), 'utf8')).toBe('9090\n');
    expect(existsSync(outside), outside).toBe(false);
  }
  expect([git(world, 'status', '--porcelain'), git(world, 'rev-parse', 'HEAD').trim()]).toEqual(['', base]);
  await gone(world);
});

test('a client in a worktree ends when its job is cancelled and when its time is over, and what it wrote stays there', async ({
  world,
}) => {
  await setUp(world, { claude: TIMEOUT_SECONDS });
  makeRepository(world);
  const begun = CASES.map(async (one) => {
    one.model(world).will(one.write(PORT, '9090'), { say: 'Never said.', meanwhile: never });
    const id = await submitWrite(world, one.agent);
    const worker = work(world, one, '--writes', 'worktrees', '--lease', '6');
    // It has written, and waits for its model.
    await eventually(`${one.agent} to have written`, () => one.model(world).shown.length === 2);
    return { id, worker };
  });
  const [cancelled, late] = await Promise.all(begun);
  await world.run('job', 'cancel', cancelled?.id ?? '', '--from', 'ci');
  for (const { worker } of [cancelled, late].flatMap((one) => one ?? [])) expect((await worker.over).code).toBe(0);
  await gone(world);
  expect(await show(world, cancelled?.id ?? '')).toMatchObject({ state: 'cancelled' });
  const { state, error, result } = await show(world, late?.id ?? '');
  expect([state, error]).toEqual(['failed', expect.stringContaining(`it took longer than ${TIMEOUT_SECONDS} s.`)]);
  expect(error).toContain(`What it changed is kept in ${result.worktree.path}, on the branch`);
  const { worktrees } = JSON.parse(await world.run('worktrees', '--json'));
  const left = worktrees.map((one: { job: string; path: string }) => [
    one.job,
    readFileSync(path.join(one.path, PORT), 'utf8'),
  ]);
  expect(new Map(left)).toEqual(new Map([cancelled, late].map((one) => [one?.id, '9090\n'])));
});

test('a job waits for a person when the last line of its client asks for it, and a person decides in a shell', async ({
  world,
}) => {
  await setUp(world);
  const [first, second] = await Promise.all(
    CASES.map(async (one) => {
      one.model(world).will({ say: `NEEDS_REVIEW: not the last line\n${ANSWER}\nNEEDS_REVIEW: It costs money.` });
      const id = await submit(world, one.agent);
      expect((await work(world, one).over).code).toBe(0);
      return id;
    }),
  );
  const { jobs } = JSON.parse(await world.run('review', 'list', '--json'));
  expect(new Set(jobs.map(({ id }: { id: string }) => id))).toEqual(new Set([first, second]));
  for (const id of [first, second]) {
    const { state, result, review } = await show(world, id ?? '');
    expect([state, review]).toMatchObject(['needs_review', { when: 'after', reason: 'It costs money.' }]);
    expect(result.message).toContain(ANSWER);
  }
  const shell = world.shell();
  await shell.enter(`$DISPATCH review approve ${first}`);
  await shell.until((screen) => screen.includes('Approved: its result counts'), 'the approval');
  await shell.enter(`$DISPATCH review reject ${second}`);
  await shell.until((screen) => screen.includes('Rejected: it has failed'), 'the rejection');
  expect(await show(world, first ?? '')).toMatchObject({ state: 'completed', review: { decided: { by: 'human' } } });
  expect(await show(world, second ?? '')).toMatchObject({ state: 'failed', review: { decided: { by: 'human' } } });
});

test('where a window submits a job and no worker runs, its server starts one, and Codex does it in the folder of its executor', async ({
  world,
}) => {
  await setUp(world);
  const folder = realpathSync(mkdtempSync(path.join(world.root, 'operator-')));
  configure(world, '[executors.codex]\n', `[executors.codex]\ncwd = "${folder}"\n`);
  configure(world, /$/, '\n[worker]\nautospawn = ["codex"]\nidle_timeout_seconds = 1\n');
  world.gpt.will(CODEX.shell('pwd'), { say: ANSWER });
  const window = await world.claudeCode('--allowedTools', 'mcp__mcp-dispatch');
  const asked = { to: 'codex', task: { prompt: 'Why is the build red?' } };
  await window.prompt('Give it away', { call: 'submit', with: asked }, { say: 'Given.' }, { call: 'peek' });
  const { job_id: id } = replyIn(await window.shows('"job_id"'));
  await window.shows('1 message waits for you ');
  const [outcome] = replyIn(await window.shows(ANSWER)).messages;
  expect(outcome).toMatchObject({ from: 'codex', payload: { type: 'job', job_id: id, state: 'completed' } });
  expect(world.gpt.shown.map(({ text }) => text)).toEqual([expect.anything(), expect.stringContaining(folder)]);
  const workers = () => world.processes().filter(({ command }) => command.includes(' worker --agent codex '));
  await eventually('the worker to end for want of jobs', () => workers().length === 0);
});
