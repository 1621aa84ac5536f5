/** Uses the worker as a module: `node module.mjs <kind>`; prints what it was told and how it ended. */
import process from 'node:process';
import { runWorker } from 'mcp-dispatch/worker';

const [kind] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const control = new AbortController();
process.on('SIGTERM', () => control.abort());

const KINDS = {
  answer: async (cwd, { signal: _, ...turn }) => ({ cwd, ...turn }),
  fail: async () => Promise.reject(new Error('no luck')),
  wait: (_, { signal }) =>
    new Promise((_resolve, reject) => {
      say('begun');
      signal.addEventListener('abort', () => reject(signal.reason));
    }),
};

const end = await runWorker({
  agent: 'reviewer',
  runTurn: KINDS[kind],
  models: ['small', 'large'],
  once: kind !== 'wait',
  allowWrites: true,
  intervalMs: 200,
  signal: control.signal,
  onStart: (job) => say({ started: job }),
  onEnd: (job) => say({ ended: job }),
});
say(end);
