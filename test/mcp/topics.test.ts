/** `join`, `leave`, `who` of a topic and `dispatch` to one, on a relay in memory, called as a client calls them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { RelayClient, type ToolAnswer, type ToolJson } from '../helpers/relay-client.js';
import { HOUR, RelayWorld, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];
/** The keys that are read or listed. */
let looked: string[];

beforeEach(() => {
  clients = [];
  looked = [];
  world = new RelayWorld({
    wrap: (store: Store) =>
      withFaults(store, {
        read: async (key, maxBytes) => {
          looked.push(key);
          return store.read(key, maxBytes);
        },
        list: async (prefix) => {
          looked.push(prefix);
          return store.list(prefix);
        },
      }),
  });
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
});

async function client(agent: string, maxReplyBytes = 10_240): Promise<RelayClient> {
  const made = new RelayClient(world, agent, { maxReplyBytes });
  clients.push(made);
  await made.connect();
  return made;
}

const MEMBERSHIP = { joined_at: '2026-02-17T20:30:00.000Z' };

async function plant(topic: string, ...agents: string[]): Promise<void> {
  for (const agent of agents) await world.put(`.topics/${topic}/${agent}`, MEMBERSHIP);
}

const bytes = (answer: ToolAnswer) => Buffer.byteLength(answer.text);
const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name}${String(n).padStart(5, '0')}`);

describe('join', () => {
  it('says whom it made a member of what, as what, and who is there', async () => {
    const [bob, carol] = [await client('bob'), await client('carol')];
    expect((await bob.call('join', { topic: ' #Build ', role: ' reviewer ' })).json).toEqual({
      agent_id: 'bob',
      topic: '#build',
      role: 'reviewer',
      members: 1,
      member_ids: ['bob'],
    });
    expect((await carol.call('join', { topic: 'build', role: null })).json).toEqual({
      agent_id: 'carol',
      topic: '#build',
      members: 2,
      member_ids: ['bob', 'carol'],
    });
  });

  it('done again says the same, and keeps the role unless another is given', async () => {
    const bob = await client('bob');
    const first = await bob.call('join', { topic: 'build', role: 'reviewer' });
    expect((await bob.call('join', { topic: 'build' })).text).toBe(first.text);
    expect((await bob.call('join', { topic: 'build', role: 'fixer' })).json.role).toBe('fixer');
    expect((await bob.call('join', { topic: 'build' })).json.role).toBe('fixer');
  });

  it.each([
    [{ topic: '#' }, /"#" is not the name of a topic/],
    [{ topic: 'all' }, /"all" is a reserved name/],
    [{ topic: '#human' }, /"human" is a reserved name/],
    [{ topic: '../bob' }, /is not the name of a topic/],
    [{ topic: 7 }, /topic must be a string/],
    [{}, /topic is required/],
    [{ topic: 'build', role: '' }, /role must not be empty/],
    [{ topic: 'build', role: 'x'.repeat(65) }, /role may have at most 64 characters/],
    [{ topic: 'build', role: 'two\nlines' }, /role must be one line/],
    [{ topic: 'build', role: '\ud800' }, /role has half of a surrogate pair/],
    [{ topic: 'build', as: 'x' }, /no argument "as"/],
  ])('refuses %j with what is wrong, and joins nothing', async (args, problem) => {
    const bob = await client('bob');
    for (const tool of 'role' in args || 'as' in args
      ? ['join']
      : ['join', 'leave', ...('topic' in args ? ['who'] : [])]) {
      const answer = await bob.call(tool, args);
      expect([answer.isError, answer.text]).toEqual([true, expect.stringMatching(/^INVALID_ARGUMENT: /)]);
      expect(answer.text).toMatch(problem);
    }
    expect(await world.keys('.topics')).toEqual([]);
  });

  it('names the first of 10,000 members, counts all, and looks at none of them', async () => {
    await plant('build', ...numbered('agent-', 10_000));
    const bob = await client('bob');
    await bob.call('who', { topic: 'other' });
    looked = [];
    const answer = await bob.call('join', { topic: 'build' });
    expect(answer.json.members).toBe(10_001);
    expect(answer.json.member_ids.length + answer.json.member_ids_more).toBe(10_001);
    expect(bytes(answer)).toBeLessThan(2500);
    expect(looked.filter((key) => key.startsWith('.topics/build/'))).toEqual(['.topics/build/bob']);
  });
});

describe('leave', () => {
  it('ends the membership, and says when there was none', async () => {
    const bob = await client('bob');
    await bob.call('join', { topic: 'build' });
    expect((await bob.call('leave', { topic: '#build' })).json).toEqual({
      agent_id: 'bob',
      topic: '#build',
      left: true,
    });
    for (const topic of ['build', 'never-there']) {
      const { isError, json } = await bob.call('leave', { topic });
      expect([isError, json]).toEqual([
        false,
        {
          agent_id: 'bob',
          topic: `#${topic}`,
          left: false,
          note: `You were not a member of #${topic}. Nothing has changed.`,
        },
      ]);
    }
  });

  it('leaves mail that has arrived', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await bob.call('join', { topic: 'build' });
    await alice.call('dispatch', { target: '#build', message: 'x' });
    expect((await bob.call('leave', { topic: 'build' })).json).toMatchObject({
      left: true,
      new_messages: [{ from: 'alice', to: '#build', content: 'x' }],
    });
  });
});

