/** Each finding made on purpose, in a relay in memory; what needs folders and their times, in a directory. */
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CodedFinding, repairAll, runChecks } from '../../../src/model/finding.js';
import { RELAY_CHECKS, RelayInspection } from '../../../src/relay/doctor/doctor.js';
import { Relay } from '../../../src/relay/relay.js';
import { FilesystemStore } from '../../../src/store/filesystem/filesystem-store.js';
import { ProcessTable } from '../../../src/store/filesystem/process-table.js';
import { claimAll, DAY, HOUR, MINUTE, RelayWorld, read, START, send, withFaults } from '../../helpers/relay-world.js';
import { posix, useTemporaryDirectories } from '../../helpers/store-relay.js';

const RETENTION = { receiptRetentionMs: 7 * DAY, logRetentionMs: 30 * DAY };
const STRANGE_SESSION = 'a'.repeat(20);

let world: RelayWorld;
const worlds: RelayWorld[] = [];
beforeEach(() => use());
afterEach(async () => {
  for (const one of worlds.splice(0)) await one.close();
});

function use(options: ConstructorParameters<typeof RelayWorld>[0] = {}): RelayWorld {
  world = new RelayWorld(options);
  worlds.push(world);
  return world;
}

const noPause = async () => {};

async function examine(relay: Relay = world.process().relay): Promise<CodedFinding[]> {
  return runChecks(RELAY_CHECKS, { relay, ...RETENTION }, noPause);
}

/** What is found, each as `severity code path`, without the place of the relay. */
async function codes(relay?: Relay): Promise<string[]> {
  return (await examine(relay)).map(
    ({ severity, code, path }) => `${severity} ${code} ${path.replace(/^memory\//, '')}`,
  );
}

/** Every value of the store, to see what a look or a repair changed. */
async function everything(): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const key of await world.keys()) {
    const value = await world.memory.read(key, 1_000_000);
    values[key] = value?.ok === true ? `${value.modifiedAt} ${Buffer.from(value.bytes).toString('utf8')}` : 'record';
  }
  return values;
}

/** Repairs all that is found, and gives what is found after it. */
async function fix(): Promise<string[]> {
  const repaired = await repairAll(await examine());
  expect(repaired.filter(({ fixed }) => fixed === false)).toEqual([]);
  return codes();
}

/** Mail of alice that bob's server had claimed when it was killed. */
async function claimedByKilled(): Promise<{ session: string; id: string }> {
  const alice = await world.session('alice');
  const id = await send(alice, 'bob', 'hello');
  const bob = world.process();
  const session = await bob.session('bob');
  await claimAll(session.inbox);
  bob.kill();
  return { session: session.id, id };
}

describe('a relay in order', () => {
  it('gives no finding, empty or in use', async () => {
    expect(await codes()).toEqual([]);
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    await send(alice, 'bob', 'one', { ttl: 600 });
    await send(alice, 'all', 'two');
    await read(bob);
    await send(bob, 'human', 'three');
    const claim = await claimAll(alice.inbox);
    await world.process().relay.sweeper.sweep();
    expect(await codes()).toEqual([]);
    await claim.commit();
    expect(await codes()).toEqual([]);
  });

  it('may hold folders and files that this version does not know', async () => {
    await world.put('.pace/alice/x', 'later');
    await world.put('.refused/bob/17', '');
    await world.put('.superseded/bob/1', '');
    await world.put('.DS_Store', 'a file manager');
    await world.put('notes.txt', 'of a person');
    await world.put(`.receipts/alice/${START}.recalled.unread.msg-1.bob`, '');
    await world.put('.keys/alice/0123abcd', '{}');
    world.clock.advance(3 * DAY);
    expect(await codes()).toEqual([]);
  });
});

describe('a session that is just ending', () => {
  it('is no finding, though its record is gone before its claim and its shadow are', async () => {
    const { session } = await claimedByKilled();
    await world.memory.remove(`.presence/bob/${session}`);
    const { relay } = world.process();
    const seen: string[] = [];
    const found = await runChecks(RELAY_CHECKS, { relay, ...RETENTION }, async () => {
      seen.push(...(await world.keys('bob/taken')), ...(await world.keys('.presence')));
      await world.memory.remove('.presence/bob.json');
      for (const key of await world.keys('bob/taken')) await world.memory.remove(key);
    });
    expect(seen).toHaveLength(4);
    expect(found).toEqual([]);
  });
});

