/**
 * Every system call of every operation fails in turn, with every error, once and for good. Whatever fails: no success is
 * claimed that is not there, nothing torn is visible, an error says truly whether there was an effect; and when the fault
 * is over the same process goes on, and all mail that was accounted for arrives once.
 *
 * Every call meets every error. A process that after an error does the very same to its disk, and answers the same, as one
 * that was judged before is not judged again; FAULTS=all judges them all. The call that failed stands in the message of a
 * failure.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STALE_MS } from '../../src/store/filesystem/lock.js';
import { DiskCourse } from '../helpers/disk-course.js';
import type { ImageFolder } from '../helpers/disk-image.js';
import { DiskWorld, RELAY } from '../helpers/disk-world.js';
import { FAULT_SCENARIOS, type FaultScenario } from '../helpers/fault-scenarios.js';
import { MailLedger } from '../helpers/mail-ledger.js';
import { inspectRelay } from '../helpers/relay-inspection.js';
import { START } from '../helpers/relay-world.js';
import { Stage } from '../helpers/stage.js';
import { type Fault, FaultySystem, SHORT_WRITES } from '../helpers/store-faults.js';
import { leftovers } from '../helpers/store-relay.js';

const ERRORS = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EMFILE', ...SHORT_WRITES];
const JUDGES_ALL = process.env.FAULTS === 'all';

const isShort = (errno: string) => SHORT_WRITES.some((known) => known === errno);

// The number of calls must not depend on how fast the machine is, and no session's heartbeat may outlive its case.
beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ['Date', 'hrtime', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Prepared {
  readonly world: DiskWorld;
  readonly image: ImageFolder | undefined;
  readonly ledger: MailLedger;
  /** The system calls of the operation when none fails. */
  readonly calls: readonly string[];
  /** Of processes that were judged: what they did, and were answered. */
  readonly judged: Set<string>;
}

async function prepare(scenario: FaultScenario): Promise<Prepared> {
  const world = new DiskWorld();
  const ledger = new MailLedger();
  let image: ImageFolder | undefined;
  if (scenario.prepare !== undefined) {
    const process = world.process();
    await scenario.prepare(new Stage(world, process.relay, ledger));
    process.kill();
    // Sessions that send in one millisecond have no order among them.
    world.clock.advance(1);
    image = world.image();
  }
  const prepared = { world, image, ledger, calls: [], judged: new Set<string>() };
  const { faulty } = await act(scenario, prepared, undefined);
  return { ...prepared, calls: [...faulty.calls] };
}

/** The operation in a process of its own, on a copy of the relay that was prepared. */
async function act(scenario: FaultScenario, { world, image, ledger }: Prepared, fault: Fault | undefined) {
  world.restore(image);
  const faulty = new FaultySystem(world.disk.system);
  const course = new DiskCourse(faulty.system);
  const stage = new Stage(world, world.process({ system: course.system }).relay, new MailLedger(ledger));
  for (const agent of scenario.present) await stage.session(agent).begin();
  faulty.arm(fault);
  course.begin();
  const claimed = await scenario.run(stage);
  return { stage, faulty, claimed, course: course.text([stage.ledger.answers(), claimed?.claim]) };
}

/** All mail is read and acknowledged by the process that has met the fault, and more is sent. */
async function settle(scenario: FaultScenario, stage: Stage): Promise<void> {
  // A lock that could not be taken away is respected until it is stale.
  vi.setSystemTime(Date.now() + 2 * STALE_MS);
  await scenario.run(stage);
  await stage.send('alice', 'bob', 'afterwards');
  await stage.drain();
}

async function attempt(scenario: FaultScenario, prepared: Prepared, fault: Fault): Promise<void> {
  const { stage, faulty, claimed, course } = await act(scenario, prepared, fault);
  const hint = `${fault.errno}${fault.forGood ? ' for good' : ''} at call ${fault.at} (${faulty.struck})`;
  expect(faulty.struck, `${hint}: the fault was not met`).toBeDefined();
  expect([...faulty.open], `${hint}: descriptors left open`).toEqual([]);
  expect(strangeWarnings(prepared), hint).toEqual([]);
  if (prepared.judged.has(course) && !JUDGES_ALL) return;
  prepared.judged.add(course);
  const calls = prepared.world.disk.system;
  const onlooker = prepared.world.process().relay;
  expect(stage.ledger.violations(inspectRelay(RELAY, calls)), hint).toEqual([]);
  expect(claimed === undefined || (await claimed.holds(onlooker)), `${hint}: ${claimed?.claim}`).toBe(true);
  if (!fault.forGood && !/^(unlink|rmdir)/.test(faulty.struck ?? '')) expect(leftovers(RELAY, calls), hint).toEqual([]);

  faulty.arm(undefined);
  await settle(scenario, stage);
  expect(stage.ledger.violationsAtRest(inspectRelay(RELAY, calls)), `${hint}: when it was over`).toEqual([]);
  for (const { from, id, queuedTo } of stage.ledger.attempts) {
    if (id === undefined) continue;
    const told = await onlooker.receipts.lookUp(from, id);
    const ended = told.filter(({ state }) => state === 'acked' || state === 'expired').map(({ to }) => to);
    expect(ended, `${hint}: what ${from} is told of ${id}`).toEqual(expect.arrayContaining([...queuedTo]));
  }
  expect(strangeWarnings(prepared), hint).toEqual([]);
}

/** What was warned of since it was asked last, but for files that could not be read: those hold back no other. */
function strangeWarnings({ world }: Prepared): string[] {
  return world.warnings.splice(0).filter((line) => !line.startsWith('Could not read'));
}

describe.each(FAULT_SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
  let prepared: Promise<Prepared> | undefined;
  const cases = ERRORS.flatMap((errno) => [
    { errno, when: 'once', forGood: false },
    { errno, when: 'for good', forGood: true },
  ]);
  it.each(cases)('keeps every promise when a call meets $errno $when', async ({ errno, forGood }) => {
    prepared ??= prepare(scenario);
    const { calls } = await prepared;
    const places = calls.flatMap((name, at) => (isShort(errno) && name !== 'writeSync' ? [] : [at]));
    expect(places.length).toBeGreaterThan(0);
    for (const at of places) {
      await attempt(scenario, await prepared, { at, errno, forGood });
      vi.clearAllTimers();
    }
  });
});
