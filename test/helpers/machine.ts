/** How busy the machine is: a promise in seconds is one for a machine that has time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';

/** What a bare Node takes from its start to its end where nothing else runs, on a slow machine. */
const BARE_START_MS = 100;

/** How many times longer than that it takes just now; at least 1. */
export async function slowness(): Promise<number> {
  const start = performance.now();
  await once(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }), 'exit');
  return Math.max(1, (performance.now() - start) / BARE_START_MS);
}
