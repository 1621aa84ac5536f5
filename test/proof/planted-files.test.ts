/**
 * What others put into an inbox, of every kind we could think of, before a real server. Each time: `peek` answers within the
 * bound, the good mail beside it is delivered, and what cannot be a message is set aside once, as it was, with its reason.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Relay } from '../../src/relay/relay.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../src/store/filesystem/process-table.js';
import { BYTES } from '../helpers/planted-bytes.js';
import { FIELDS } from '../helpers/planted-fields.js';
import {
  age,
  type Fate,
  fingerprint,
  json,
  nameOfOurs,
  type PlantedKind,
  plantInto,
  quarantineOf,
  SENT_AT,
  UNHINDERED,
} from '../helpers/planted-kinds.js';
import { NAMES } from '../helpers/planted-names.js';
import { NODES } from '../helpers/planted-nodes.js';
import type { Json } from '../helpers/server-client.js';
import type { RawServer } from '../helpers/server-raw.js';
import { eventually, filesIn, Sandbox } from '../helpers/server-sandbox.js';
import { snapshot } from '../helpers/store-relay.js';

/** Part of the promise: whatever stands in an inbox, `peek` answers within this. */
const PEEK_WITHIN_MS = 500;

// More is sent here within a minute than agents send to each other, and none of it has to survive a power cut.
const CONFIG = UNHINDERED;

const KINDS: readonly PlantedKind[] = [...NODES, ...BYTES, ...FIELDS, ...NAMES];

const world = {} as { sandbox: Sandbox; outside: string; alice: RawServer; bob: RawServer };

beforeAll(async () => {
  world.sandbox = new Sandbox();
  world.outside = path.join(world.sandbox.root, 'outside');
  world.alice = await world.sandbox.start('alice', { config: CONFIG });
  world.bob = await world.sandbox.start('bob', { config: CONFIG });
  await world.bob.call('peek');
});
afterAll(async () => world.sandbox.dispose());
beforeEach(() => mkdirSync(world.outside, { recursive: true }));

const inboxOf = (agent: string) => path.join(world.sandbox.relay, agent);
const around = () => ({ relay: world.sandbox.relay, outside: world.outside });

/**
 * How long the server and this process have waited for a processor that others had, here or on the machine beneath this one:
 * no part of what an answer takes.
 */
function waitedMs(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const inQueue = [pid, process.pid].map((each) =>
    Number(readFileSync(`/proc/${each}/schedstat`, 'utf8').split(' ')[1]),
  );
  // The eighth figure, in hundredths of a second, over all processors.
  const stolen = Number(readFileSync('/proc/stat', 'utf8').split(/\s+/)[8]);
  return inQueue.reduce((sum, ns) => sum + ns / 1e6, stolen * 10);
}

/** One answer of `peek`, and that it came in time. */
async function peekInTime(server: RawServer): Promise<Json> {
  const began = performance.now() - waitedMs(server.pid);
  const answer = await server.call('peek', { limit: 100 });
  const took = performance.now() - waitedMs(server.pid) - began;
  expect(took, 'milliseconds until peek answered').toBeLessThan(PEEK_WITHIN_MS);
  return answer;
}

/** What is new to the agent of `server`, over as many answers as it takes, each of them in time. */
async function newMail(server: RawServer): Promise<Json[]> {
  const messages: Json[] = [];
  for (;;) {
    const answer = await peekInTime(server);
    messages.push(...answer.messages);
    if (answer.more === undefined) return messages;
  }
}

/** The same for an inbox that takes longer than one is to hold. */
async function everything(server: RawServer): Promise<Json[]> {
  const messages: Json[] = [];
  for (;;) {
    const answer = await server.call('peek', { limit: 100 });
    messages.push(...answer.messages);
    if (answer.more === undefined) return messages;
  }
}

/** Leaves nothing to the next kind. */
async function clearAway(messages: readonly Json[], at?: string): Promise<void> {
  if (messages.length > 0) await world.bob.call('ack', { message_ids: messages.map(({ id }) => id) });
  if (at !== undefined) rmSync(at, { recursive: true, force: true });
  for (const folder of ['.receipts', 'carol'])
    rmSync(path.join(world.sandbox.relay, folder), { recursive: true, force: true });
  rmSync(world.outside, { recursive: true });
}

const relayIn = ({ relay }: Sandbox) => new Relay({ store: new FilesystemStore(relay), processes: new ProcessTable() });

/** Files of the quarantine, each with its reason, but those in `known`. */
const setAsideSince = (known: ReadonlyMap<string, string>) =>
  [...quarantineOf(world.sandbox.relay)].filter(([at]) => !known.has(at));

const linesAbout = (server: RawServer) => server.stderr.split('\n').filter((line) => line.includes('was set aside'));

const receiptsOf = (agent: string, state: string) =>
  ['.', 'seen']
    .flatMap((folder) => filesIn(world.sandbox.relay, '.receipts', agent, folder))
    .filter((name) => name.includes(`.${state}.`) && name.includes('.msg-planted00001.'));

test('there are 60 kinds and more, and no two have one name', () => {
  expect(KINDS.length).toBeGreaterThanOrEqual(60);
  expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
});

