import { afterEach, describe, expect, it } from 'vitest';
import { REMEMBERED_MS } from '../../src/relay/agents.js';
import { foreignMessage, RelayWorld, read, START, send } from '../helpers/relay-world.js';

let world: RelayWorld;

afterEach(async () => world.close());

const take = async () => world.process().relay.rollCall.take();

describe('the roll call', () => {
  it('has live agents first, then those with waiting mail, then the rest; by name within', async () => {
    world = new RelayWorld();
    for (const name of ['yan', 'ben']) await (await world.session(name)).end();
    const zoe = await world.session('zoe');
    await world.session('max');
    await send(zoe, 'nia', 'x');
    await send(zoe, 'cyd', 'x');
    await send(zoe, 'human', 'x');
    await send(zoe, 'max', 'x');
    expect((await take()).map(({ agent, sessions, unread }) => [agent, sessions.length, unread])).toEqual([
      ['max', 1, 1],
      ['zoe', 1, 0],
      ['cyd', 0, 1],
      ['human', 0, 1],
      ['nia', 0, 1],
      ['ben', 0, 0],
      ['yan', 0, 0],
    ]);
  });

  it('shows of each session what the client said, where and since when', async () => {
    world = new RelayWorld();
    const process_ = world.process();
    const session = process_.relay.session('bob');
    session.client = { name: 'claude-code', version: '2.1' };
    await session.begin();
    expect(await take()).toEqual([
      {
        agent: 'bob',
        sessions: [
          {
            session: session.id,
            pid: process_.identity.pid,
            cwd: process.cwd(),
            since: new Date(START).toISOString(),
            client: { name: 'claude-code', version: '2.1' },
          },
        ],
        unread: 0,
        servedAt: START,
        listening: 'yes',
        reason: 'called a tool in the last minute',
      },
    ]);
    await session.end();
  });

  it('counts as unread what peek would show: nothing read, expired, or broken', async () => {
    world = new RelayWorld();
    const [alice, bob] = [await world.session('alice'), await world.session('bob')];
    await send(alice, 'bob', 'read');
    await read(bob);
    await send(alice, 'bob', 'brief', { ttl: 1 });
    await send(alice, 'bob', 'must', { ttl: 1, mustRead: true });
    await send(alice, 'bob', 'new');
    await world.put('bob/py.json', foreignMessage());
    await world.put('bob/broken.json', '{');
    world.clock.advance(1000);
    expect((await take()).find(({ agent }) => agent === 'bob')?.unread).toBe(3);
    expect(await read(bob)).toHaveLength(3);
  });

  it('tells the truth about a session that was killed just now', async () => {
    world = new RelayWorld();
    const bobs = world.process();
    await bobs.session('bob');
    bobs.kill();
    expect(await take()).toMatchObject([{ agent: 'bob', sessions: [] }]);
  });

  it('forgets a name that nobody served for 14 days, unless mail waits for it', async () => {
    world = new RelayWorld();
    for (const name of ['ben', 'cyd']) await (await world.session(name)).end();
    await world.process().relay.send('ben', { target: 'cyd', content: 'x' });
    world.clock.advance(REMEMBERED_MS);
    expect((await take()).map(({ agent }) => agent)).toEqual(['cyd']);
  });

  it('lists the whole roster, served or not', async () => {
    world = new RelayWorld({ roster: ['cyd', 'ben'] });
    expect((await take()).map(({ agent, servedAt }) => [agent, servedAt])).toEqual([
      ['ben', undefined],
      ['cyd', undefined],
    ]);
  });

  it('is not disturbed by folders that are no agents', async () => {
    world = new RelayWorld();
    for (const name of ['Bob', 'a b', 'con', '__proto__', '.git', 'x'.repeat(65)])
      await world.put(`${name}/x.json`, 'x');
    expect(await take()).toEqual([]);
  });
});
