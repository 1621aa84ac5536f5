/** Tests with the real clients: `npm run test:clients`. They need 1.1 GB of clients and tmux, so `npm test` leaves them out. */
import os from 'node:os';
import process from 'node:process';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/real-clients/*.real.ts'],
    globalSetup: ['test/real-clients/install.ts', 'test/temporary-folder.ts'],
    pool: 'forks',
    // Each test has two clients and a server for each.
    maxWorkers: Math.max(1, Math.floor(os.availableParallelism() / 2)),
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['verbose', ...(process.env.GITHUB_ACTIONS === undefined ? [] : (['github-actions'] as const))],
  },
});
