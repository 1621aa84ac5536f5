import { afterEach, describe, expect, it } from 'vitest';
import { MAX_TIME_MS } from '../../src/model/clock.js';
import { REMEMBERED_MS } from '../../src/relay/agents.js';
import type { Store } from '../../src/store/store.js';
import { claimAll, HOUR, RelayWorld, read, START, send, sent, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;

afterEach(async () => world.close());

describe('a broadcast', () => {
  it('reaches the whole roster without the sender, whether anybody runs or not', async () => {
    world = new RelayWorld({ roster: ['alice', 'bob', 'carol'] });
    const alice = await world.session('alice');
    expect(await sent(alice, ' ALL ', 'hi')).toMatchObject({ queuedTo: ['bob', 'carol'], refused: [] });
    expect(await world.keys('alice')).toEqual([]);
  });

  it('reaches, without a roster, whoever was served in the last 14 days, to the millisecond', async () => {
    world = new RelayWorld();
    await (await world.session('bob')).end();
    world.clock.advance(1);
    await (await world.session('carol')).end();
    world.clock.set(START + REMEMBERED_MS);
    const alice = await world.session('alice');
    expect((await sent(alice, 'all', 'hi')).queuedTo).toEqual(['carol']);
  });

  it('does not reach a name that only has mail, nor a session that showed itself without a call and is gone', async () => {
    world = new RelayWorld();
    const alice = await world.session('alice');
    await send(alice, 'ghost', 'anybody?');
    const shy = world.process().relay.session('shy');
    await shy.announce();
    expect((await sent(alice, 'all', 'hi')).queuedTo).toEqual(['shy']);
    await shy.end();
    await expect(sent(alice, 'all', 'hi')).rejects.toMatchObject({ code: 'NO_RECIPIENT' });
  });

  it('to nobody is an error that says so, and leaves nothing', async () => {
    world = new RelayWorld();
    const alice = await world.session('alice');
    const before = await world.keys();
    await expect(sent(alice, 'all', 'hi')).rejects.toMatchObject({ code: 'NO_RECIPIENT' });
    expect(await world.keys()).toEqual(before);
  });

  it('is one message to all: one id, one content, acknowledged by each for itself', async () => {
    world = new RelayWorld({ roster: ['alice', 'bob', 'carol'] });
    const [alice, bob, carol] = [
      await world.session('alice'),
      await world.session('bob'),
      await world.session('carol'),
    ];
    const { message } = await sent(alice, 'all', 'hi');
    await read(bob);
    await bob.kept.ack([message.id]);
    expect((await claimAll(carol.inbox)).delivered.map((one) => one.message)).toEqual([message]);
  });

  it('is sent if anyone got it, and names who did not and why', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ roster: ['alice', 'bob', 'carol'], wrap: (store) => withFaults(store, faults) });
    const alice = await world.session('alice');
    faults.createAll = async (entries) =>
      Promise.all(
        entries.map(async (entry) => {
          if (entry.key.startsWith('carol/'))
            return { state: 'failed', error: new Error('ENOSPC'), outcome: 'unknown' } as const;
          const [outcome] = await world.memory.createAll([entry]);
          return outcome ?? ({ state: 'exists' } as const);
        }),
      );
    expect(await sent(alice, 'all', 'hi')).toMatchObject({
      queuedTo: ['bob'],
      refused: [{ to: 'carol', code: 'INTERNAL', outcome: 'unknown' }],
    });
    await expect(sent(alice, 'carol', 'hi')).rejects.toMatchObject({
      message: expect.stringMatching(/^outcome: unknown\..*msg-/),
      data: { outcome: 'unknown', id: expect.stringMatching(/^msg-/) },
    });
  });
});

