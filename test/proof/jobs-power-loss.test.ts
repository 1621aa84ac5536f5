/**
 * The power goes at every point of every operation on jobs, and at the end of one that another process has finished for a
 * killed one: a new process finds all that was answered, and takes every job to one end, told of once. Which states a cut may
 * leave, `crash-states.ts` says. And the check can fail: it does when nothing is synced.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { CrashRecorder, type Operation } from '../helpers/crash-recording.js';
import { crashStates } from '../helpers/crash-states.js';
import { fingerprint, type ImageFolder } from '../helpers/disk-image.js';
import { DiskWorld } from '../helpers/disk-world.js';
import { JobLedger, violations, violationsAtRest } from '../helpers/job-ledger.js';
import { JOB_SCENARIOS, type JobScenario } from '../helpers/job-scenarios.js';
import { TestClock, TestProcesses } from '../helpers/relay-world.js';
import { FaultySystem } from '../helpers/store-faults.js';
import { posix } from '../helpers/store-relay.js';

const PATIENCE = { timeout: 240_000 };

// A share of the states, spread evenly, the last ones among them; FAULTS=all judges them all.
const LINE_FEED = 0x0a;

const ALL = process.env.FAULTS === 'all';
const MOST_STATES = ALL ? Number.POSITIVE_INFINITY : 10;
const MOST_UNSYNCED = 10;
const MOST_BEHIND = ALL ? Number.POSITIVE_INFINITY : 3;

interface Recording {
  readonly operations: readonly Operation[];
  readonly base: ImageFolder;
  readonly now: number;
  readonly before: JobLedger;
  readonly after: JobLedger;
  /** Calls of the process that was to be killed. */
  readonly calls: readonly string[];
}

interface Circumstances {
  readonly durability?: 'full' | 'process';
  /** The system call before which the first process is killed; another one makes the same call again then. */
  readonly killedAt?: number;
}

async function record(
  { prepare, run }: JobScenario,
  { durability = 'full', killedAt }: Circumstances = {},
): Promise<Recording> {
  // The times of files are real ones, and are compared with the clock's.
  const clock = new TestClock();
  clock.set(Date.now());
  const world = new DiskWorld(clock);
  const recorder = new CrashRecorder(world);
  const faulty = new FaultySystem(recorder.system);
  const ledger = new JobLedger();
  const { relay } = world.process({ system: faulty.system, durability });
  await prepare?.({ relay, clock, ledger });
  const before = new JobLedger(ledger);
  recorder.start();
  faulty.arm(killedAt === undefined ? undefined : { at: killedAt, errno: 'EKILLED', forGood: true });
  const ran = run({ relay, clock, ledger });
  await (killedAt === undefined ? ran : ran.catch(() => {}));
  const calls = [...faulty.calls];
  if (killedAt !== undefined) {
    const other = world.process({ system: recorder.system, durability });
    // What it finds done already it is told, and that is an answer too.
    await run({ relay: other.relay, clock, ledger }).catch(() => {});
    const { jobs } = await other.relay.jobs.list.page({ limit: 100 });
    for (const { id, state } of jobs) if (state !== 'running' && state !== 'queued') ledger.states.set(id, state);
  }
  recorder.stop();
  // Records of logs begin with a line feed. They are never synced and nothing is decided by them, and each doubles the states.
  const operations = recorder.operations.filter((each) => each.kind !== 'write' || each.bytes[0] !== LINE_FEED);
  return { operations, base: recorder.base, now: clock.now(), before, after: ledger, calls };
}

/** Every different state, with what was answered before the latest cut that leaves it. */
function distinctStates({ operations, base, before, after }: Recording, most: number, from = 0) {
  const states = new Map<number, { tree: ImageFolder; answered: JobLedger; cut: number }>();
  const last = operations.length;
  for (let cut = from; cut <= last; cut++) {
    // A cut in between leaves some of what one before the next sync leaves.
    if (cut !== last && operations[cut]?.kind !== 'sync') continue;
    for (const tree of crashStates({ operations: [...operations], base }, cut, { renames: 'whole', sparse: true }))
      states.set(fingerprint(tree), { tree, answered: cut === last ? after : before, cut });
  }
  const all = [...states.values()].reverse();
  const step = Math.max(1, all.length / most);
  return all.filter((_, index) => Math.trunc(index / step) !== Math.trunc((index - 1) / step) || index === 0);
}

/** What a process that starts after the cut finds to be wrong. */
async function judge(tree: ImageFolder, now: number, answered: JobLedger): Promise<string[]> {
  const clock = new TestClock();
  clock.set(now);
  try {
    const { relay } = new DiskWorld(clock, new TestProcesses(), tree).process();
    const broken = await violations(relay, answered, now);
    return broken.length > 0 ? broken : await violationsAtRest(relay, clock, answered);
  } catch (error) {
    return [String(error)];
  }
}

const SCENARIOS = JOB_SCENARIOS.map((scenario) => [scenario.name, scenario] as const);

// Windows has no sync of a folder to leave out.
describe.skipIf(!posix)('after a power cut', () => {
  let total = 0;
  afterAll(() => console.info(`states of jobs after a power cut: ${total}`));

  it.each(SCENARIOS)('at any point of %s, all that was answered is there', PATIENCE, async (_, scenario) => {
    const recording = await record(scenario);
    const states = distinctStates(recording, MOST_STATES);
    expect(states.length).toBeGreaterThan(2);
    total += states.length;
    for (const { tree, answered, cut } of states)
      expect(await judge(tree, recording.now, answered), `after ${cut} operations`).toEqual([]);
  });

  it.each(SCENARIOS.filter(([, { isCall }], index) => isCall !== false && (ALL || index % 3 === 1)))(
    'behind %s, which another process has finished for a killed one, all that it was told is there',
    PATIENCE,
    async (_, scenario) => {
      const { calls } = await record(scenario);
      // Killed before a sync, it leaves what the other one can see and a cut can undo.
      const places = calls.flatMap((name, at) => (name === 'fsyncSync' ? [at] : []));
      for (const killedAt of places) {
        const recording = await record(scenario, { killedAt });
        const states = distinctStates(recording, MOST_BEHIND, recording.operations.length);
        total += states.length;
        for (const { tree, answered } of states)
          expect(await judge(tree, recording.now, answered), `killed before call ${killedAt}`).toEqual([]);
      }
    },
  );

  it('the check finds what is lost when nothing is synced', PATIENCE, async () => {
    const wrong: string[] = [];
    for (const scenario of JOB_SCENARIOS.filter(({ isCall }) => isCall !== false)) {
      const recording = await record(scenario, { durability: 'process' });
      const states = distinctStates(recording, MOST_UNSYNCED, recording.operations.length);
      let isFound = false;
      // The first state in which something is missing is enough; not each of them lacks what was promised.
      for (const { tree, answered } of states) isFound ||= (await judge(tree, recording.now, answered)).length > 0;
      if (!isFound) wrong.push(scenario.name);
    }
    expect(wrong).toEqual([]);
  });
});