describe('in an inbox, beside good mail', () => {
  test.for(KINDS)('$name', async (kind, { skip }) => {
    const made = await plantInto(inboxOf('bob'), kind, around());
    if ('skip' in made) return skip(made.skip);
    const { at } = made;
    const planted = fingerprint(at);
    const others = snapshot(world.outside);
    const known = quarantineOf(world.sandbox.relay);
    const said = linesAbout(world.bob).length;
    const { id } = await world.alice.call('dispatch', { message: 'good', target: 'bob' });

    const messages = await newMail(world.bob);

    const shown = messages.filter((message) => message.id !== id);
    expect(messages.length - shown.length, 'the good mail').toBe(1);
    expect(snapshot(world.outside)).toEqual(others);
    const { fate } = kind;
    const setAside = setAsideSince(known);
    if (fate.is === 'set aside') {
      expect(shown).toEqual([]);
      expect(setAside.map(([, reason]) => reason)).toEqual([`${fate.reason}\n`]);
      expect(fingerprint(setAside[0]?.[0] ?? ''), 'as it was').toBe(planted);
      expect(await newMail(world.bob)).toEqual([]);
      expect(setAsideSince(known)).toEqual(setAside);
      const lines = await eventually('a line about it', () => {
        const lines = linesAbout(world.bob).slice(said);
        return lines.length > 0 && lines;
      });
      expect(lines).toEqual([expect.stringMatching(/^\[dispatch\] [ -~]+$/)]);
      expect(receiptsOf('alice', 'quarantined')).toHaveLength(fate.receiptFor === 'alice' ? 1 : 0);
    } else if (fate.is === 'delivered') {
      expect(shown).toEqual([expect.objectContaining(fate.shows)]);
      expect(setAside).toEqual([]);
    } else if (fate.is === 'left') {
      expect([shown, setAside]).toEqual([[], []]);
      expect(fingerprint(at), 'as it was').toBe(planted);
    } else {
      expect([shown, setAside]).toEqual([[], []]);
      await eventually('the sweep', () => !existsSync(at));
      expect(receiptsOf(fate.receiptFor, 'expired')).toHaveLength(1);
    }
    await clearAway(messages, at);
  });
});

describe('many at once', () => {
  const anywhere = KINDS.filter(({ fileName }) => fileName === undefined);

  test('each is shown once or set aside once, by whichever of two sessions comes first', async () => {
    const second = await world.sandbox.start('bob', { config: CONFIG });
    await second.call('who');
    const known = quarantineOf(world.sandbox.relay);
    const fates: Fate[] = [];
    for (const [index, kind] of anywhere.entries()) {
      const made = await plantInto(inboxOf('bob'), { ...kind, fileName: `${SENT_AT + index}-mallory.json` }, around());
      if ('at' in made) fates.push(kind.fate);
    }
    const messages = (await Promise.all([everything(world.bob), everything(second)])).flat();
    const reasons = fates.flatMap((fate) => (fate.is === 'set aside' ? [`${fate.reason}\n`] : []));
    expect(
      setAsideSince(known)
        .map(([, reason]) => reason)
        .sort(),
    ).toEqual(reasons.sort());
    expect(messages).toHaveLength(fates.filter(({ is }) => is === 'delivered').length);
    expect(filesIn(inboxOf('bob')).filter((name) => name.endsWith('.json'))).toEqual([]);
    await clearAway(messages);
  });

  test('a message cut off behind any of its bytes is set aside, and the whole one is delivered', async () => {
    const whole = Buffer.from(json({ content: 'to the last byte \u00fc', payload: { a: [1, 'x'] }, ttl: 0 }));
    const known = quarantineOf(world.sandbox.relay);
    for (let length = 0; length <= whole.length; length++) {
      const at = path.join(inboxOf('bob'), `${SENT_AT + length}-mallory.json`);
      writeFileSync(at, whole.subarray(0, length));
      age(at);
    }
    const messages = await newMail(world.bob);
    expect(messages).toMatchObject([{ content: 'to the last byte \u00fc', payload: { a: [1, 'x'] } }]);
    const lengths = setAsideSince(known).map(([at]) => statSync(at).size);
    expect(lengths.sort((a, b) => a - b)).toEqual([...whole.keys()]);
    await clearAway(messages);
  });

  test('2,000 that are no messages do not hold back the one that is', async () => {
    for (let n = 0; n < 2000; n++) writeFileSync(path.join(inboxOf('bob'), `${SENT_AT + n}-mallory.json`), '{');
    const { id } = await world.alice.call('dispatch', { message: 'good', target: 'bob' });
    // Younger than 5 s: each is read, and left alone.
    expect((await world.bob.call('peek')).messages).toMatchObject([{ id }]);
    expect(filesIn(inboxOf('bob'))).toHaveLength(2000);
    rmSync(inboxOf('bob'), { recursive: true });
  });
});

test.for(['', 'read'])(
  'a folder in "%s" with the name of a message of ours that has ended is set aside, and ends nothing',
  async (place) => {
    const folder = path.join(inboxOf('bob'), place);
    const at = path.join(folder, nameOfOurs({ expiry: '0000000000001' }));
    mkdirSync(at, { recursive: true });
    age(at);
    const known = quarantineOf(world.sandbox.relay);
    const relay = relayIn(world.sandbox);
    await eventually('a sweep beside those of the servers', () => relay.sweeper.sweep());
    expect(existsSync(at)).toBe(false);
    expect(setAsideSince(known).map(([, reason]) => reason)).toEqual(['not a plain file\n']);
    expect(receiptsOf('alice', 'expired')).toEqual([]);
    expect(receiptsOf('alice', 'quarantined')).toHaveLength(1);
    await clearAway([]);
  },
);

test('a name that is no text, which nothing can open by its name, is passed over', async ({ skip }) => {
  if (process.platform !== 'linux') skip('elsewhere file names are text');
  const at = Buffer.concat([Buffer.from(`${inboxOf('bob')}/a`), Buffer.from([0xff, 0xfe]), Buffer.from('.json')]);
  mkdirSync(inboxOf('bob'), { recursive: true });
  writeFileSync(at, json());
  const { id } = await world.alice.call('dispatch', { message: 'good', target: 'bob' });
  expect(await newMail(world.bob)).toMatchObject([{ id }]);
  expect(existsSync(at)).toBe(true);
  rmSync(at);
});
