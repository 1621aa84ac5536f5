/** What hooks tell a model in the middle of things, with the doorbell off. */
import { expect } from 'vitest';
import type { Shown } from './scripted-model.js';
import { replyIn } from './scripted-model.js';
import { test, type World } from './world.js';

const SECRET = 'The words of a message';

/** The roles of all that is new and names the message. */
const rolesOf = ({ news }: Shown, id: string) => news.filter(({ text }) => text.includes(id)).map(({ role }) => role);

function withoutDoorbell(world: World): void {
  world.write('.config/mcp-dispatch/config.toml', '[wake]\nmethods = []\n');
}

test('in Claude Code, hooks name mail with a prompt, between steps, and before a turn ends', async ({ world }) => {
  withoutDoorbell(world);
  world.allowTools();
  await world.run('init', '--client', 'claude-code', '--agent-id', 'alice');
  world.writeInProject('notes.txt', 'Nothing of note.\n');
  const before = await world.send('alice', SECRET);
  const claude = await world.claudeCode();
  await world.present('alice');
  let [inTurn, atEnd] = ['', ''];
  await claude.prompt(
    'Read the notes',
    {
      own: 'Read',
      with: { file_path: `${world.project}/notes.txt` },
      meanwhile: async () => (inTurn = await world.send('alice', SECRET)),
    },
    { say: 'Nothing there.', meanwhile: async () => (atEnd = await world.send('alice', SECRET)) },
    { call: 'peek' },
    { say: 'Read.' },
  );
  const first = await claude.shows(before);
  expect(rolesOf(first, before)).toEqual(['system']);
  const second = await claude.shows('Nothing of note.');
  expect(rolesOf(second, inTurn)).toEqual(['system']);
  expect(second.text).not.toContain(before);
  // The last chance before the window is idle names all that waits, also what was named before.
  const third = await claude.shows(atEnd);
  expect(third.text).toContain(`3 unread messages for alice: ${before} from ci, ${inTurn} from ci, ${atEnd} from ci.`);
  expect(rolesOf(third, atEnd)).toEqual(['user']);
  expect(first.text + second.text + third.text).not.toContain(SECRET);
  const { messages } = replyIn(await claude.shows(SECRET));
  expect(messages.map(({ id }: { id: string }) => id)).toEqual([before, inTurn, atEnd]);
  const later = await world.send('alice', SECRET);
  await claude.prompt('Go on', { say: 'Later.' });
  const fourth = await claude.shows(later);
  expect(rolesOf(fourth, later)).toEqual(['system']);
  expect(fourth.text).not.toContain(SECRET);
});

test('in Codex, hooks name mail with a prompt, between steps, and before a turn ends', async ({ world }) => {
  withoutDoorbell(world);
  await world.run('init', '--client', 'codex', '--agent-id', 'bob');
  const codex = await world.codex('--sandbox', 'danger-full-access');
  await world.present('bob');
  const before = await world.send('bob', SECRET);
  let [inTurn, atEnd] = ['', ''];
  await codex.prompt(
    'Look around',
    {
      own: 'exec_command',
      with: { cmd: 'echo nothing of note' },
      meanwhile: async () => (inTurn = await world.send('bob', SECRET)),
    },
    { say: 'Nothing there.', meanwhile: async () => (atEnd = await world.send('bob', SECRET)) },
    { call: 'peek' },
    { say: 'Read.' },
  );
  const first = await codex.shows(before);
  expect(rolesOf(first, before)).toEqual(['developer']);
  const second = await codex.shows(inTurn);
  expect(rolesOf(second, inTurn)).toEqual(['developer']);
  expect(second.text).not.toContain(before);
  const third = await codex.shows(atEnd);
  expect(rolesOf(third, atEnd)).toEqual(['user']);
  expect(first.text + second.text + third.text).not.toContain(SECRET);
  const { messages } = replyIn(await codex.shows(SECRET));
  expect(messages.map(({ id }: { id: string }) => id)).toEqual([before, inTurn, atEnd]);
});
