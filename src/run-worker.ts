/** The composition root of the worker as a module. */
import { parseAgentId } from './model/agent-id.js';
import { DispatchError } from './model/errors.js';
import { MOST_LEASE_SECONDS, type Writes } from './model/job.js';
import { log, open } from './open.js';
import type { RunWorker } from './worker/api.js';
import type { Observer } from './worker/worker.js';

const MOST_MS = 2 ** 31 - 1;

export const runWorker: RunWorker = async (options) => {
  const { agent, runTurn, models = [], cwd = process.cwd(), once = false, allowWrites = false } = options;
  if (typeof runTurn !== 'function') throw invalid('runTurn', 'must be a function');
  const whole = (name: 'timeoutSeconds' | 'intervalMs' | 'concurrency' | 'leaseSeconds', rule: Rule) =>
    checked(name, options[name] ?? rule.otherwise, rule);
  const name = parseAgentId(agent, 'agent');
  const timeoutSeconds = whole('timeoutSeconds', { least: 1, most: 86_400, otherwise: 1800 });
  const settings = {
    writes: writesOf(allowWrites),
    once,
    concurrency: whole('concurrency', { least: 1, most: 64, otherwise: 1 }),
    leaseSeconds: whole('leaseSeconds', { least: 1, most: MOST_LEASE_SECONDS, otherwise: 60 }),
    intervalMs: whole('intervalMs', { least: 100, most: 3_600_000, otherwise: 5000 }),
    // 0 is neither "at once" nor "never" to everybody.
    idleTimeoutMs:
      options.idleTimeoutMs === undefined
        ? undefined
        : checked('idleTimeoutMs', options.idleTimeoutMs, { least: 1, most: MOST_MS }),
  };
  const { relay, config } = await open({ ...(options.env ?? process.env) });
  const { PersonBell } = await import('./wake/person-bell.js');
  const bell = PersonBell.start(relay, config.wake);
  const { turnWorker } = await import('./worker/compose.js');
  const { onStart = () => {}, onEnd = () => {}, onWarning = log, signal } = options;
  const observer: Observer = {
    ready: () => {},
    started: ({ job }) => onStart({ job_id: job.id, from: job.from, attempt: job.attempts, write: job.write }),
    ended: ({ job, state, attempt, write, durationMs, why }) =>
      onEnd({ job_id: job, state, attempt, write, duration_ms: durationMs, ...(why === undefined ? {} : { why }) }),
    warned: onWarning,
    looked: () => {},
  };
  const turn = {
    runTurn,
    cwd,
    models,
    timeoutSeconds,
    env: { ...(options.env ?? process.env) },
    umask: process.umask(),
  };
  const worker = turnWorker({ ...settings, relay, agent: name, observer }, turn);
  const stop = () => worker.stop();
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await worker.run();
  } finally {
    await bell?.close();
    signal?.removeEventListener('abort', stop);
  }
};

function writesOf(allowWrites: unknown): Writes {
  if (allowWrites === true) return 'all';
  if (allowWrites === false) return 'none';
  if (allowWrites === 'worktrees') return allowWrites;
  throw invalid('allowWrites', 'must be true, false or "worktrees"');
}

interface Rule {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

function checked(name: string, value: number, { least, most }: Omit<Rule, 'otherwise'>): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalid(name, `must be a whole number, ${least} to ${most}`);
}

function invalid(name: string, why: string): DispatchError {
  return new DispatchError('INVALID_ARGUMENT', `runWorker: ${name} ${why}.`, { argument: name });
}
