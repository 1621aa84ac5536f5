/**
 * What callers of jobs were answered, and what whoever looks later finds to be wrong with it: a job that was lost, done
 * twice or told of in another number than it has ends, a holder without a lease who still changes something, and what is
 * left over when all is forgotten.
 */
import { isDispatchError } from '../../src/model/errors.js';
import { isEnded, type Job, type JobState, type Transition, waitsForPerson } from '../../src/model/job.js';
import { APPROVED } from '../../src/relay/jobs/review.js';
import type { Relay } from '../../src/relay/relay.js';
import type { Store } from '../../src/store/store.js';
import { holder } from './job-world.js';
import type { TestClock } from './relay-world.js';

export const SUBMITTER = 'alice';
export const ASSIGNEE = 'bob';

const DAY_MS = 24 * 60 * 60 * 1000;
const RETAINED_MS = 7 * DAY_MS;

export class JobLedger {
  /** Of jobs that were answered as submitted. */
  readonly submitted = new Set<string>();
  readonly claimed: { readonly id: string; readonly token: string }[] = [];
  /** What a settle, a cancel or a recovery answered last. */
  readonly states = new Map<string, JobState>();
  /** Words of the result that was answered as accepted. */
  readonly results = new Map<string, unknown>();
  /** Jobs whose mail was read before. */
  readonly told = new Set<string>();

  constructor(before?: JobLedger) {
    if (before === undefined) return;
    for (const id of before.submitted) this.submitted.add(id);
    this.claimed.push(...before.claimed);
    for (const [id, state] of before.states) this.states.set(id, state);
    for (const [id, result] of before.results) this.results.set(id, result);
    for (const id of before.told) this.told.add(id);
  }
}

/** What is wrong right after a crash, before anything goes on. Looking may do what is due and owed, and nothing else. */
export async function violations(relay: Relay, ledger: JobLedger, now: number): Promise<string[]> {
  const wrong: string[] = [];
  for (const id of ledger.submitted) {
    const job = await relay.jobs.look(id);
    if (job === undefined) wrong.push(`${id} was answered as submitted and is lost`);
  }
  const found = await relay.jobs.list.page({ limit: 1000 });
  const of = (agent: string) => relay.jobs.list.page({ of: { agent, addresses: [agent] }, limit: 1000 });
  const listings = [found, await of(SUBMITTER), await of(ASSIGNEE)].map(
    ({ jobs }) => new Set(jobs.map(({ id }) => id)),
  );
  for (const id of await relay.store.list('.jobs/records')) {
    const job = await relay.jobs.look(id);
    // What is just being forgotten has lost its name among those of its submitter.
    if (job === undefined || now - Date.parse(job.ended_at ?? job.created_at) >= RETAINED_MS) continue;
    for (const listed of listings) if (!listed.has(id)) wrong.push(`${id} is there and not in every listing`);
  }
  for (const [id, state] of ledger.states) {
    const job = await relay.jobs.look(id);
    if (job?.state !== state) wrong.push(`${id} was answered as ${state} and is ${job?.state}`);
  }
  for (const [id, result] of ledger.results) {
    const job = await relay.jobs.look(id);
    if (job === undefined) continue;
    const whole = job.outcome_bytes === null ? job : await relay.jobs.wholeOutcome(job);
    if (JSON.stringify(whole?.result) !== JSON.stringify(result)) wrong.push(`${id} has not the result it was given`);
  }
  return wrong;
}

/** What waits for a person and would not be found by its name. */
export async function unnamedForPerson(relay: Relay): Promise<string[]> {
  const { jobs } = await relay.jobs.list.page({ limit: 1000 });
  const named = new Set((await relay.jobs.person.waiting(1000)).jobs.map(({ id }) => id));
  const unnamed = jobs.filter((job) => waitsForPerson(job) && !named.has(job.id));
  return unnamed.map(({ id, state }) => `${id} is ${state} and not among those that wait for a person`);
}

/** Takes all jobs to their ends as a restarted worker and a person would, and says what is wrong by then. */
export async function violationsAtRest(relay: Relay, clock: TestClock, ledger: JobLedger): Promise<string[]> {
  const wrong: string[] = [];
  await retire(relay, clock);
  const { jobs } = await relay.jobs.list.page({ limit: 1000 });
  for (const { id, token } of ledger.claimed) wrong.push(...(await staleIsRefused(relay, id, token)));
  for (const job of jobs) wrong.push(...historyOf(job));
  const untold = jobs.filter(({ id }) => !ledger.told.has(id));
  wrong.push(...compared('mail to the submitter', await mailOf(relay, SUBMITTER), untold.flatMap(owedToSubmitter)));
  wrong.push(...compared('mail to the assignee', await mailOf(relay, ASSIGNEE), untold.flatMap(offersOf)));
  wrong.push(...(await leftOver(relay, clock)));
  return wrong;
}

