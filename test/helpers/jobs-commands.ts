/** Everything that can be done to jobs, to the relay and to the model alike; and what is compared after each. */
import { deepStrictEqual, ok, rejects } from 'node:assert/strict';
import * as fc from 'fast-check';
import { isEnded, waitsForPerson } from '../../src/model/job.js';
import type { Relay } from '../../src/relay/relay.js';
import { historyOf, mailOf, owedToSubmitter } from './job-ledger.js';
import { holder } from './job-world.js';
import type { JobsModel, ModelJob } from './jobs-model.js';
import type { RelayWorld } from './relay-world.js';

export interface JobOffice {
  readonly world: RelayWorld;
  /** Processes of their own over one store; any of them may be asked for anything. */
  readonly relays: readonly Relay[];
  readonly onlooker: Relay;
}

type Command = fc.AsyncCommand<JobsModel, JobOffice>;

const AGENTS = ['alice', 'bob', 'carol'];
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const FORGED = ['1.aaaaaaaaaaaaaaaaaaaa', '99.aaaaaaaaaaaaaaaaaaaa'];

const nth = fc.nat({ max: 59 });
const at = <T>(items: readonly T[], index: number): T => items[index % items.length] as T;

function command<Given>(
  name: string,
  given: fc.Arbitrary<Given>,
  may: (model: Readonly<JobsModel>) => boolean,
  run: (model: JobsModel, office: JobOffice, given: Given) => Promise<void>,
): fc.Arbitrary<Command> {
  return given.map((value) => ({
    check: may,
    run: async (model, office) => {
      await run(model, office, value);
      await compare(model, office);
    },
    toString: () => `${name}(${JSON.stringify(value)})`,
  }));
}

const always = () => true;
const some = ({ jobs }: Readonly<JobsModel>) => jobs.length > 0;

const submit = command(
  'submit',
  fc.record({
    by: nth,
    from: fc.constantFrom('alice', 'bob'),
    to: fc.constantFrom(...AGENTS),
    write: fc.boolean(),
    ttl: fc.constantFrom(0, 0, 30, 600),
    maxAttempts: fc.constantFrom(1, 2, 3),
    request: fc.constantFrom(undefined, undefined, 'one', 'two'),
    review: fc.constantFrom(undefined, undefined, undefined, 'Look at it.'),
  }),
  always,
  async (model, { relays }, { by, request, ...draft }) => {
    const { jobs } = at(relays, by);
    const { from, to, write, ttl, maxAttempts, review } = draft;
    const requestId = request === undefined ? undefined : `${from} ${request}`;
    const submitting = jobs.submit(from, { ...draft, task: { prompt: 'Do it.' }, requestId });
    if (from === to) return rejects(submitting, { code: 'INVALID_ARGUMENT' });
    const first = model.jobs.find((job) => requestId !== undefined && job.requestId === requestId);
    if (first !== undefined && (first.to !== to || first.write !== write || first.review !== review))
      return rejects(submitting, { code: 'REQUEST_CONFLICT' });
    const { job, deduped } = await submitting;
    deepStrictEqual(deduped, first !== undefined, 'deduped');
    if (first !== undefined) return deepStrictEqual(job.id, first.id, 'the same request gives the same job');
    model.jobs.push({
      id: job.id,
      from,
      to,
      requestId,
      write,
      review,
      maxAttempts,
      most: maxAttempts,
      expires: ttl > 0,
      expiresAt: Date.parse(job.created_at) + ttl * SECOND,
      state: review === undefined ? 'queued' : 'needs_review',
      hasRun: false,
      attempts: 0,
      tokens: [],
      leaseUntil: 0,
      leaseMs: 0,
      freeAt: 0,
      cancelAsked: false,
      completions: 0,
      consents: 0,
      offers: review === undefined ? 1 : 0,
      mail: [],
    });
  },
);

