/** The doorbell, in windows in which nobody has typed anything. */
import { expect } from 'vitest';
import { replyIn } from './scripted-model.js';
import { test } from './world.js';

const WORDS = 'The staging database is back.';

test('a new window of Claude Code reads its mail by itself, also what came before it was opened', async ({ world }) => {
  world.allowTools();
  await world.run('init', '--client', 'claude-code', '--agent-id', 'alice');
  const waiting = await world.send('alice', 'first words');
  const claude = await world.claudeCode();
  claude.will({ call: 'peek' }, { say: 'Read.' });
  const rung = await claude.shows(waiting);
  expect(rung.text).toContain('mcp-dispatch: 1 message waits for you (alice), from ci.');
  expect(rung.whole).not.toContain('first words');
  expect(replyIn(await claude.shows('first words')).messages).toMatchObject([{ id: waiting, from: 'ci' }]);
  await claude.rests('Read.');

  claude.will({ call: 'peek' }, { say: 'Read again.' });
  const later = await world.send('alice', 'second words');
  const rungAgain = await claude.shows(later);
  expect(rungAgain.text).toContain('mcp-dispatch: 1 message waits for you (alice), from ci.');
  expect(rungAgain.whole).not.toContain('second words');
  expect(replyIn(await claude.shows('second words')).messages).toMatchObject([{ id: later, from: 'ci' }]);
});

test('a new window of Codex cannot be woken before its first call, and senders are told', async ({ world }) => {
  world.allowTools();
  await world.run('init', '--client', 'claude-code', '--agent-id', 'alice');
  await world.run('init', '--client', 'codex', '--agent-id', 'bob');
  const claude = await world.claudeCode();
  const codex = await world.codex();
  await world.present('bob');
  await claude.prompt('Tell bob', { call: 'dispatch', with: { target: 'bob', message: WORDS } }, { say: 'Told.' });
  const sent = replyIn(await claude.shows('"sent":true'));
  expect(sent).toMatchObject({ queued_to: ['bob'], cannot_wake: ['bob'] });

  // A prompt of the person brings the notice, and the first call of a tool the doorbell.
  await codex.prompt('Go on', { call: 'peek' }, { say: 'Read.' });
  expect((await codex.shows(sent.id)).text).not.toContain(WORDS);
  expect(replyIn(await codex.shows(WORDS)).messages).toMatchObject([{ id: sent.id, from: 'alice' }]);
  await codex.rests('Read.');
  codex.will({ call: 'peek' }, { say: 'Read again.' });
  const later = await world.send('bob', 'And again.');
  expect((await codex.shows(later)).news[0]?.text).toMatch(/^mcp-dispatch: 1 message waits for you \(bob\), from ci\./);
  expect(replyIn(await codex.shows('And again.')).messages).toMatchObject([{ id: later }]);
});
