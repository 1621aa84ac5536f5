/**
 * The power goes at every point of an operation: from a recording of its file operations every state is built that the cut
 * may leave (`crash-states.ts` has the model), and a new process opens it. What was answered is there, nothing visible is
 * torn, and the new process reads and sends. And the check can fail: it does for each sync that is left out.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CrashRecorder } from '../helpers/crash-recording.js';
import { type CrashModel, crashStates } from '../helpers/crash-states.js';
import { fingerprint, type ImageFolder } from '../helpers/disk-image.js';
import { DiskWorld, RELAY } from '../helpers/disk-world.js';
import { MailLedger } from '../helpers/mail-ledger.js';
import { inspectRelay } from '../helpers/relay-inspection.js';
import { START } from '../helpers/relay-world.js';
import { Stage } from '../helpers/stage.js';
import { posix } from '../helpers/store-relay.js';

interface Recorded {
  readonly name: string;
  /** Done before, and on the disk for good. Without it there is no relay yet. */
  prepare?(stage: Stage): Promise<unknown>;
  run(stage: Stage): Promise<unknown>;
  /** Fewer states than this, and the recording or the model is broken. */
  readonly atLeast: number;
}

const CROWD = ['bob', 'carol', 'dave'];
const read = (stage: Stage) => stage.send('alice', 'bob', 'a').then(() => stage.peek('bob'));
const ackAll = (stage: Stage) =>
  stage.ledger.ack(
    stage.session('bob'),
    stage.ledger.attempts.map(({ id = '' }) => id),
  );
const threeWait = (stage: Stage) =>
  read(stage)
    .then(() => stage.send('dave', 'bob', 'b'))
    .then(() => stage.send('dave', 'bob', 'c'));
const toAll = (stage: Stage) => stage.ledger.send(stage.session('alice'), { target: 'all', content: 'to all' }, CROWD);

const OPERATIONS: readonly Recorded[] = [
  { name: 'the first dispatch of a relay', run: (stage) => stage.send('alice', 'bob', 'a'), atLeast: 50 },
  { name: 'a dispatch', prepare: read, run: (stage) => stage.send('alice', 'bob', 'b'), atLeast: 12 },
  { name: 'a broadcast to 3', prepare: (stage) => stage.meet(...CROWD), run: toAll, atLeast: 40 },
  { name: 'an ack of 3 messages of 2 senders', prepare: threeWait, run: ackAll, atLeast: 12 },
  { name: 'the first ack of a relay', prepare: (stage) => stage.send('alice', 'bob', 'a'), run: ackAll, atLeast: 5 },
];

/** Reading syncs nothing, and what it leaves open, the ack that follows does not close. */
const PEEK_AND_ACK: Recorded = {
  name: 'a peek and an ack',
  prepare: (stage) => stage.send('alice', 'bob', 'a').then(() => stage.session('bob').begin()),
  run: (stage) => stage.peek('bob').then(() => ackAll(stage)),
  atLeast: 40,
};

interface Recording {
  readonly recorder: CrashRecorder;
  readonly world: DiskWorld;
  /** What was answered after how many file operations, the first of all before any. */
  readonly answers: readonly { readonly after: number; readonly ledger: MailLedger }[];
  readonly ledger: MailLedger;
}

interface Circumstances {
  readonly durability?: 'full' | 'process';
  /** The sync that fails once, counted from 0; the operation is done again then. */
  readonly failing?: number;
}

async function record(
  { prepare, run }: Recorded,
  { durability = 'full', failing }: Circumstances = {},
): Promise<Recording> {
  const world = new DiskWorld();
  const recorder = new CrashRecorder(world);
  let syncs = 0;
  const fsyncSync = (fd: number) => {
    if (recorder.recording && syncs++ === failing) throw Object.assign(new Error('injected'), { code: 'EIO' });
    recorder.system.fsyncSync(fd);
  };
  const system = { ...recorder.system, fsyncSync };
  const ledger = new MailLedger();
  const process = world.process({ system, durability });
  const stage = new Stage(world, process.relay, ledger);
  await prepare?.(stage);
  const answers: { after: number; ledger: MailLedger }[] = [];
  const note = () => answers.push({ after: recorder.operations.length, ledger: new MailLedger(ledger) });
  recorder.start();
  note();
  ledger.answered = note;
  await run(stage);
  if (failing !== undefined) {
    expect(syncs, 'the sync that was to fail was not made').toBeGreaterThan(failing);
    await run(stage);
  }
  recorder.stop();
  process.kill();
  return { recorder, world, answers, ledger };
}