const claimNext = command(
  'claimNext',
  fc.record({ by: nth, agent: fc.constantFrom(...AGENTS), seconds: fc.constantFrom(5, 60, 3600) }),
  some,
  async (model, { relays }, { by, agent, seconds }) => {
    const claimed = await at(relays, by).jobs.claimNext(holder(agent), { addresses: [agent], leaseSeconds: seconds });
    for (const job of model.jobs) if (job.to === agent) model.look(job);
    const free = model.jobs.filter((job) => model.isClaimable(job, agent));
    if (!('job' in claimed)) return deepStrictEqual(free, [], `${agent} finds nothing to claim`);
    const job = free.find(({ id }) => id === claimed.job.id);
    ok(job !== undefined, `${agent} has claimed ${claimed.job.id}, which is not free for it`);
    model.claim(job, claimed.token, seconds * SECOND);
  },
);

const claimOne = command(
  'claim',
  fc.record({ by: nth, agent: fc.constantFrom(...AGENTS), job: nth, seconds: fc.constantFrom(5, 60) }),
  some,
  async (model, { relays }, { by, agent, job: which, seconds }) => {
    const job = at(model.jobs, which);
    const claiming = at(relays, by).jobs.claim(job.id, holder(agent), { addresses: [agent], leaseSeconds: seconds });
    model.look(job);
    if (!model.isClaimable(job, agent)) return rejects(claiming, { name: 'DispatchError' });
    model.claim(job, (await claiming).token, seconds * SECOND);
  },
);

const tokens = fc.record({ by: nth, job: nth, token: nth, forged: fc.nat(5) });

/** The newest more often than the old ones, and now and then one that was never given out. */
function tokenOf(job: ModelJob, token: number, forged: number): string {
  if (job.tokens.length === 0 || forged < FORGED.length) return at(FORGED, forged);
  return token % 2 === 0 ? (job.tokens.at(-1) as string) : at(job.tokens, token);
}

const renew = command('renew', tokens, some, async (model, { relays }, { by, job: which, token: nthToken, forged }) => {
  const job = at(model.jobs, which);
  const token = tokenOf(job, nthToken, forged);
  const renewing = at(relays, by).jobs.renew(job.id, token, holder(job.to), 60);
  const code = model.refusalOf(job, token);
  if (code !== undefined) return rejects(renewing, { code });
  deepStrictEqual((await renewing).cancel !== null, job.cancelAsked, 'the holder hears whether it is to stop');
  model.hold(job, 60 * SECOND);
});

const settle = command(
  'settle',
  fc.record({
    token: tokens,
    outcome: fc.constantFrom('completed', 'failed', 'released'),
    untouched: fc.boolean(),
    large: fc.nat(9).map((number) => number === 0),
    review: fc.constantFrom(undefined, undefined, 'Look at it.'),
  }),
  some,
  async (
    model,
    { relays },
    { token: { by, job: which, token: nthToken, forged }, outcome, untouched, large, review },
  ) => {
    const job = at(model.jobs, which);
    const token = tokenOf(job, nthToken, forged);
    const result = large ? 'x'.repeat(10_000) : token;
    const settling = at(relays, by).jobs.settle(job.id, token, { outcome, untouched, result, review });
    const code = model.refusalOf(job, token);
    if (code !== undefined) return rejects(settling, { code });
    deepStrictEqual(token, job.tokens.at(-1), 'the accepted token is the newest');
    await settling;
    model.settle(job, outcome, untouched, review !== undefined);
  },
);

const cancel = command(
  'cancel',
  fc.record({ by: nth, job: nth }),
  some,
  async (model, { relays }, { by, job: which }) => {
    const job = at(model.jobs, which);
    const cancelling = at(relays, by).jobs.cancel(job.id, job.from, null);
    model.look(job);
    if (isEnded(job.state)) return rejects(cancelling, { code: 'ALREADY_FINISHED' });
    if (job.state === 'needs_recovery' || (job.state === 'needs_review' && job.hasRun))
      return rejects(cancelling, { code: 'NOT_ALLOWED' });
    await cancelling;
    model.cancel(job);
  },
);

const recover = command(
  'recover',
  fc.record({ by: nth, job: nth, how: fc.constantFrom('retry', 'fail') }),
  some,
  async (model, { relays }, { by, job: which, how }) => {
    const parked = model.jobs.filter(({ state }) => state === 'needs_recovery');
    const job = at(parked.length > 0 ? parked : model.jobs, which);
    const recovering = at(relays, by).jobs.recover(job.id, how, 'human');
    if (job.state !== 'needs_recovery') return rejects(recovering, { name: 'DispatchError' });
    await recovering;
    model.recover(job, how);
  },
);