describe('mail claimed by a session that is over', () => {
  it('is found, and --fix gives it back as redelivered', async () => {
    const { session, id } = await claimedByKilled();
    expect(await codes()).toContain(`warning mail-claimed-by-ended-session bob/taken/${session}`);
    expect(await fix()).toEqual([]);
    const bob = await world.session('bob');
    const claim = await claimAll(bob.inbox);
    expect(claim.delivered).toMatchObject([{ message: { id }, redelivered: true }]);
  });

  it('is not what a live session has claimed, and no repair touches that', async () => {
    await claimedByKilled();
    const alice = await world.session('alice');
    const kept = await send(alice, 'bob', 'for the living');
    const bob = await world.session('bob');
    const claim = await claimAll(bob.inbox, { messageId: kept });
    await claimedByKilled();
    const before = (await world.keys(`bob/taken/${bob.id}`)).slice();
    expect(before).toHaveLength(1);
    await fix();
    expect(await world.keys(`bob/taken/${bob.id}`)).toEqual(before);
    await claim.commit();
    expect((await world.keys('bob/read')).join()).toContain(kept);
  });

  it('is left alone when its session turns out to live right before the repair', async () => {
    const { session } = await claimedByKilled();
    const found = (await examine()).filter(({ code }) => code === 'mail-claimed-by-ended-session');
    expect(found).toHaveLength(1);
    // As a laptop's clock or a container coming back into sight does it.
    await world.process().relay.presence.announce('bob', {
      session,
      pid: 1,
      since: new Date(START).toISOString(),
    });
    const before = await world.keys('bob');
    await repairAll(found);
    expect(await world.keys('bob')).toEqual(before);
  });
});

describe('presence', () => {
  it('of a killed session is found and taken back, that of a live one is not', async () => {
    const gone = world.process();
    const session = await gone.session('bob');
    const live = await world.session('carol');
    gone.kill();
    expect(await codes()).toEqual([
      `note presence-of-ended-session .presence/bob/${session.id}`,
      'note presence-file-of-ended-process .presence/bob.json',
    ]);
    expect(await fix()).toEqual([]);
    expect(await world.keys('.presence')).toEqual([`.presence/carol.json`, `.presence/carol/${live.id}`]);
  });

  it('that is no record of a session is told of, and refused by --fix', async () => {
    await world.put(`.presence/bob/${STRANGE_SESSION}`, 'nonsense');
    const code = `note presence-of-ended-session .presence/bob/${STRANGE_SESSION}`;
    expect(await codes()).toEqual([code]);
    const before = await everything();
    expect(await fix()).toEqual([code]);
    expect(await everything()).toEqual(before);
  });

  it('of another program whose process is gone is left to that program', async () => {
    await world.put('.presence/bob.json', { agent_id: 'bob', pid: 4_000_000, started: '2026-02-17T20:30:00Z' });
    const code = 'note presence-file-of-ended-process .presence/bob.json';
    expect(await codes()).toEqual([code]);
    expect(await fix()).toEqual([code]);
  });
});

describe('names', () => {
  it('with mail for an hour that no session ever served are found, and those served once are not', async () => {
    const alice = await world.session('alice');
    await send(alice, 'bbo', 'a misspelled name');
    await (await world.session('bob')).end();
    await send(alice, 'bob', 'a name that was served');
    expect(await codes()).toEqual([]);
    world.clock.advance(HOUR);
    await world.process().relay.sweeper.sweep();
    expect(await codes()).toEqual(['warning inbox-of-unknown-agent bbo']);
    const [finding] = await examine();
    expect(finding?.message).toContain('mcp-dispatch forget bbo --drop');
    expect(finding?.repair).toBeUndefined();
  });

  it('with mail that are not on the roster are found', async () => {
    use({ roster: ['alice', 'bob'] });
    await send(await world.session('alice'), 'bob', 'hello');
    await world.put('eve/1771360200000-1.json', {
      id: 'm1',
      from: 'alice',
      to: 'eve',
      timestamp: new Date(START).toISOString(),
      content: 'x',
    });
    expect(await codes()).toEqual(['warning inbox-not-on-roster eve']);
  });

  it('of folders that are no agent ids are found when something is in them', async () => {
    await world.put('Bob/1.json', '{}');
    expect(await codes()).toEqual(['warning folder-not-an-agent Bob']);
  });
});