/** Every different state, with what was answered before the latest cut that leaves it. */
function distinctStates({ recorder, answers, ledger }: Recording, model: CrashModel, from = 0) {
  const states = new Map<number, { tree: ImageFolder; answered: MailLedger; cut: number }>();
  for (let cut = from; cut <= recorder.operations.length; cut++) {
    const last = answers.findLast(({ after }) => after <= cut)?.ledger ?? new MailLedger();
    for (const tree of crashStates(recorder, cut, model)) {
      states.set(fingerprint(tree), { tree, answered: ledger.since(last), cut });
    }
  }
  return [...states.values()];
}

/** What a process that starts after the cut finds to be wrong. */
async function judge(world: DiskWorld, tree: ImageFolder, answered: MailLedger): Promise<string[]> {
  try {
    world.restore(tree);
    const found = inspectRelay(RELAY, world.disk.system);
    const broken = answered.violations(found);
    if (broken.length > 0) return broken;

    world.clock.advance(1);
    const process = world.process();
    const stage = new Stage(world, process.relay, answered.afterCut(found));
    if ((await stage.send('alice', 'bob', 'after the cut')) === '') return ['a new session cannot send'];
    await stage.drain();
    process.kill();
    return stage.ledger.violationsAtRest(inspectRelay(RELAY, world.disk.system));
  } catch (error) {
    return [String(error)];
  } finally {
    vi.clearAllTimers();
  }
}

/** The first state that is wrong in that way, and what is wrong with it. The latest cuts come first: they have the most to lose. */
async function firstWrong(recording: Recording, model: CrashModel, way = /./) {
  for (const { tree, answered } of distinctStates(recording, { ...model, sparse: true }).reverse()) {
    const broken = await judge(recording.world, tree, answered);
    if (broken.some((line) => way.test(line))) return broken;
  }
  return undefined;
}

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ['Date', 'hrtime', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const syncsOf = ({ recorder }: Recording) => recorder.operations.filter(({ kind }) => kind === 'sync').length;

// Windows has no sync of a folder to leave out.
describe.skipIf(!posix)('after a power cut', () => {
  const total: string[] = [];
  afterAll(() => console.info(`states after a power cut: ${total.join(', ')}`));

  it.each([...OPERATIONS, PEEK_AND_ACK])(
    'at any point of $name, all that was answered is there and nothing is torn',
    async (operation) => {
      const recording = await record(operation);
      expect(recording.answers.length, 'nothing was answered').toBeGreaterThan(1);
      const states = distinctStates(recording, { renames: 'whole' });
      for (const { tree, answered, cut } of states) {
        expect(await judge(recording.world, tree, answered), `after ${cut} operations: ${listed(tree)}`).toEqual([]);
      }
      total.push(`${states.length} of ${operation.name}`);
      expect(states.length).toBeGreaterThanOrEqual(operation.atLeast);
    },
  );
});

describe.skipIf(!posix)('after a power cut, when a sync had failed before', () => {
  it.each(OPERATIONS)('and $name was done again, all that was answered is there', async (operation) => {
    const syncs = syncsOf(await record(operation));
    expect(syncs).toBeGreaterThan(1);
    for (let failing = 0; failing < syncs; failing++) {
      const recording = await record(operation, { failing });
      // Only what is left at the end: the cuts before it are those of the operation itself.
      const end = recording.recorder.operations.length;
      const states = distinctStates(recording, { renames: 'whole', sparse: true }, end);
      expect(states.length).toBeGreaterThan(0);
      for (const { tree, answered } of states)
        expect(await judge(recording.world, tree, answered), `sync ${failing} failed: ${listed(tree)}`).toEqual([]);
    }
  });
});

describe.skipIf(!posix)('the check after a power cut finds what is wrong', () => {
  it.each(OPERATIONS)('when $name syncs nothing', async (operation) => {
    const recording = await record(operation, { durability: 'process' });
    expect(await firstWrong(recording, { renames: 'whole' }, /lost|without a receipt/)).toBeDefined();
  });

  it.each(OPERATIONS)('when the syncs of any one file or folder are left out of $name', async (operation) => {
    const recording = await record(operation);
    const synced = new Set(recording.recorder.operations.flatMap((each) => (each.kind === 'sync' ? [each.node] : [])));
    expect(synced.size).toBeGreaterThan(1);
    for (const without of synced) {
      const found = await firstWrong(recording, { renames: 'whole', without });
      expect(found, `without the syncs of a ${without.kind}`).toBeDefined();
    }
  });

  it('on a file system whose renames can be done by half, on which the relay does not work', async () => {
    const found = await firstWrong(await record(PEEK_AND_ACK), { renames: 'split' }, /lost/);
    expect(found).toBeDefined();
  });
});

function listed(folder: ImageFolder, prefix = ''): string {
  return [...folder.entries]
    .map(([name, node]) =>
      node.kind === 'file'
        ? `${prefix}${name} (${node.bytes.length})`
        : listed(node, `${prefix}${name}/`) || `${prefix}${name}/`,
    )
    .join(' ');
}
