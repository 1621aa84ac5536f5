/** What a person does: `mcp-dispatch init`, and two new windows. What clients ask beside that is answered here, by keys. */
import { expect } from 'vitest';
import { type Move, replyIn } from './scripted-model.js';
import { test } from './world.js';

const QUESTION = 'Which port does the server take?';
const ANSWER = 'It takes 8080.';
/** What Claude Code asks before the first call of each tool, unless its permission mode or a rule answers for the person. */
const always = (title: string) => `Yes, and don't ask again for mcp-dispatch — ${title} `;

const acknowledgeAll: Move = (shown) => ({
  call: 'ack',
  with: { message_ids: replyIn(shown).messages.map(({ id }: { id: string }) => id) },
});

test('after init, two new windows write to each other, and mail wakes the one that is idle', async ({ world }) => {
  world.useCodexDaemon();
  await world.run('init');
  const claude = await world.claudeCode('--permission-mode', 'default');
  const codex = await world.codex();

  // A window of Codex has a name from its first call on. Neither client asks before it.
  await codex.prompt('Say your name', { call: 'who' }, { say: 'A name.' });
  const bob = replyIn(await codex.shows('"self"')).self;
  await claude.prompt('Say your name', { call: 'who' }, { say: 'Said.' });
  await claude.terminal.choose(always('List agents'));
  const { self: alice, agents } = replyIn(await claude.shows('"self"'));
  expect([alice, bob].sort()).toEqual(['webapp', 'webapp-2']);
  expect(Object.fromEntries(agents.map((one: Agent) => [one.agent_id, one.sessions[0]?.wake]))).toEqual({
    [alice]: 'claude-socket (direct)',
    [bob]: 'codex-queue (direct)',
  });

  await codex.rests('A name.');
  // Codex is idle. It will read, and answer once Claude Code is idle too.
  codex.will(
    { call: 'peek' },
    { call: 'dispatch', with: { target: alice, message: ANSWER }, meanwhile: () => claude.rests('Asked.') },
    { say: 'Answered.' },
  );
  await claude.prompt('Ask it', { call: 'dispatch', with: { target: bob, message: QUESTION } }, { say: 'Asked.' });
  await claude.terminal.choose(always('Send a message'));
  const asked = replyIn(await claude.shows('"sent":true'));
  expect(asked).toMatchObject({ to: bob, queued_to: [bob] });
  expect(asked).not.toHaveProperty('cannot_wake');
  const rung = await codex.shows(asked.id);
  expect(rung.news[0]).toEqual({
    role: 'user',
    text: expect.stringMatching(/^mcp-dispatch: 1 message waits for you /),
  });
  expect(rung.text).not.toContain(QUESTION);
  const [question] = replyIn(await codex.shows(QUESTION)).messages;
  expect(question).toMatchObject({ id: asked.id, from: alice, content: QUESTION });

  claude.will({ call: 'peek' }, acknowledgeAll, { say: 'Thanked.' });
  const answered = replyIn(await codex.shows('"sent":true'));
  const rungToo = await claude.shows(answered.id);
  expect(rungToo.news[0]).toEqual({
    role: 'user',
    text: expect.stringContaining('mcp-dispatch: 1 message waits for you '),
  });
  expect(rungToo.text).not.toContain(ANSWER);
  await claude.terminal.choose(always('Read mail'));
  const [answer] = replyIn(await claude.shows(ANSWER)).messages;
  expect(answer).toMatchObject({ id: answered.id, from: bob, content: ANSWER });
  await claude.terminal.choose(always('Acknowledge messages'));
  expect(replyIn(await claude.shows('"acked"'))).toMatchObject({ acked: 1 });

  // What the relay knows of both.
  const ends = async (id: string) => JSON.parse(await world.run('trace', id, '--json')).messages[0].recipients;
  expect(await ends(asked.id)).toMatchObject([{ to: bob, now: { state: 'read' } }]);
  expect(await ends(answered.id)).toMatchObject([{ to: alice, now: { state: 'acked' } }]);
});

interface Agent {
  readonly agent_id: string;
  readonly sessions: readonly { readonly wake?: string }[];
}
