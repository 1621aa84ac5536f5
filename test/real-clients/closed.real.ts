/** A window of Codex that was closed: its daemon goes on, and the server of its conversation with it. */
import { expect } from 'vitest';
import { replyIn } from './scripted-model.js';
import { test } from './world.js';

test('a closed window of Codex is woken in its daemon, and a new one beside it is another agent', async ({ world }) => {
  world.useCodexDaemon();
  await world.run('init', '--client', 'codex');
  const first = await world.codex();
  await first.prompt('Say your name', { call: 'who' }, { say: 'A name.' });
  expect(replyIn(await first.shows('"self"'))).toMatchObject({ self: 'webapp' });
  await first.rests('A name.');

  first.terminal.close();
  first.will({ call: 'peek' }, { say: 'Read with nobody there.' });
  const id = await world.send('webapp', 'Is anybody there?');
  expect((await first.shows(id)).news[0]?.text).toMatch(/^mcp-dispatch: 1 message waits for you \(webapp\), from ci\./);
  expect(replyIn(await first.shows('Is anybody there?')).messages).toMatchObject([{ id, from: 'ci' }]);

  const second = await world.codex();
  await second.prompt('Say your name', { call: 'who' }, { say: 'Another name.' });
  expect(replyIn(await second.shows('"self"'))).toMatchObject({ self: 'webapp-2', count: 2 });
});