describe('a name of the roster', () => {
  beforeEach(() => use({ roster: ['alice', 'bob'] }));

  it('held by a process that is gone is found and freed, one held by a live process is not', async () => {
    const [gone, live] = [world.process(), world.process()];
    expect(await gone.relay.roster?.claim('1'.repeat(20))).toBe('alice');
    expect(await live.relay.roster?.claim('2'.repeat(20))).toBe('bob');
    expect(await codes()).toEqual([]);
    gone.kill();
    expect(await codes()).toEqual(['note roster-name-of-ended-process .roster/alice']);
    expect(await fix()).toEqual([]);
    expect(await world.process().relay.roster?.claim('3'.repeat(20))).toBe('alice');
    expect(await world.process().relay.roster?.claim('4'.repeat(20))).toBeUndefined();
  });

  it('that was claimed anew right before the repair stays with its holder', async () => {
    const gone = world.process();
    await gone.relay.roster?.claim('1'.repeat(20));
    gone.kill();
    const found = await examine();
    const heir = world.process();
    expect(await heir.relay.roster?.claim('2'.repeat(20))).toBe('alice');
    await repairAll(found);
    expect(await heir.relay.roster?.holding('alice')).toMatchObject({ session: '2'.repeat(20), liveness: 'alive' });
  });

  it('held where it cannot be seen is told of and kept', async () => {
    await world.process({ elsewhere: true }).relay.roster?.claim('1'.repeat(20));
    expect(await codes()).toEqual(['note roster-name-held-elsewhere .roster/alice']);
    expect(await fix()).toEqual(['note roster-name-held-elsewhere .roster/alice']);
  });
});

describe('times', () => {
  it('of a clock before 2024 are found', async () => {
    world.clock.set(Date.UTC(2023, 11, 31));
    expect(await codes()).toEqual(['error clock-before-2024 memory']);
  });

  it('in the future are found in mail, receipts and the sweep, beyond a minute', async () => {
    const alice = await world.session('alice');
    const bob = await world.session('bob');
    await send(alice, 'bob', 'one');
    await read(bob);
    await send(alice, 'bob', 'two');
    await world.process().relay.sweeper.sweep();
    world.clock.set(START - MINUTE);
    expect(await codes()).toEqual([]);
    world.clock.set(START - MINUTE - 1);
    expect(await codes()).toEqual([
      'warning mail-from-the-future bob',
      'warning mail-from-the-future bob/read',
      'note receipts-from-the-future .receipts/alice',
      'note swept-in-the-future .swept',
    ]);
  });
});

describe('files in an inbox', () => {
  it('that are no mail are found once they cannot be half written, and --fix sets them aside', async () => {
    await world.put('bob/broken.json', '{');
    world.clock.advance(4999);
    expect(await codes()).toEqual([]);
    world.clock.advance(1);
    expect(await codes()).toEqual(['warning mail-broken bob/broken.json']);
    expect((await examine())[0]?.message).toContain('not JSON');
    const [left, ...more] = await fix();
    expect([left, more]).toEqual([expect.stringMatching(/^note quarantined \.quarantine\/bob~broken\.json~/), []]);
    expect((await examine())[0]?.message).toContain('Set aside: not JSON');
    expect(await world.keys('bob')).toEqual([]);
  });

  it('in the form of a name of ours leave their sender a receipt when they are set aside', async () => {
    const id = await send(await world.session('alice'), 'bob', 'hello');
    const [key = ''] = await world.keys('bob');
    await world.put(key, '{"id":');
    world.clock.advance(MINUTE);
    expect(await codes()).toEqual([`warning mail-broken ${key}`]);
    await fix();
    expect(await world.process().relay.receipts.lookUp('alice', id)).toMatchObject([{ state: 'quarantined' }]);
  });

  it('that cannot be read are an error for a person', async () => {
    await world.put('bob/1.json', '{}');
    const { relay } = use({
      wrap: (store) =>
        withFaults(store, {
          read: async (key, maxBytes) => {
            if (key !== 'bob/1.json') return store.read(key, maxBytes);
            const { unavailable } = await import('../../../src/store/filesystem/unavailable.js');
            throw unavailable('read', key, Object.assign(new Error('no'), { code: 'EACCES' }));
          },
        }),
    }).process();
    await world.put('bob/1.json', '{}');
    expect(await codes(relay)).toEqual(['error mail-unreadable bob/1.json']);
  });

  it('that do not end in .json are told of after an hour', async () => {
    await world.put('bob/notes.txt', 'mine');
    expect(await codes()).toEqual([]);
    world.clock.advance(HOUR);
    expect(await codes()).toEqual(['note file-not-mail bob/notes.txt']);
    expect(await fix()).toEqual(['note file-not-mail bob/notes.txt']);
  });

  it('are mail when they are: good ones are neither found nor moved', async () => {
    await send(await world.session('alice'), 'bob', 'hello');
    world.clock.advance(MINUTE);
    const before = await world.keys('bob');
    expect(await fix()).toEqual([]);
    await world.process().relay.mail.setAsideIfBroken('bob', (before[0] ?? '').slice('bob/'.length));
    expect(await world.keys('bob')).toEqual(before);
  });
});

