import { describe, expect, it } from 'vitest';
import { assertHuman } from '../../src/cli/human.js';

const judge = (env: NodeJS.ProcessEnv, isTTY: boolean) => () => assertHuman(env, isTTY, 'Use --from.');

describe('acting as the human', () => {
  it('is for a person at a terminal', () => {
    expect(judge({ PATH: '/bin' }, true)).not.toThrow();
  });

  it('is refused without a terminal, with what to do instead', () => {
    expect(judge({}, false)).toThrow(/stdin is not a terminal. Use --from\./);
  });

  it.each(['CLAUDECODE', 'GEMINI_CLI', 'CODEX_SANDBOX', 'CODEX_THREAD_ID'])(
    'is refused in the shell of an agent, which %s gives away, terminal or not',
    (name) => {
      expect(judge({ [name]: '1' }, true)).toThrow(`${name} is set`);
      expect(judge({ [name]: '1' }, false)).toThrow(expect.objectContaining({ code: 'NOT_ALLOWED' }));
    },
  );

  it.each(['CLAUDE', 'MY_CODEX_HOME', 'CODEXES', 'GEMINI_API_KEY'])('is not refused because of %s', (name) => {
    expect(judge({ [name]: '1' }, true)).not.toThrow();
  });
});
