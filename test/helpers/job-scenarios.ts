/** The operations on jobs that are cut off, or of which every system call is made to fail; each on a relay with just what it needs. */
import type { Relay } from '../../src/relay/relay.js';
import { ASSIGNEE, type JobLedger, mailOf, SUBMITTER } from './job-ledger.js';
import { holder } from './job-world.js';
import type { TestClock } from './relay-world.js';

export interface JobStage {
  readonly relay: Relay;
  readonly clock: TestClock;
  readonly ledger: JobLedger;
}

export interface JobScenario {
  readonly name: string;
  prepare?(stage: JobStage): Promise<void>;
  /** Rejects with what its caller may see; what it was answered stands in the ledger. */
  run(stage: JobStage): Promise<void>;
  /** Whether a caller that got no answer makes the same call again. @default false */
  readonly isRepeated?: boolean;
  /** Whether an error that says "nothing happened" is its own; a look that finds something due says it of that. @default true */
  readonly isCall?: boolean;
}

const REQUEST = 'request-1';
const LARGE = 'x'.repeat(20_000);

async function submit(
  { relay, ledger }: JobStage,
  draft: { requestId?: string; write?: boolean; review?: string } = {},
) {
  const task = { prompt: 'Do it.' };
  const { job } = await relay.jobs.submit(SUBMITTER, { to: ASSIGNEE, task, threadId: 'red', ...draft });
  ledger.submitted.add(job.id);
}

async function claim({ relay, ledger }: JobStage) {
  const claimed = await relay.jobs.claimNext(holder(ASSIGNEE), { addresses: [ASSIGNEE], leaseSeconds: 60 });
  // What cannot be read just now is not there to be claimed.
  if ('job' in claimed) ledger.claimed.push({ id: claimed.job.id, token: claimed.token });
}

async function claimForGood(stage: JobStage) {
  await claim(stage);
  for (const { id } of stage.ledger.claimed) stage.ledger.states.set(id, 'running');
}

/** The newest claim: what the caller goes on with. */
function held({ ledger }: JobStage) {
  const newest = ledger.claimed.at(-1);
  if (newest === undefined) throw new Error('nothing was claimed');
  return newest;
}

function only({ ledger }: JobStage): string {
  const [id = ''] = ledger.submitted;
  return id;
}

const queued = (draft: { requestId?: string; write?: boolean } = {}) => ({
  prepare: (stage: JobStage) => submit(stage, draft),
});

const running = (draft: { requestId?: string; write?: boolean } = {}) => ({
  prepare: async (stage: JobStage) => {
    await submit(stage, draft);
    await claim(stage);
  },
});

const parked = {
  prepare: async (stage: JobStage) => {
    await submit(stage, { write: true });
    await claim(stage);
    stage.clock.advance(60_000);
    await stage.relay.jobs.look(only(stage));
  },
};

async function settle(stage: JobStage, outcome: 'completed' | 'failed' | 'released', result?: string, review?: string) {
  const { id, token } = held(stage);
  const words = outcome === 'failed' ? { error: result ?? 'It broke.' } : { result };
  const settlement = outcome === 'released' ? { outcome } : { outcome, review, ...words };
  const job = await stage.relay.jobs.settle(id, token, settlement);
  stage.ledger.states.set(id, job.state);
  if (outcome === 'completed') stage.ledger.results.set(id, result ?? null);
}

async function decide(stage: JobStage, how: 'approved' | 'rejected') {
  const { id, state } = await stage.relay.jobs.review(only(stage), { how, by: 'human', note: 'Said so.' });
  stage.ledger.states.set(id, state);
}

export const JOB_SCENARIOS: readonly JobScenario[] = [
  { name: 'the first submit of a relay', run: submit },
  {
    name: 'a submit with a request id',
    ...queued(),
    run: (stage) => submit(stage, { requestId: REQUEST }),
    isRepeated: true,
  },
  {
    name: 'a submit with a request id that is never repeated',
    ...queued(),
    run: (stage) => submit(stage, { requestId: REQUEST }),
  },
  { name: 'a claim', ...queued({ requestId: REQUEST }), run: claimForGood },
  { name: 'a claim of a job that may write', ...queued({ write: true }), run: claimForGood },
  {
    name: 'a renewal',
    ...running(),
    run: async (stage) => {
      const { id, token } = held(stage);
      await stage.relay.jobs.renew(id, token, holder(ASSIGNEE), 600);
    },
  },
  { name: 'a completion', ...running(), run: (stage) => settle(stage, 'completed', 'Done.') },
  { name: 'a completion with a large result', ...running(), run: (stage) => settle(stage, 'completed', LARGE) },
  { name: 'a failure with a large error', ...running({ write: true }), run: (stage) => settle(stage, 'failed', LARGE) },
  { name: 'a release', ...running(), run: (stage) => settle(stage, 'released') },
  { name: 'a release of a job that may write', ...running({ write: true }), run: (stage) => settle(stage, 'released') },
  {
    name: 'the cancelling of a job that waits',
    ...queued(),
    run: async (stage) => {
      const { id, state } = await stage.relay.jobs.cancel(only(stage), SUBMITTER, 'Not needed.');
      stage.ledger.states.set(id, state);
    },
  },
  {
    name: 'the end of a lease',
    isCall: false,
    ...running(),
    run: async ({ relay, clock, ...stage }) => {
      clock.advance(60_000);
      await relay.jobs.look(only({ relay, clock, ...stage }));
    },
  },
  {
    name: 'a recovery that tries again',
    ...parked,
    run: async (stage) => {
      await stage.relay.jobs.recover(only(stage), 'retry', 'human');
    },
  },
  {
    name: 'a recovery that gives up',
    ...parked,
    run: async (stage) => {
      const { id, state } = await stage.relay.jobs.recover(only(stage), 'fail', 'human');
      stage.ledger.states.set(id, state);
    },
  },
  {
    name: 'a submit for a review, under a request id',
    run: (stage) => submit(stage, { requestId: REQUEST, review: 'Look at it.' }),
    isRepeated: true,
  },
  {
    name: 'an approval of a job that has not run',
    prepare: (stage) => submit(stage, { review: 'Look at it.' }),
    run: (stage) => decide(stage, 'approved'),
  },
  {
    name: 'a completion that asks for a review',
    ...running({ write: true }),
    run: (stage) => settle(stage, 'completed', LARGE, 'Look at it.'),
  },
  {
    name: 'a rejection of a result',
    prepare: async (stage) => {
      await submit(stage);
      await claim(stage);
      await settle(stage, 'completed', LARGE, 'Look at it.');
      stage.ledger.states.clear();
    },
    run: (stage) => decide(stage, 'rejected'),
  },
  {
    name: 'a sweep that forgets a job',
    isCall: false,
    prepare: async (stage) => {
      await submit(stage, { requestId: REQUEST });
      await claim(stage);
      await settle(stage, 'completed', LARGE);
      stage.ledger.told.add(only(stage));
      for (const agent of [SUBMITTER, ASSIGNEE]) await mailOf(stage.relay, agent);
      stage.clock.advance(7 * 24 * 60 * 60 * 1000);
      stage.ledger.submitted.clear();
      stage.ledger.claimed.splice(0);
      stage.ledger.states.clear();
      stage.ledger.results.clear();
    },
    run: async ({ relay, clock }) => {
      await relay.jobs.sweep(clock.now());
    },
  },
];