describe('leftovers', () => {
  it('in .tmp/ are found after an hour, and set aside', async () => {
    await world.put('.tmp/0123-1', 'half');
    world.clock.advance(HOUR - 1);
    expect(await codes()).toEqual([]);
    world.clock.advance(1);
    expect(await codes()).toEqual(['note temporary-file-left .tmp/0123-1']);
    expect(await fix()).toEqual([expect.stringContaining('note quarantined .quarantine/tmp~0123-1~')]);
    expect(await world.keys('.tmp')).toEqual([]);
    const [kept = ''] = await world.keys('.quarantine');
    const value = await world.memory.read(kept, 100);
    expect(value?.ok === true && Buffer.from(value.bytes).toString()).toBe('half');
  });

  it('of a send under a key are found after 25 hours, and the record of the send is not', async () => {
    await world.put('.keys/alice/0123abcd', '{}');
    await world.put('.keys/alice/0123abcd.msg-k3j9x0q2m4ab.bob', '{}');
    world.clock.advance(25 * HOUR - 1);
    expect(await codes()).toEqual([]);
    world.clock.advance(1);
    expect(await codes()).toEqual(['warning staged-send-left .keys/alice/0123abcd.msg-k3j9x0q2m4ab.bob']);
    expect(await fix()).toEqual([expect.stringContaining('note quarantined')]);
    expect(await world.keys('.keys')).toEqual(['.keys/alice/0123abcd']);
  });
});

describe('what sweeps should have removed', () => {
  it('is found in expired mail an hour after it expired', async () => {
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    await send(alice, 'bob', 'shown', { ttl: 60 });
    await read(bob);
    await send(alice, 'bob', 'new', { ttl: 60 });
    await world.process().relay.sweeper.sweep();
    world.clock.advance(MINUTE + HOUR - 1);
    expect(await codes()).toEqual([]);
    world.clock.advance(1);
    const both = ['warning expired-mail-waiting bob', 'warning expired-mail-waiting bob/read'];
    expect(await codes()).toEqual(both);
    // An end of a message is for a sweep to record, not for the doctor to delete.
    expect(await fix()).toEqual(both);
  });

  it('is found in a relay with old mail that was never swept', async () => {
    await (await world.session('bob')).end();
    await send(await world.session('alice'), 'bob', 'hello');
    world.clock.advance(HOUR + 1);
    expect(await codes()).toEqual(['note never-swept .swept']);
  });

  it('is found in receipts, notes and event logs a day past their retention', async () => {
    await world.put(`.receipts/alice/${START}.acked.read.msg-1.bob`, '');
    await world.put(`.receipts/alice/seen/${START}.acked.read.msg-2.bob`, '');
    await world.memory.append('.sent/alice/2026-02-17', 'x .');
    await world.memory.append('.log/2026-02-17/w', '{}');
    world.clock.advance(8 * DAY);
    expect(await codes()).toEqual([]);
    world.clock.advance(1);
    expect(await codes()).toEqual(['note past-retention .receipts/alice', 'note past-retention .receipts/alice/seen']);
    world.clock.advance(24 * DAY);
    expect(await codes()).toEqual([
      'note past-retention .receipts/alice',
      'note past-retention .receipts/alice/seen',
      'note past-retention .sent/alice',
      'note past-retention .log',
    ]);
  });
});

