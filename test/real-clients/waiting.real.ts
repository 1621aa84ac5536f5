/** A model that waits for mail in a call. */
import { expect } from 'vitest';
import { replyIn } from './scripted-model.js';
import { test } from './world.js';

const WORDS = 'The build is green again.';
const waits = { call: 'peek', with: { wait_seconds: 100 } };

test('a waiting peek is answered by the mail that comes, in both clients', async ({ world }) => {
  world.allowTools();
  await world.run('init', '--client', 'claude-code', '--agent-id', 'alice');
  await world.run('init', '--client', 'codex', '--agent-id', 'bob');
  for (const [agent, window] of [
    ['alice', await world.claudeCode()],
    ['bob', await world.codex()],
  ] as const) {
    await window.prompt('Wait for mail', waits, { say: 'It came.' });
    await world.present(agent, true);
    const id = await world.send(agent, WORDS);
    const reply = replyIn(await window.shows(WORDS));
    expect(reply.messages).toMatchObject([{ id, from: 'ci', content: WORDS }]);
    expect(reply).not.toHaveProperty('timed_out');
    // The prompt and the reply: no notice was needed between them.
    expect(window.requests).toBe(2);
  }
});
