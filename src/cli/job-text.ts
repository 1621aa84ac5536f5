/** A job in words for a person, and as --json has it. What others wrote goes through model/text.ts; the token's nonce never leaves. */
import type { Job } from '../model/job.js';
import { forTerminal } from '../model/text.js';
import { ageOf, momentOf } from './layout.js';

const MOST_NAME = 70;
const MOST_PROMPT = 200;

/** `alice → #build` */
export function routeOf({ from, to }: Job): string {
  return `${forTerminal(from, MOST_NAME)} → ${forTerminal(to, MOST_NAME)}`;
}

/** `1 of 3` */
export function attemptsOf({ attempts, max_attempts }: Job): string {
  return `${attempts} of ${max_attempts}`;
}

/** Who holds it, or held it last, and since when; undefined for a job that nobody ever held. */
export function lastHolderOf({ history }: Job): { by: string; at: string; attempt: number | undefined } | undefined {
  const claim = history.findLast(({ state }) => state === 'running');
  return claim === undefined
    ? undefined
    : { by: forTerminal(claim.by, MOST_NAME), at: claim.at, attempt: claim.attempt };
}

/** `bob for 5 min`; undefined for a job that nobody holds. */
export function holdingOf(job: Job, now: number): string | undefined {
  if (job.lease === null) return undefined;
  const since = lastHolderOf(job)?.at;
  const held = since === undefined ? '' : ` for ${ageOf(Date.parse(since), now)}`;
  return `${forTerminal(job.lease.agent, MOST_NAME)}${held}`;
}

/** A moment of a record, which may hold anything that looks like a time. */
export function timeOf(at: string): string {
  return momentOf(forTerminal(at, 64));
}

/** How a person decides about a parked job. */
export function recoveryOf(id: string): string {
  return `mcp-dispatch recover ${id} --retry (done again) or --fail (given up)`;
}

/** How a person comes to a decision about a job that waits for a review. */
export function reviewOf(id: string): string {
  return `mcp-dispatch review show ${id}, then review approve or review reject`;
}

/** What a list shows of a job; of its prompt the beginning. */
export function briefJson(job: Job): object {
  const { task, result: _result, error: _error, history: _history, ...brief } = wholeJson(job);
  return { ...brief, prompt: task.prompt.slice(0, MOST_PROMPT).toWellFormed() };
}

/** All that there is of a job. Of its fencing token the number: who knows the rest of it is the holder. */
export function wholeJson({ token, lease, not_before, owed, audit: _, ...job }: Job) {
  const instant = (ms: number) => new Date(ms).toISOString();
  return {
    ...job,
    token: token?.number ?? null,
    lease: lease === null ? null : { ...lease, until: instant(lease.until) },
    not_before: not_before === null ? null : instant(not_before),
    owed: owed.map(({ n, to, state }) => ({ n, to, state })),
  };
}
