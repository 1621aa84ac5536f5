/** An operation on jobs in a process of its own, of whose system calls one can fail, on a copy of a relay that was prepared. */
import { constants } from 'node:fs';
import type { ImageFolder } from './disk-image.js';
import { DiskWorld } from './disk-world.js';
import { JobLedger } from './job-ledger.js';
import type { JobScenario, JobStage } from './job-scenarios.js';
import { TestClock, TestProcesses } from './relay-world.js';
import { type Fault, FaultySystem } from './store-faults.js';

const CHANGING = /^(write|link|rename|unlink|mkdir|rmdir)/;

export interface PreparedJobs {
  readonly image: ImageFolder | undefined;
  readonly ledger: JobLedger;
  readonly now: number;
  /** The system calls of the operation when none fails. */
  readonly calls: readonly string[];
  /** Those of them that change what is on the disk. */
  readonly changing: readonly number[];
}

export interface Acted {
  readonly world: DiskWorld;
  readonly stage: JobStage;
  readonly faulty: FaultySystem;
  /** What the operation rejected with. */
  readonly error: unknown;
  /** Which calls opened a file to make it. */
  readonly making: ReadonlySet<number>;
}

export async function prepareJobs(scenario: JobScenario): Promise<PreparedJobs> {
  // The times of files are real ones, and are compared with the clock's.
  const clock = new TestClock();
  clock.set(Date.now());
  const ledger = new JobLedger();
  let image: ImageFolder | undefined;
  if (scenario.prepare !== undefined) {
    const world = new DiskWorld(clock);
    const { relay, kill } = world.process();
    await scenario.prepare({ relay, clock, ledger });
    kill();
    clock.advance(1);
    image = world.image();
  }
  const prepared = { image, ledger, now: clock.now(), calls: [], changing: [] };
  const { faulty, error, making } = await actOnJobs(scenario, prepared, undefined);
  if (error !== undefined) throw error;
  const calls = [...faulty.calls];
  const changing = calls.flatMap((name, at) => (CHANGING.test(name) || making.has(at) ? [at] : []));
  return { ...prepared, calls, changing };
}

export async function actOnJobs(
  scenario: JobScenario,
  { image, ledger, now }: PreparedJobs,
  fault: Fault | undefined,
): Promise<Acted> {
  const clock = new TestClock();
  clock.set(now);
  const world = new DiskWorld(clock, new TestProcesses(), image);
  const { system } = world.disk;
  const making = new Set<number>();
  const faulty = new FaultySystem({
    ...system,
    openSync: (path, flags, mode) => {
      if ((Number(flags) & constants.O_CREAT) !== 0) making.add(faulty.calls.length - 1);
      return system.openSync(path, flags, mode);
    },
  });
  const { relay } = world.process({ system: faulty.system });
  const stage = { relay, clock, ledger: new JobLedger(ledger) };
  faulty.arm(fault);
  const error = await scenario.run(stage).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { world, stage, faulty, error, making };
}
