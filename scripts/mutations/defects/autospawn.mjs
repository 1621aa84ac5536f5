/** When servers start workers by themselves, and when not. */
const AUTOSPAWN = 'test/relay/jobs/autospawn.test.ts';
const BELLS = 'test/relay/jobs/autospawn-bells.test.ts';
const RULES = 'test/relay/jobs/spawn-rules.test.ts';

export default {
  title: 'Workers that are started by themselves',
  defects: [
    {
      name: 'started-without-winning',
      promise: 'However many servers see work at once, one worker is started.',
      file: 'src/relay/jobs/autospawn.ts',
      find: 'if (await this.#update(target, revision, rules.started(spawns, id, now))) {',
      replace: 'if ((await this.#update(target, revision, rules.started(spawns, id, now))) || round < 2) {',
      caughtBy: { file: AUTOSPAWN, title: 'however many servers see it at once' },
    },
    {
      name: 'late-worker-works',
      promise: 'A worker whose start was given up does nothing.',
      file: 'src/relay/jobs/spawn-rules.ts',
      find: "if (last?.id !== id || last.state !== 'starting') return undefined;",
      replace: 'if (last?.id !== id) return undefined;',
      caughtBy: { file: RULES, title: 'may do nothing after that' },
    },
    {
      name: 'breaker-that-never-opens',
      promise: 'A worker that always dies is not started for ever.',
      file: 'src/relay/jobs/spawn-rules.ts',
      find: 'const broken_at = failures >= FAILURES_TO_BREAK ? now : null;',
      replace: 'const broken_at = failures > MOST_FAILURES ? now : null;',
      caughtBy: { file: RULES, title: '50 times in a day' },
    },
    {
      name: 'held-until-the-old-time',
      promise: 'A clock that is set back does not keep workers from being started for longer than usual.',
      file: 'src/relay/jobs/spawn-rules.ts',
      find: 'const isFuture = (at: number) => at > now + STEP_BACK_MS;',
      replace: 'const isFuture = (at: number) => at < 0 && STEP_BACK_MS > 0;',
      caughtBy: { file: RULES, title: 'for longer than from then on' },
    },
    {
      name: 'end-that-nobody-hears',
      promise: 'Work that a worker leaves behind, however it ends, is seen at once.',
      file: 'src/relay/jobs/autospawn.ts',
      find: 'if (change !== undefined) await this.#ring(target);',
      replace: 'if (change === undefined) await this.#ring(target);',
      caughtBy: { file: BELLS, title: 'rings once, whether in order or lost' },
    },
  ],
};