/** Until every job has ended: leases end, pauses pass, a worker completes what it finds, a person has parked work tried again. */
async function retire(relay: Relay, clock: TestClock): Promise<void> {
  for (let round = 0; round < 8; round++) {
    clock.advance(2 * 60 * 60 * 1000);
    await relay.jobs.sweep(clock.now());
    const { jobs } = await relay.jobs.list.page({ limit: 1000 });
    if (jobs.every(({ state }) => isEnded(state))) return;
    for (const { id, state } of jobs) {
      if (state === 'needs_recovery') await relay.jobs.recover(id, 'retry', 'human');
      if (state === 'needs_review') await relay.jobs.review(id, { how: 'approved', by: 'human', note: 'Go on.' });
    }
    for (;;) {
      const claimed = await relay.jobs.claimNext(holder(ASSIGNEE), { addresses: [ASSIGNEE] });
      if (!('job' in claimed)) break;
      await relay.jobs.settle(claimed.job.id, claimed.token, { outcome: 'completed', result: 'by the next one' });
    }
  }
  throw new Error('jobs that never end');
}

/** A token of a job that is over changes nothing, whatever it is used for. */
async function staleIsRefused(relay: Relay, id: string, token: string): Promise<string[]> {
  const before = JSON.stringify(await relay.jobs.look(id));
  const tries = [
    () => relay.jobs.renew(id, token, holder(ASSIGNEE)),
    () => relay.jobs.settle(id, token, { outcome: 'completed', result: 'stale' }),
    () => relay.jobs.settle(id, token, { outcome: 'failed', error: 'stale' }),
    () => relay.jobs.settle(id, token, { outcome: 'released' }),
  ];
  const wrong: string[] = [];
  for (const attempt of tries) {
    const refused = await attempt().then(() => false, isDispatchError);
    if (!refused) wrong.push(`${id} took a stale token`);
  }
  if (JSON.stringify(await relay.jobs.look(id)) !== before) wrong.push(`${id} was changed by a stale token`);
  return wrong;
}

/** One end and nothing behind it; attempts within their bound; a job that may write begun again by a person's word only. */
export function historyOf({ id, history, attempts, max_attempts, write, state, token }: Job): string[] {
  const wrong: string[] = [];
  const ends = history.filter((each) => isEnded(each.state));
  if (ends.length !== (isEnded(state) ? 1 : 0) || (ends.length === 1 && ends[0] !== history.at(-1)))
    wrong.push(`${id} has ${ends.length} ends: ${history.map((each) => each.state).join(' ')}`);
  if (attempts > max_attempts) wrong.push(`${id} was tried ${attempts} times of ${max_attempts}`);
  const runs = history.filter((each) => each.state === 'running').length;
  if (runs !== (token?.number ?? 0)) wrong.push(`${id} ran ${runs} times under ${token?.number} tokens`);
  const consents = history.filter(({ state: to, by, why }) => to === 'queued' && isConsent(by, why)).length;
  if (write && runs > 1 + consents) wrong.push(`${id} may write, and ran ${runs} times with ${consents} words for it`);
  return wrong;
}

/** A person's word that it be done again, or its holder's that it had not begun. To approve of it is no word for doing it again. */
function isConsent(by: string, why = ''): boolean {
  return (by === 'human' && why !== APPROVED) || why.endsWith('gave it back');
}

/** What its submitter is owed, each once: every end, every lease that was lost, every parking. */
export function owedToSubmitter({ id, history }: Job): string[] {
  return history.filter(isTold).map(({ state }) => `${id} ${state}`);
}

function isTold({ n, state, by, why }: Transition): boolean {
  if (state === 'running' || n === 1) return false;
  return state !== 'queued' || !isConsent(by, why);
}

/** What its assignee is told: that there is a job, and each time that it waits again and its holder does not know of it. */
export function offersOf({ id, history }: Job): string[] {
  return history.filter(isOffered).map(() => `${id} queued`);
}

function isOffered({ n, state, by, why = '' }: Transition): boolean {
  return state === 'queued' && (n === 1 || by === 'human' || !why.endsWith('gave it back'));
}

/** What lies in an inbox, read by a session that is there for no longer. */
export async function mailOf(relay: Relay, agent: string): Promise<string[]> {
  const inbox = relay.inboxOf(agent, holder(agent).session);
  const told: string[] = [];
  for (;;) {
    const claim = await inbox.claim({ by: 'peek', limit: 1000, offer: () => () => {} });
    await claim.commit();
    if (claim.delivered.length === 0) return told;
    for (const { message, redelivered } of claim.delivered)
      told.push(`${message.payload?.job_id} ${message.payload?.state}${redelivered ? ' again' : ''}`);
  }
}

function compared(what: string, found: readonly string[], expected: readonly string[]): string[] {
  const [a, b] = [found, expected].map((lines) => [...lines].sort().join(', '));
  return a === b ? [] : [`${what} is [${a}] and not [${b}]`];
}

/** Eight days later the next sweep has taken all of it away. */
async function leftOver(relay: Relay, clock: TestClock): Promise<string[]> {
  clock.advance(8 * DAY_MS);
  await relay.jobs.sweep(clock.now());
  return (await keysBelow(relay.store, '.jobs')).map((key) => `${key} is left over`);
}

/** A folder that holds nothing is none. */
async function keysBelow(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (const name of await store.list(prefix)) {
    const key = `${prefix}/${name}`;
    if ((await store.read(key, 1_000_000))?.ok === true) keys.push(key);
    else keys.push(...(await keysBelow(store, key)));
  }
  return keys;
}