describe('dispatch to a topic', () => {
  it('says whom it reached and who of them is not listening', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await bob.call('join', { topic: 'build' });
    await plant('build', 'alice', 'carol');
    expect((await alice.call('dispatch', { target: '# Build', message: 'x' })).json).toEqual({
      sent: true,
      id: expect.stringMatching(/^msg-/),
      from: 'alice',
      to: '#build',
      priority: 'normal',
      queued_to: ['bob', 'carol'],
      not_listening: ['carol'],
    });
  });

  it('with include_self reaches oneself with the answer of the next call', async () => {
    const alice = await client('alice');
    await alice.call('join', { topic: 'build' });
    const { json } = await alice.call('dispatch', { target: '#build', message: 'x', include_self: true });
    expect(json.queued_to).toEqual(['alice']);
    const shown = [...(json.new_messages ?? []), ...(await alice.call('peek')).json.messages];
    expect(shown).toMatchObject([{ from: 'alice', to: '#build', content: 'x' }]);
  });

  it('tells of the topic where its mark was forgotten and no agent has the name', async () => {
    const alice = await client('alice');
    await plant('build', 'bob');
    const { json } = await alice.call('dispatch', { target: 'build', message: 'x' });
    expect(json.note).toContain('There is a topic of that name: its members are reached by "#build".');
    expect((await alice.call('dispatch', { target: 'bulid', message: 'x' })).json.note).not.toContain('topic');
  });
});