describe('evidence', () => {
  it('that is no receipt is told of', async () => {
    await world.put('.receipts/alice/readme', 'x');
    expect(await codes()).toEqual(['note receipt-unreadable .receipts/alice/readme']);
  });

  it('torn in the middle of a log is told of, and a last record that is being written is not', async () => {
    await world.memory.append('.sent/alice/2026-02-17', 'a bob .', 'b bob');
    expect(await codes()).toEqual([]);
    await world.memory.append('.sent/alice/2026-02-17', 'c bob .');
    expect(await codes()).toEqual(['note sent-log-torn .sent/alice/2026-02-17']);
  });

  it('in the quarantine is shown with its reason, whose characters cannot act on a terminal', async () => {
    await world.put('.quarantine/bob~x~1', '{');
    await world.put('.quarantine/bob~x~1.reason', 'bad \u001b[2J words\n');
    await world.put('.quarantine/bob~y~2', '{');
    const messages = (await examine()).map(({ message }) => message);
    expect(messages[0]).toMatch(/^Set aside: bad \ufffd\[2J words\./);
    expect(messages[1]).toMatch(/^Set aside: no reason is written down\./);
  });
});

describe('a look', () => {
  it('changes nothing, whatever there is to find', async () => {
    await claimedByKilled();
    await world.put('bob/broken.json', '{');
    await world.put('.tmp/0123-1', 'half');
    await world.put('bob/seen.json', {
      id: 'm',
      from: 'a',
      to: 'bob',
      timestamp: '2026-02-17',
      content: '',
      state: 'read',
    });
    world.clock.advance(2 * DAY);
    const before = await everything();
    expect((await examine()).length).toBeGreaterThan(4);
    expect(await everything()).toEqual(before);
  });
});

describe('on a directory', () => {
  const directory = useTemporaryDirectories();

  function relayAt(root: string, roster?: readonly string[]): Relay {
    return new Relay({ store: new FilesystemStore(root), processes: new ProcessTable(), roster });
  }

  it.skipIf(!posix)('finds links and files in the place of folders, and looks at the rest all the same', async () => {
    const root = join(directory(), 'relay');
    const relay = relayAt(root);
    await relay.send('alice', { target: 'bob', content: 'hello' });
    symlinkSync('/tmp', join(root, 'carol'));
    writeFileSync(join(root, 'bob', 'read'), '');
    mkdirSync(join(root, 'Eve'));
    writeFileSync(join(root, 'Eve', 'x'), '');
    const found = await codes(relay);
    expect(found).toContain(`error folder-replaced ${root}/carol`);
    expect(found).toContain(`error folder-replaced ${root}/bob/read`);
    expect(found).toContain(`warning folder-not-an-agent ${root}/Eve`);
    expect(found.filter((line) => line.includes('check-failed'))).toEqual([]);
  });

  const FOLDERS =
    '.agents .bell .keys .log .pace .presence .quarantine .receipts .refused .roster .sent .superseded .tmp .keys/ops .presence/ops .receipts/ops .receipts/ops/seen .refused/ops .sent/ops .superseded/ops';

  it.skipIf(!posix).each(FOLDERS.split(' '))('finds a file and a link in the place of %s', async (folder) => {
    const root = join(directory(), 'relay');
    const relay = relayAt(root, ['ops', 'bob']);
    await relay.send('ops', { target: 'bob', content: 'hello' });
    const place = join(root, folder);
    for (const put of [() => writeFileSync(place, ''), () => symlinkSync('/tmp', place)]) {
      rmSync(place, { recursive: true, force: true });
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      put();
      expect(await codes(relayAt(root, ['ops', 'bob']))).toEqual([`error folder-replaced ${place}`]);
    }
  });

  it('finds mail that a live session has held for ten minutes', async () => {
    const root = join(directory(), 'relay');
    const relay = relayAt(root);
    await relay.send('alice', { target: 'bob', content: 'hello' });
    const session = relay.session('bob');
    try {
      await session.begin();
      await claimAll(session.inbox);
      expect(await codes(relay)).toEqual([]);
      const folder = join(root, 'bob', 'taken', session.id);
      const before = Date.now() / 1000 - 10 * 60 - 1;
      utimesSync(folder, before, before);
      expect(await codes(relay)).toEqual([`warning mail-claimed-for-long ${folder}`]);
    } finally {
      await session.end();
    }
  });

  it.each([
    ['without a head', ['0123456789abcdefghij']],
    ['without its value', ['3.0123456789abcdefghij']],
  ])('finds a record of the roster %s', async (_, files) => {
    const root = join(directory(), 'relay');
    const relay = relayAt(root, ['alice', 'bob']);
    expect(await relay.roster?.claim('1'.repeat(20))).toBe('alice');
    await relay.roster?.release('alice', '1'.repeat(20));
    expect(await codes(relay)).toEqual([]);
    mkdirSync(join(root, '.roster', 'bob'));
    for (const file of files) writeFileSync(join(root, '.roster', 'bob', file), '');
    expect(await codes(relay)).toEqual([`warning roster-record-broken ${root}/.roster/bob`]);
  });

  it('says one thing of a relay that may not be used', async () => {
    const root = join(directory(), 'relay');
    mkdirSync(root, { mode: 0o700 });
    writeFileSync(join(root, '.format'), '2\n');
    const found = await new RelayInspection({ relay: relayAt(root), ...RETENTION }).find();
    expect(found).toMatchObject([
      { code: 'relay-unusable', severity: 'error', message: expect.stringContaining('format 2') },
    ]);
  });
});
