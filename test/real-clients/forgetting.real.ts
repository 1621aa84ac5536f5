/** A model that has forgotten what it read: the notice names what it never acknowledged. */
import { expect } from 'vitest';
import { test } from './world.js';

const WORDS = 'Please keep the port at 8080.';

test.for([
  ['/clear', []],
  ['/compact', [{ say: '<summary>Nothing of note.</summary>' }]],
] as const)(
  'after %s, Claude Code is told of what was read and not acknowledged',
  async ([command, summary], { world }) => {
    world.allowTools();
    await world.run('init', '--client', 'claude-code', '--agent-id', 'alice');
    const id = await world.send('alice', WORDS);
    const claude = await world.claudeCode();
    await claude.prompt('Read your mail', { call: 'peek' }, { say: 'Read.' });
    await claude.shows(WORDS);
    await claude.rests('Read.');

    await claude.prompt(command, ...summary);
    await claude.prompt('Go on', { call: 'peek', with: { include_read: true } }, { say: 'I know again.' });
    const told = await claude.shows(`1 message that alice read and did not acknowledge: ${id} from ci.`);
    expect(told.whole).not.toContain(WORDS);
    await claude.shows(WORDS);
  },
);