describe('who of a topic', () => {
  it('shows members with roles, who is live, who listens, and how much waits for each', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await bob.call('join', { topic: 'build', role: 'reviewer' });
    await (await world.session('carol')).end();
    await plant('build', 'carol', 'dave');
    await alice.call('dispatch', { target: '#build', message: 'x' });
    await alice.call('dispatch', { target: 'dave', message: 'y' });
    world.clock.advance(2 * HOUR);
    expect((await alice.call('who', { topic: '#BUILD' })).json).toEqual({
      self: 'alice',
      topic: '#build',
      members: [
        {
          agent_id: 'bob',
          role: 'reviewer',
          live: true,
          listening: 'unknown',
          listening_reason: 'live; no tool called for 2 h',
          unread: 1,
        },
        {
          agent_id: 'carol',
          live: false,
          listening: 'no',
          listening_reason: 'no session; last served about 2 h ago',
          unread: 1,
          last_seen: '2026-02-17T20:30:00.000Z',
        },
        {
          agent_id: 'dave',
          live: false,
          listening: 'no',
          listening_reason: 'no session; none was ever seen',
          unread: 2,
        },
      ],
      count: 3,
    });
  });

  it('without members says so', async () => {
    const alice = await client('alice');
    expect((await alice.call('who', { topic: 'build' })).json).toEqual({
      self: 'alice',
      topic: '#build',
      members: [],
      count: 0,
      note: '#build has no members. who without topic lists the topics.',
    });
  });

  it('pages through 10,000 members, live ones first, and looks only at those that it shows', async () => {
    const agents = numbered('agent-', 10_000);
    await plant('build', ...agents);
    for (const agent of ['agent-00007', 'agent-09999']) await world.session(agent);
    const alice = await client('alice');
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 3; page++) {
      looked = [];
      const { json, ...answer } = await alice.call('who', {
        topic: 'build',
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(bytes({ json, ...answer })).toBeLessThanOrEqual(10_240);
      expect(json.count).toBe(10_000);
      const shown = json.members.map(({ agent_id: id }: ToolJson) => id);
      expect(shown.length).toBeGreaterThan(20);
      seen.push(...shown);
      expect(json.more_members).toBe(10_000 - seen.length);
      cursor = json.next_cursor;
      // One that was looked at had no room any more.
      const members = looked.filter((key) => key.startsWith('.topics/build/'));
      expect(members).toHaveLength(shown.length + 1);
      expect(looked.filter((key) => key.includes('agent-')).length).toBeLessThan(10 * members.length);
    }
    const live = ['agent-00007', 'agent-09999'];
    expect(seen).toEqual([...live, ...agents.filter((agent) => !live.includes(agent))].slice(0, seen.length));
  });

  it('shows every member once over its pages, whatever the budget', async () => {
    const agents = numbered('a', 60);
    for (const [n, agent] of agents.entries())
      await world.put(`.topics/build/${agent}`, { ...MEMBERSHIP, role: '\u20ac"'.repeat(n % 32) });
    for (const budget of [2048, 3000]) {
      const alice = await client('alice', budget);
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const answer = await alice.call('who', { topic: 'build', ...(cursor === undefined ? {} : { cursor }) });
        expect(bytes(answer)).toBeLessThanOrEqual(budget);
        expect(answer.json.members.length).toBeGreaterThan(0);
        seen.push(...answer.json.members.map(({ agent_id: id }: ToolJson) => id));
        cursor = answer.json.next_cursor;
        if (cursor === undefined) break;
      }
      expect(seen).toEqual(agents);
    }
  });

  it('passes over what is no membership', async () => {
    await plant('build', 'bob');
    await world.put('.topics/build/carol', 'x');
    await world.put('.topics/build/NOT', MEMBERSHIP);
    const alice = await client('alice');
    expect((await alice.call('who', { topic: 'build' })).json.members).toMatchObject([{ agent_id: 'bob' }]);
  });
});

describe('who', () => {
  it('lists the topics with their members, and which one is in oneself', async () => {
    const bob = await client('bob');
    await bob.call('join', { topic: 'review' });
    await plant('build', 'carol', 'dave');
    await plant('gone', 'bob');
    await bob.call('leave', { topic: 'gone' });
    expect((await bob.call('who')).json.topics).toEqual([
      { topic: '#build', members: 2 },
      { topic: '#review', members: 1, member: true },
    ]);
  });

  it('says nothing of topics where there are none', async () => {
    expect((await (await client('bob')).call('who')).json).not.toHaveProperty('topics');
  });

  it('of 10,000 topics names some, says how many more there are, and looks into no more than it names', async () => {
    for (const topic of numbered('t', 10_000)) await plant(topic, 'carol');
    const bob = await client('bob');
    // The first call sweeps.
    await bob.call('peek');
    looked = [];
    const answer = await bob.call('who');
    const { topics, topics_more: more, agents } = answer.json;
    expect(topics.length).toBeGreaterThan(20);
    expect(topics.length + more).toBe(10_000);
    expect(agents).toMatchObject([{ agent_id: 'bob' }]);
    expect(bytes(answer)).toBeLessThanOrEqual(10_240);
    expect(looked.filter((key) => key.startsWith('.topics/'))).toHaveLength(topics.length + 1);
  });

  it('of many agents names the topics on the first page alone, and still every agent once', async () => {
    const agents = numbered('agent-', 60);
    for (const agent of agents) await (await world.session(agent)).end();
    for (const topic of numbered('t', 100)) await plant(topic, 'agent-00001');
    const bob = await client('bob', 4096);
    const seen: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ; pages++) {
      const { json } = await bob.call('who', cursor === undefined ? {} : { cursor });
      expect('topics' in json).toBe(pages === 0);
      for (const list of [json.agents, json.known ?? []]) seen.push(...list.map(({ agent_id: id }: ToolJson) => id));
      cursor = json.next_cursor;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(['bob', ...agents]);
  });

  it('costs one look more where there are no topics', async () => {
    const bob = await client('bob');
    await bob.call('who');
    looked = [];
    await bob.call('who');
    expect(looked.filter((key) => key.startsWith('.topics'))).toEqual(['.topics']);
  });
});