const review = command(
  'review',
  fc.record({ by: nth, job: nth, how: fc.constantFrom('approved', 'rejected') }),
  some,
  async (model, { relays }, { by, job: which, how }) => {
    const waiting = model.jobs.filter(({ state }) => state === 'needs_review');
    const job = at(waiting.length > 0 ? waiting : model.jobs, which);
    const reviewing = at(relays, by).jobs.review(job.id, { how, by: 'human', note: null });
    if (job.state !== 'needs_review') return rejects(reviewing, { name: 'DispatchError' });
    await reviewing;
    model.review(job, how);
  },
);

const sweep = command('sweep', nth, always, async (model, { relays, world }, by) => {
  await at(relays, by).jobs.sweep(world.clock.now());
  for (const job of model.jobs) model.look(job);
});

const time = command(
  'time',
  fc.constantFrom(1, 999, SECOND, 5 * SECOND, 60 * SECOND, HOUR, -SECOND, -30 * SECOND, -HOUR),
  always,
  async (model, { world }, ms) => {
    if (ms > 0) world.clock.advance(ms);
    else world.clock.set(world.clock.now() + ms);
    model.now = world.clock.now();
  },
);

const claims = [claimNext, claimNext, claimNext, claimOne];
export const JOB_COMMANDS = [
  submit,
  submit,
  submit,
  ...claims,
  renew,
  settle,
  settle,
  settle,
  cancel,
  recover,
  review,
  sweep,
  time,
  time,
  time,
];

/** What anyone sees from now on: looking does what is due. */
async function compare(model: JobsModel, { onlooker }: JobOffice): Promise<void> {
  const { jobs } = onlooker;
  for (const job of model.jobs) {
    const found = await jobs.look(job.id);
    model.look(job);
    const { state, attempts, max_attempts, cancel: asked } = found ?? {};
    deepStrictEqual(
      { state, attempts, most: max_attempts, newest: found?.token?.number ?? 0 },
      { state: job.state, attempts: job.attempts, most: job.most, newest: job.tokens.length },
      job.id,
    );
    if (job.state === 'running') deepStrictEqual(asked !== null, job.cancelAsked);
    if (found !== undefined) deepStrictEqual(historyOf(found), []);
  }
  const person = (await jobs.person.waiting(1000)).jobs.map(({ id }) => id);
  deepStrictEqual(
    person.sort(),
    model.jobs
      .filter(waitsForPerson)
      .map(({ id }) => id)
      .sort(),
    'what waits for a person',
  );
  for (const agent of AGENTS) {
    const page = await jobs.list.page({ of: { agent, addresses: [agent] }, limit: 1000 });
    const mine = model.jobs.filter(({ from, to }) => from === agent || to === agent);
    deepStrictEqual(page.jobs.map(({ id }) => id).sort(), mine.map(({ id }) => id).sort(), `the jobs of ${agent}`);
    const waiting = page.jobs.filter(({ to, state }) => to === agent && state === 'queued').reverse();
    const places = await Promise.all(waiting.map((job) => jobs.list.position(job)));
    deepStrictEqual(places, [...waiting.keys()], `the queue of ${agent}`);
  }
}

/** Each submitter was told each thing once; each assignee was told once of each job. */
export async function compareMail(model: JobsModel, { onlooker }: JobOffice): Promise<void> {
  for (const agent of AGENTS) {
    const ends = model.jobs
      .filter(({ from }) => from === agent)
      .flatMap(({ id, mail }) => mail.map((s) => `${id} ${s}`));
    const mine = model.jobs.filter(({ to }) => to === agent);
    const offers = mine.flatMap(({ id, offers: times }) => Array.from({ length: times }, () => `${id} queued`));
    deepStrictEqual((await mailOf(onlooker, agent)).sort(), [...ends, ...offers].sort(), `the mail of ${agent}`);
  }
  const { jobs } = await onlooker.jobs.list.page({ limit: 1000 });
  for (const job of jobs) {
    deepStrictEqual(job.owed, [], `${job.id} owes nothing`);
    const told = model.jobs.find(({ id }) => id === job.id)?.mail.map((state) => `${job.id} ${state}`);
    if (job.history.length < 50) deepStrictEqual(owedToSubmitter(job), told);
  }
}