describe('a target', () => {
  it('that is not on the roster is refused with the names that are, and nothing is written', async () => {
    world = new RelayWorld({ roster: ['alice', 'bob'] });
    const alice = await world.session('alice');
    const before = await world.keys();
    await expect(sent(alice, 'eve', 'hi')).rejects.toMatchObject({
      code: 'UNKNOWN_TARGET',
      message: expect.stringMatching(/"eve".*alice, bob/),
      data: { target: 'eve', known: ['alice', 'bob'] },
    });
    expect(await world.keys()).toEqual(before);
  });

  it.each([
    '',
    '../x',
    'a/b',
    'bob\n',
    'CON',
    'x'.repeat(65),
    '\uff42ob',
    '\u212aim',
    '__proto__',
    'root',
    '.sent',
    'bob/read',
  ])('that is no name, such as %j, is refused before any effect', async (target) => {
    world = new RelayWorld();
    const alice = await world.session('alice');
    const before = await world.keys();
    await expect(sent(alice, target, 'hi')).rejects.toMatchObject({ code: 'INVALID_AGENT_ID' });
    expect(await world.keys()).toEqual(before);
  });

  it('may be the human, under a roster too, and oneself', async () => {
    world = new RelayWorld({ roster: ['alice'] });
    const alice = await world.session('alice');
    expect((await sent(alice, 'Human', 'hi')).queuedTo).toEqual(['human']);
    expect(await sent(alice, 'alice', 'note to self')).toMatchObject({ queuedTo: ['alice'], neverSeen: false });
    expect(await read(alice)).toEqual(['note to self']);
  });

  it('that no session ever served is said to be so, until one does; two spellings are one name', async () => {
    world = new RelayWorld();
    const alice = await world.session('alice');
    expect((await sent(alice, 'bbo', 'hi')).neverSeen).toBe(true);
    await (await world.session('bob')).end();
    expect(await sent(alice, ' BOB\t', 'hi')).toMatchObject({ neverSeen: false, queuedTo: ['bob'] });
  });
});

describe('a message', () => {
  it('at the limit is sent, and a byte over it refused with both sizes, in bytes of the stored file', async () => {
    world = new RelayWorld({ maxMessageBytes: 1024 });
    const alice = await world.session('alice');
    const probe = JSON.stringify((await sent(alice, 'bob', '')).message).length;
    const euros = Math.floor((1024 - probe) / 3);
    const fitting = '\u20ac'.repeat(euros) + 'x'.repeat(1024 - probe - euros * 3);
    await send(alice, 'bob', fitting);
    await expect(send(alice, 'bob', `${fitting}x`)).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      data: { bytes: 1025, maxBytes: 1024 },
      message: expect.stringMatching(/1025.*1024/),
    });
  });

  it('may end with the year 9999 and not after, and is shown and acknowledged all the same', async () => {
    world = new RelayWorld();
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    const ttl = Math.floor((MAX_TIME_MS - START) / 1000);
    const id = await send(alice, 'bob', 'long', { ttl });
    await expect(send(alice, 'bob', 'longer', { ttl: ttl + 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(send(alice, 'bob', 'longest', { ttl: 1e300 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await read(bob)).toEqual(['long']);
    expect((await bob.kept.ack([id])).acked).toEqual([id]);
  });

  it('takes the configured ttl, and its own 0 for never', async () => {
    world = new RelayWorld({ defaultTtlSeconds: 3600 });
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    expect((await sent(alice, 'bob', 'default')).message.ttl).toBe(3600);
    await send(alice, 'bob', 'never', { ttl: 0 });
    world.clock.advance(HOUR);
    expect(await read(bob)).toEqual(['never']);
  });

  it('is as sent when noting it or ringing for it fails: that comes after', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    let failed = 0;
    faults.append = async () => {
      failed++;
      throw new Error('ENOSPC');
    };
    expect((await sent(alice, 'bob', 'hi')).queuedTo).toEqual(['bob']);
    // The note and the event.
    expect(failed).toBe(2);
    expect(await read(bob)).toEqual(['hi']);
  });
});
