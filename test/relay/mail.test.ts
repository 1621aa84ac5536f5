/** What stands in an inbox that we did not write, or that is no longer what we wrote. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../src/relay/session.js';
import type { Store } from '../../src/store/store.js';
import { claimAll, foreignMessage, RelayWorld, read, START, send, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let faults: Partial<Store>;
let alice: Session;
let bob: Session;

beforeEach(async () => {
  faults = {};
  world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
  [alice, bob] = [await world.session('alice'), await world.session('bob')];
});

afterEach(async () => world.close());

const quarantined = async () => (await world.keys('.quarantine')).filter((key) => !key.endsWith('.reason'));
const unread = async () => world.process().relay.rollCall.unread('bob');

describe('a file of another program', () => {
  it('pretty-printed and with little in it is read, kept and acknowledged like ours', async () => {
    const least = { id: 'msg-py1', from: 'alice', to: 'bob', timestamp: '2026-02-17T20:30:00Z', content: 'hi' };
    await world.put(`bob/${START}-alice.json`, JSON.stringify({ ...least, state: 'pending' }, null, 2));
    expect(await unread()).toBe(1);
    const claim = await claimAll(bob.inbox);
    expect(claim.delivered).toMatchObject([{ redelivered: false, message: { ...least, priority: 'normal', ttl: 0 } }]);
    await claim.commit();
    expect((await bob.kept.count()).count).toBe(1);
    expect((await world.process().relay.receipts.changes('alice', 20)).receipts).toMatchObject([
      { id: 'msg-py1', state: 'read' },
    ]);
    expect((await bob.kept.ack(['msg-py1'])).acked).toEqual(['msg-py1']);
    expect(await world.keys('bob')).toEqual([]);
  });

  it('that is marked as read is counted as read, not as new, and can be acknowledged', async () => {
    await world.put(`bob/${START}-alice.json`, foreignMessage({ id: 'msg-py1', state: 'read' }));
    expect(await unread()).toBe(0);
    expect(await read(bob)).toEqual([]);
    expect((await bob.kept.count()).count).toBe(1);
    expect((await bob.kept.find('msg-py1'))?.content).toBe('hello from elsewhere');
    expect((await bob.kept.ack(['msg-py1'])).acked).toEqual(['msg-py1']);
  });

  it('that was ours and is rewritten to read is not shown as new', async () => {
    const id = await send(alice, 'bob', 'one');
    const [key = ''] = await world.keys('bob');
    const stored = await world.memory.read(key, 1e6);
    if (stored?.ok !== true) throw new Error('not there');
    await world.put(key, { ...JSON.parse(Buffer.from(stored.bytes).toString()), state: 'read' });
    expect(await read(bob)).toEqual([]);
    expect((await bob.kept.find(id))?.content).toBe('one');
  });

  it('stands in its place among ours, by the time in its name, urgent first', async () => {
    await world.put(`bob/${START + 10}-alice.json`, foreignMessage({ id: 'py-2', content: '2' }));
    await world.put(`bob/${START + 30}-alice.json`, foreignMessage({ id: 'py-0', content: '0', priority: 'urgent' }));
    await world.put('bob/note-to-bob.json', foreignMessage({ id: 'py-1', content: '1' }));
    world.clock.advance(20);
    await send(alice, 'bob', '3');
    expect(await read(bob)).toEqual(['0', '1', '2', '3']);
  });

  it('may be for all, for a topic, or spell the name in its own way', async () => {
    for (const [index, to] of ['all', '#builds', ' BOB '].entries()) {
      await world.put(`bob/${index}.json`, foreignMessage({ id: `py-${index}`, to }));
    }
    expect(await read(bob)).toHaveLength(3);
  });

  it('does not hide another with the same id in the same millisecond: both are shown', async () => {
    await world.put('bob/a.json', foreignMessage({ content: 'first' }));
    await world.put('bob/b.json', foreignMessage({ content: 'second' }));
    expect((await read(bob)).sort()).toEqual(['first', 'second']);
  });

  it('that ends after the year 2286 is shown all the same', async () => {
    await world.put('bob/a.json', foreignMessage({ timestamp: '9999-01-01T00:00:00Z', ttl: 60 }));
    expect(await read(bob)).toHaveLength(1);
  });

  it('is left where it is when its name does not end in .json', async () => {
    for (const name of ['notes.txt', 'x.json.tmp', '.hidden', 'x.JSON']) await world.put(`bob/${name}`, 'draft');
    world.clock.advance(60_000);
    expect(await read(bob)).toEqual([]);
    expect([await world.keys('bob'), await quarantined()]).toEqual([expect.objectContaining({ length: 4 }), []]);
  });
});

describe('what cannot be shown', () => {
  const bad: [string, string, unknown][] = [
    ['torn', '1771360200000-alice.json', '{"id": "msg-1", "fr'],
    ['empty', '1771360200000-alice.json', ''],
    ['without an id', '1771360200000-alice.json', foreignMessage({ id: undefined })],
    ['with an id that breaks the grammar', '1771360200000-alice.json', foreignMessage({ id: '../../x' })],
    ['with a sender that breaks the grammar', '1771360200000-alice.json', foreignMessage({ from: 'a/b' })],
    ['from a reserved name', '1771360200000-alice.json', foreignMessage({ from: 'admin' })],
    ["another agent's", '1771360200000-alice.json', foreignMessage({ to: 'carol' })],
    ['with half a surrogate pair', '1771360200000-alice.json', foreignMessage({ content: '\ud800' })],
    ['larger than any message', '1771360200000-alice.json', foreignMessage({ content: 'x'.repeat(8_400_000) })],
    ['with a name of all kinds of characters', 'a\n\x1b[2J\u202e;.json', 'x'],
  ];

  it.each(bad)('is set aside when it is %s, once, and holds nothing back', async (_, fileName, file) => {
    await world.put(`bob/${fileName}`, file);
    world.clock.advance(5000);
    await send(alice, 'bob', 'good');
    const other = await world.session('bob');
    const shown = await Promise.all([read(bob), read(other)]);
    expect(shown.flat()).toEqual(['good']);
    expect(await quarantined()).toHaveLength(1);
    expect(world.warnings).toHaveLength(1);
    // For a terminal: nothing of the file, and nothing of its name that would act there.
    expect(world.warnings[0]).toMatch(/^Mail for bob was set aside in \.quarantine\/[\w.~-]+: [ -~]+\.$/);
    expect(world.warnings[0]).not.toContain('hello');
    const [kept = ''] = await quarantined();
    expect((await world.memory.read(kept, 1e8))?.ok).toBe(true);
    expect(await read(bob)).toEqual([]);
    expect(world.warnings).toHaveLength(1);
  });

  it.each(bad)(
    'is left alone when it is %s and younger than 5 s: it may be half written',
    async (_, fileName, file) => {
      await world.put(`bob/${fileName}`, file);
      world.clock.advance(4999);
      expect(await read(bob)).toEqual([]);
      expect([await quarantined(), world.warnings]).toEqual([[], []]);
      await world.put(`bob/${fileName}`, foreignMessage());
      expect(await read(bob)).toEqual(['hello from elsewhere']);
    },
  );

  it('gets its sender a receipt when the name is ours', async () => {
    const id = await send(alice, 'bob', 'one');
    const [key = ''] = await world.keys('bob');
    await world.put(key, 'torn');
    world.clock.advance(5000);
    await read(bob);
    expect((await world.process().relay.receipts.changes('alice', 20)).receipts).toMatchObject([
      { id, to: 'bob', state: 'quarantined' },
    ]);
  });

  it.each([
    ['id', { id: 'msg-other' }],
    ['sender', { from: 'carol' }],
  ])('is a file of ours with another %s inside than its name says', async (_, fields) => {
    const id = await send(alice, 'bob', 'one');
    const [key = ''] = await world.keys('bob');
    await world.put(key, foreignMessage({ id, ...fields }));
    world.clock.advance(5000);
    expect(await read(bob)).toEqual([]);
    expect(await quarantined()).toHaveLength(1);
  });

  it('is not set aside by those who only look: neither who nor a sweep nor an alert', async () => {
    await world.put('bob/x.json', 'torn');
    world.clock.advance(60_000);
    const { relay } = world.process();
    await relay.rollCall.take();
    await relay.sweeper.sweep();
    await relay.mail.scan('bob', false);
    expect(await quarantined()).toEqual([]);
  });
});

describe('a file that cannot be read just now', () => {
  const unreadable = async (errno: string) => {
    const { DispatchError } = await import('../../src/model/errors.js');
    await send(alice, 'bob', 'bad');
    await send(alice, 'bob', 'good');
    const [key = ''] = await world.keys('bob');
    faults.read = async (asked, maxBytes) => {
      if (asked !== key) return world.memory.read(asked, maxBytes);
      throw new DispatchError('STORE_UNAVAILABLE', `Cannot read ${key}: ${errno}.`, { errno });
    };
    world.clock.advance(60_000);
  };

  it.each(['EACCES', 'EPERM', 'EIO'])(
    'for %s is passed over and warned of once, and never set aside',
    async (errno) => {
      await unreadable(errno);
      expect([await read(bob), await read(bob)]).toEqual([['good'], []]);
      expect([await quarantined(), world.warnings.length]).toEqual([[], 1]);
      delete faults.read;
      expect(await read(bob)).toEqual(['bad']);
    },
  );

  it('for want of file handles fails the call and consumes nothing', async () => {
    await unreadable('EMFILE');
    await expect(read(bob)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await quarantined()).toEqual([]);
    delete faults.read;
    expect(await read(bob)).toEqual(['bad', 'good']);
  });
});
