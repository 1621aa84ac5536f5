import { afterEach, describe, expect, it } from 'vitest';
import { newSessionId } from '../../src/model/ids.js';
import { Identity } from '../../src/relay/identity.js';
import { RelayWorld, type TestProcess, withFaults } from '../helpers/relay-world.js';

const NAMES = ['ada', 'bob', 'cyd', 'dee', 'eve'];

let world: RelayWorld;

afterEach(async () => world.close());

const claim = (process: TestProcess, session = newSessionId()) => process.relay.roster?.claim(session);

describe('claiming a name of the roster', () => {
  it('gives concurrent servers distinct names, each name once, and no name to those left over', async () => {
    world = new RelayWorld({ roster: NAMES });
    const names = await Promise.all(Array.from({ length: 8 }, () => claim(world.process())));
    expect(names.filter((name) => name !== undefined).sort()).toEqual(NAMES);
    expect(names.filter((name) => name === undefined)).toHaveLength(3);
  });

  it('does so in whatever order the store answers them', async () => {
    let operations = 0;
    const late = async <T>(work: () => Promise<T>): Promise<T> => {
      for (let turns = (operations++ * 7) % 5; turns > 0; turns--) await new Promise(setImmediate);
      return work();
    };
    world = new RelayWorld({
      roster: NAMES,
      wrap: (store) =>
        withFaults(store, {
          readRecord: (key) => late(() => store.readRecord(key)),
          update: (key, revision, value) => late(() => store.update(key, revision, value)),
        }),
    });
    const names = await Promise.all(Array.from({ length: 12 }, () => claim(world.process())));
    expect(names.filter((name) => name !== undefined).sort()).toEqual(NAMES);
  });

  it('goes by the order of the roster', async () => {
    world = new RelayWorld({ roster: ['zoe', 'ada'] });
    expect([await claim(world.process()), await claim(world.process())]).toEqual(['zoe', 'ada']);
  });

  it('passes the name of a dead holder to exactly one of many', async () => {
    world = new RelayWorld({ roster: NAMES });
    const holders = NAMES.map(() => world.process());
    for (const holder of holders) await claim(holder);
    holders[2]?.kill();
    const names = await Promise.all(Array.from({ length: 6 }, () => claim(world.process())));
    expect(names.filter((name) => name !== undefined)).toEqual(['cyd']);
  });

  it('leaves the name to a holder that cannot be seen from here', async () => {
    world = new RelayWorld({ roster: ['ada'] });
    const far = world.process({ elsewhere: true });
    await claim(far);
    far.kill();
    expect(await claim(world.process())).toBeUndefined();
  });

  it('passes over a name that a live session serves under an explicit id, until it is gone', async () => {
    world = new RelayWorld({ roster: ['ada', 'bob'] });
    const explicit = await world.session('ada');
    expect(await claim(world.process())).toBe('bob');
    await explicit.end();
    expect(await claim(world.process())).toBe('ada');
  });

  it('frees a name for the next one on release, and only by its holder', async () => {
    world = new RelayWorld({ roster: ['ada'] });
    const session = newSessionId();
    const holder = world.process();
    await claim(holder, session);
    await world.process().relay.roster?.release('ada', newSessionId());
    expect(await claim(world.process())).toBeUndefined();
    await holder.relay.roster?.release('ada', session);
    expect(await claim(world.process())).toBe('ada');
  });
});

describe('the identity of a server', () => {
  const identity = (id?: string, process = world.process()) => new Identity(process.relay, id);

  it('is the id it was given, in its normal form', async () => {
    world = new RelayWorld();
    expect(await identity(' Bob\t').resolve()).toBe('bob');
  });

  it.each(['../x', 'CON', 'human', 'all', 'x'.repeat(65), '\u212aim'])('cannot be %j', async (id) => {
    world = new RelayWorld();
    await expect(identity(id).resolve()).rejects.toMatchObject({
      code: 'INVALID_AGENT_ID',
      message: expect.stringContaining('MCP_DISPATCH_AGENT_ID'),
    });
  });

  it('must be on the roster, and the error names who is', async () => {
    world = new RelayWorld({ roster: ['ada', 'bob'] });
    await expect(identity('eve').resolve()).rejects.toMatchObject({
      code: 'NO_IDENTITY',
      message: expect.stringMatching(/"eve".*ada, bob/),
    });
  });

  it('is missing without an id and without a roster, and the error says what to set', async () => {
    world = new RelayWorld();
    await expect(identity().resolve()).rejects.toMatchObject({
      code: 'NO_IDENTITY',
      message: expect.stringContaining('MCP_DISPATCH_AGENT_ID'),
    });
  });

  it('is missing while all names are taken, and found at the next call when one has become free', async () => {
    world = new RelayWorld({ roster: ['ada'] });
    const first = identity();
    await first.resolve();
    const second = identity();
    await expect(second.resolve()).rejects.toMatchObject({ code: 'NO_IDENTITY' });
    await first.end();
    expect(await second.resolve()).toBe('ada');
  });

  it('holds one name, though two calls ask for it at once', async () => {
    world = new RelayWorld({ roster: ['ada', 'bob'] });
    const one = identity();
    const sessions = await Promise.all([one.resolve(), one.resolve(), one.resolve()]);
    expect(new Set(sessions).size).toBe(1);
    expect(await world.keys('.roster')).toEqual(['.roster/ada']);
    await one.end();
    expect(await world.keys('.roster')).toEqual([]);
  });

  it('frees no name that it was given', async () => {
    world = new RelayWorld({ roster: ['ada'] });
    const holder = identity();
    await holder.resolve();
    const given = identity('ada');
    await given.resolve();
    await given.end();
    expect(await world.keys('.roster')).toEqual(['.roster/ada']);
  });
});
