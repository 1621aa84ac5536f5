import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { defineConfig } from 'vitest/config';
import LongestFirst from './scripts/longest-first.js';
import SummaryReporter from './scripts/summary-reporter.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

// Whoever works on this project is likely to use it: no test may find the real relay, or believe that an agent runs it.
for (const name of Object.keys(process.env)) {
  if (/^(MCP_DISPATCH_|CODEX_|CLAUDECODE$|GEMINI_CLI$)/.test(name)) delete process.env[name];
}

// Each process would read those certificates when it starts, for longer than it needs for all else, and none connects.
delete process.env.NODE_EXTRA_CA_CERTS;

export default defineConfig({
  define: { __VERSION__: JSON.stringify(version) },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/temporary-folder.ts'],
    // Modules as Node itself gives them, without a proxy before each that makes every call of one slower.
    deps: { interopDefault: false },
    pool: 'forks',
    // Most tests wait for a disk or for a process that they have started: two workers, and three, leave a core of two idle.
    maxWorkers: Math.max(4, os.availableParallelism() - 1),
    // Files of one worker share what they import, which would else take longer than what they test.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Far above what the slowest runner needs, and one that others share: nothing here fails because a machine is slow.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 10_000,
    reporters: [
      'default',
      ...(process.env.GITHUB_ACTIONS === undefined ? [] : (['github-actions'] as const)),
      new SummaryReporter(),
    ],
  },
});
