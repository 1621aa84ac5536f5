/** What `init --executors` writes, with the real clients: a worker has them do jobs. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { test } from './world.js';

/** Would be an option, a placeholder and a command, if it were anything but words. */
const WORDS = '--dangerously-bypass-approvals-and-sandbox {prompt} $(id) "\n# Say what this project is.';

test('Codex does a job, whose words it is shown as they are, and its last message is the result', async ({ world }) => {
  await world.run('init', '--executors', 'codex', '--client', 'codex');
  const job = await world.work('codex', ['--', WORDS], { say: 'It is a web application.' });
  expect(job).toMatchObject({ state: 'completed', result: { exit_code: 0, message: 'It is a web application.' } });
  expect(world.gpt.shown[0]?.text).toContain(WORDS);
});

test('Claude Code does a job and writes nothing in plan mode, and writes where both sides said that it may', async ({
  world,
}) => {
  await world.run('init', '--executors', 'claude-code', '--client', 'claude-code');
  const file = path.join(world.project, 'out.txt');
  const shell = path.join(world.project, 'shell.txt');
  const write = { own: 'Write', with: { file_path: file, content: 'x' } };
  const touch = { own: 'Bash', with: { command: `touch ${shell}`, description: 'Make a file' } };
  const read = await world.work('claude', ['--', WORDS], write, touch, { say: 'I may not.' });
  expect(read).toMatchObject({
    state: 'completed',
    result: { exit_code: 0, message: expect.stringMatching(/^I may not\.\s*$/) },
  });
  expect(world.claude.shown[0]?.text).toContain(WORDS);
  expect(world.claude.shown.at(1)?.text).toContain('while in plan mode');
  expect([existsSync(file), existsSync(shell)]).toEqual([false, false]);

  const written = await world.work('claude', ['--write', '--', WORDS], write, { say: 'Written.' });
  expect(written).toMatchObject({ state: 'completed', result: { message: expect.stringMatching(/^Written\.\s*$/) } });
  expect(existsSync(file)).toBe(true);
});
