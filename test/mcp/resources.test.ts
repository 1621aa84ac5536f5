/** The resources: mail as headers, who is there, and the word that either has changed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MOST_SUBSCRIPTIONS, Subscriptions } from '../../src/mcp/resources/subscriptions.js';
import { inboxKey } from '../../src/relay/keys.js';
import { threadHash } from '../../src/relay/message-name.js';
import { RelayClient, type ToolJson } from '../helpers/relay-client.js';
import { foreignMessage, RelayWorld, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];
let said: Map<RelayClient, ToolJson[]>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  world = new RelayWorld();
  clients = [];
  said = new Map();
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
  vi.useRealTimers();
});

async function connect(agent: string | undefined, maxReplyBytes = 10_240, where = world): Promise<RelayClient> {
  const client = new RelayClient(where, agent, { maxReplyBytes });
  clients.push(client);
  const notifications: ToolJson[] = [];
  said.set(client, notifications);
  client.onNotification = (message) => notifications.push(message);
  await client.connect();
  return client;
}

async function send(client: RelayClient, args: object): Promise<string> {
  const answer = await client.call('dispatch', { target: 'bob', message: 'SECRET WORDS', ...args });
  expect(answer.isError ? answer.text : '').toBe('');
  return answer.json.id;
}

async function textOf(client: RelayClient, uri: string): Promise<string> {
  const { contents } = await client.request('resources/read', { uri });
  expect(contents).toEqual([{ uri, mimeType: 'application/json', text: expect.any(String) }]);
  return contents[0].text;
}

const read = async (client: RelayClient, uri: string): Promise<ToolJson> => JSON.parse(await textOf(client, uri));
const idsIn = ({ messages }: ToolJson) => messages.map(({ id }: ToolJson) => id);

describe('the resources', () => {
  it('are listed for every agent alike, without a look at the relay', async () => {
    const closed = withFaults(world.memory, {
      list: () => Promise.reject(new Error('the relay was listed')),
      read: () => Promise.reject(new Error('the relay was read')),
    });
    const own = new RelayWorld({ wrap: () => closed });
    const [bob, nobody] = [await connect('bob', 10_240, own), await connect(undefined, 10_240, own)];
    const { resources } = await bob.request('resources/list', {});
    expect(resources.map(({ uri }: ToolJson) => uri)).toEqual(['dispatch://inbox', 'dispatch://agents']);
    const { resourceTemplates } = await bob.request('resources/templates/list', {});
    expect(resourceTemplates.map(({ uriTemplate }: ToolJson) => uriTemplate)).toEqual(['dispatch://thread/{id}']);
    expect(await nobody.request('resources/list', {})).toEqual({ resources });
  });

  it('can be read by a server that knows nobody to serve only where that needs no name', async () => {
    const nobody = await connect(undefined);
    expect(await read(nobody, 'dispatch://agents')).toEqual({ agents: [] });
    const { code, message } = await nobody.refusal('resources/read', { uri: 'dispatch://inbox' });
    expect(code).toBe(-32603);
    expect(message).toContain('MCP_DISPATCH_AGENT_ID is not set');
  });

  it.each([
    'dispatch://outbox',
    'dispatch://inbox/',
    'dispatch://INBOX',
    'dispatch://thread/',
    'dispatch://thread/a/b',
    'dispatch://thread/a?b',
    'dispatch://thread/%zz',
    'dispatch://thread/%ff%fe',
    'dispatch://thread/a%00b',
    'dispatch://thread/%1b%5b2J',
    'dispatch://thread/%20',
    `dispatch://thread/${'x'.repeat(129)}`,
    `dispatch://thread/${'x'.repeat(100_000)}`,
    'file:///etc/passwd',
    '',
  ])('are no others: %j is not found, whether read or subscribed to', async (uri) => {
    const bob = await connect('bob');
    for (const method of ['resources/read', 'resources/subscribe']) {
      const error = await bob.refusal(method, { uri });
      expect(error.code).toBe(-32002);
      expect(error.message).toMatch(/^There is no resource ".*The resources: dispatch:\/\/inbox, /);
      expect(error.message.length).toBeLessThan(500);
    }
  });

  it('answer an unexpected failure without its words, which go to the terminal', async () => {
    const broken = withFaults(world.memory, { list: () => Promise.reject(new Error('PRIVATE')) });
    const bob = await connect('bob', 10_240, new RelayWorld({ wrap: () => broken }));
    const { code, message } = await bob.refusal('resources/read', { uri: 'dispatch://inbox' });
    expect([code, message]).toEqual([-32603, expect.not.stringContaining('PRIVATE')]);
    expect(bob.log.join('\n')).toContain('PRIVATE');
  });
});

describe('dispatch://inbox', () => {
  it('shows headers: what waits first, urgent before normal, then what was read and not acknowledged', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    const read1 = await send(alice, { thread_id: 'SECRET THREAD' });
    await bob.call('peek');
    world.clock.advance(5000);
    const normal = await send(alice, { payload: { SECRET: 'PAYLOAD' } });
    const urgent = await send(alice, { priority: 'urgent' });
    world.clock.advance(2000);
    expect(await read(bob, 'dispatch://inbox')).toEqual({
      agent_id: 'bob',
      pending: 2,
      unacked: 1,
      messages: [
        { id: urgent, from: 'alice', age_seconds: 2, priority: 'urgent', bytes: expect.any(Number) },
        { id: normal, from: 'alice', age_seconds: 2, bytes: expect.any(Number) },
        {
          id: read1,
          from: 'alice',
          age_seconds: 7,
          thread_hash: threadHash('SECRET THREAD'),
          bytes: expect.any(Number),
          state: 'read',
        },
      ],
    });
  });

  it('holds no word of a message, ours or of another program', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    await send(alice, { thread_id: 'SECRET THREAD', payload: { SECRET: 'PAYLOAD' } });
    const foreign = foreignMessage({ content: 'SECRET CONTENT', thread_id: 'SECRET', payload: { SECRET: 1 } });
    await world.memory.create(inboxKey('bob', '1771360199000-x.json'), JSON.stringify(foreign));
    world.clock.advance(10_000);
    for (const uri of ['dispatch://inbox', 'dispatch://thread/SECRET%20THREAD']) {
      const text = await textOf(bob, uri);
      expect(JSON.parse(text).messages.length).toBeGreaterThan(0);
      expect(text).not.toContain('SECRET');
    }
    expect(idsIn(await read(bob, 'dispatch://inbox'))).toContain('msg-foreign00001');
  });

  it('marks nothing, claims nothing and makes nobody known: the mail is new afterwards', async () => {
    const alice = await connect('alice');
    const id = await send(alice, {});
    const before = await world.keys();
    const bob = await connect('bob');
    for (const uri of ['dispatch://inbox', 'dispatch://thread/x', 'dispatch://agents']) await textOf(bob, uri);
    await bob.request('resources/subscribe', { uri: 'dispatch://inbox' });
    expect(await world.keys()).toEqual(before);
    expect((await alice.call('peek', { message_id: id })).json.sent_receipts).toMatchObject([{ state: 'pending' }]);
    expect((await bob.call('peek')).json).toMatchObject({ count: 1, messages: [{ id }] });
  });

  it('shows nothing of what has expired, or is in the mail of others', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    await send(alice, { ttl: 60 });
    await send(alice, { target: 'carol' });
    world.clock.advance(61_000);
    expect(await read(bob, 'dispatch://inbox')).toEqual({ agent_id: 'bob', pending: 0, unacked: 0, messages: [] });
  });

  it('stays within max_reply_bytes, and counts what has no room', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob', 2048)];
    for (let sent = 0; sent < 50; sent++) await send(alice, { thread_id: 'long' });
    for (const uri of ['dispatch://inbox', 'dispatch://thread/long']) {
      const text = await textOf(bob, uri);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
      const { messages, more } = JSON.parse(text);
      expect(messages.length).toBeGreaterThan(5);
      expect(messages.length + more).toBe(50);
    }
  });
});

describe('dispatch://thread/{id}', () => {
  it('shows the messages of that thread in the mail, whatever its name', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    const name = 'a/b?c#d %41 ü€';
    const first = await send(alice, { thread_id: name });
    await send(alice, { thread_id: 'another' });
    await send(alice, {});
    await bob.call('peek');
    const second = await send(alice, { thread_id: name });
    const json = await read(bob, `dispatch://thread/${encodeURIComponent(name)}`);
    expect(json).toMatchObject({ agent_id: 'bob', messages: [{ id: second }, { id: first, state: 'read' }] });
    expect(json.messages).toHaveLength(2);
  });

  it('goes by the thread itself where another has the same hash', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    const [one, other] = collidingThreads();
    const id = await send(alice, { thread_id: one });
    await send(alice, { thread_id: other });
    expect(idsIn(await read(bob, `dispatch://thread/${one}`))).toEqual([id]);
  });

  it('is empty for a thread without mail, which may come', async () => {
    expect(await read(await connect('bob'), 'dispatch://thread/x')).toEqual({ agent_id: 'bob', messages: [] });
  });
});

describe('dispatch://agents', () => {
  it('shows who is there, who listens and what waits, without a word of their own', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    await send(alice, { target: 'carol' });
    const text = await textOf(bob, 'dispatch://agents');
    expect(JSON.parse(text)).toEqual({
      self: 'bob',
      agents: [
        {
          agent_id: 'alice',
          sessions: 1,
          listening: 'yes',
          listening_reason: 'called a tool in the last minute',
          unread: 0,
        },
        {
          agent_id: 'carol',
          sessions: 0,
          listening: 'no',
          listening_reason: 'no session; none was ever seen',
          unread: 1,
        },
      ],
    });
    expect(text).not.toContain('client');
  });

  it('stays within max_reply_bytes, and counts what has no room', async () => {
    const alice = await connect('alice', 2048);
    for (let n = 0; n < 40; n++) await send(alice, { target: `agent-${n}` });
    const text = await textOf(alice, 'dispatch://agents');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
    const { agents, more_agents } = JSON.parse(text);
    expect(agents.length + more_agents).toBe(41);
  });
});

describe('a subscription', () => {
  const INBOX = 'dispatch://inbox';

  const pass = async (ms: number) => {
    world.clock.advance(ms);
    await vi.advanceTimersByTimeAsync(ms);
  };

  const updatesOf = (client: RelayClient) =>
    (said.get(client) ?? []).map(({ method, params }) => {
      expect(method).toBe('notifications/resources/updated');
      return params.uri;
    });

  async function subscribe(agent: string, ...uris: string[]): Promise<RelayClient> {
    const client = await connect(agent);
    for (const uri of uris) expect(await client.request('resources/subscribe', { uri })).toEqual({});
    return client;
  }

  it('tells of what comes as soon as the bell rings', async () => {
    const [alice, bob] = [await connect('alice'), await subscribe('bob', INBOX)];
    await pass(5000);
    await send(alice, {});
    await pass(200);
    expect(updatesOf(bob)).toEqual([INBOX]);
  });

  it('tells of what comes without a bell within the poll of ten seconds, and once', async () => {
    const bob = await subscribe('bob', INBOX);
    await pass(60_000);
    expect(updatesOf(bob)).toEqual([]);
    await world.memory.create(inboxKey('bob', '1771360199000-x.json'), JSON.stringify(foreignMessage()));
    await pass(10_000);
    expect(updatesOf(bob)).toEqual([INBOX]);
    await pass(600_000);
    expect(updatesOf(bob)).toEqual([INBOX]);
  });

  it('tells at once of what a tool changed: shown, then acknowledged', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    const id = await send(alice, {});
    await bob.request('resources/subscribe', { uri: INBOX });
    await bob.call('peek');
    await pass(1000);
    expect(updatesOf(bob)).toEqual([INBOX]);
    await bob.call('ack', { message_ids: [id] });
    await pass(1000);
    expect(updatesOf(bob)).toEqual([INBOX, INBOX]);
  });

  it('tells of each resource at most once a second, and of the last change in the end', async () => {
    const [alice, bob] = [await connect('alice'), await subscribe('bob', INBOX)];
    for (let tenth = 0; tenth < 50; tenth++) {
      await send(alice, {});
      await bob.call('who');
      await pass(100);
    }
    expect(updatesOf(bob).length).toBeGreaterThan(1);
    expect(updatesOf(bob).length).toBeLessThanOrEqual(5);
    const said = updatesOf(bob).length;
    await send(alice, { target: 'carol' });
    await pass(20_000);
    expect(updatesOf(bob).length).toBe(said);
  });

  it('is for one resource: a thread does not hear of another, nor the inbox of other agents', async () => {
    const [thread, other] = ['dispatch://thread/one', 'dispatch://thread/two'];
    const [alice, bob, carol] = [
      await connect('alice'),
      await subscribe('bob', thread, other),
      await subscribe('carol', INBOX),
    ];
    await send(alice, { thread_id: 'one' });
    await pass(10_000);
    expect(updatesOf(bob)).toEqual([thread]);
    expect(updatesOf(carol)).toEqual([]);
  });

  it('to the agents tells who came and went, and not that time went by', async () => {
    const agents = 'dispatch://agents';
    const [alice, bob] = [await connect('alice'), await subscribe('bob', agents)];
    await alice.call('who');
    await pass(10_000);
    expect(updatesOf(bob)).toEqual([agents]);
    await pass(5 * 60_000);
    expect(updatesOf(bob)).toEqual([agents]);
    await alice.close();
    await pass(10_000);
    expect(updatesOf(bob)).toEqual([agents, agents]);
  });

  it('to the agents looks no more than every ten seconds, whatever happens', async () => {
    const process = world.process();
    const take = vi.spyOn(process.relay.rollCall, 'take');
    const bob = new RelayClient(world, 'bob', { process });
    clients.push(bob);
    await bob.connect();
    await bob.request('resources/subscribe', { uri: 'dispatch://agents' });
    for (let second = 0; second < 60; second++) {
      await bob.call('ack', { message_ids: ['msg-000000000000'] });
      await pass(1000);
    }
    expect(take.mock.calls.length).toBeGreaterThan(5);
    expect(take.mock.calls.length).toBeLessThanOrEqual(7);
  });

  it('that is ended hears nothing more, even of what was being looked at', async () => {
    let open = () => {};
    let hold = false;
    const slow = withFaults(world.memory, {
      list: async (prefix) => {
        if (hold && prefix === 'bob') await new Promise<void>((resolve) => (open = resolve));
        return world.memory.list(prefix);
      },
    });
    const bob = await connect('bob', 10_240, new RelayWorld({ wrap: () => slow }));
    const alice = await connect('alice');
    await send(alice, { target: 'carol' });
    const timers = vi.getTimerCount();
    await bob.request('resources/subscribe', { uri: INBOX });
    await send(alice, {});
    hold = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await bob.request('resources/unsubscribe', { uri: INBOX })).toEqual({});
    hold = false;
    open();
    await pass(60_000);
    expect(updatesOf(bob)).toEqual([]);
    expect(vi.getTimerCount()).toBe(timers);
  });

  it('looks once more at what changed while it looked', async () => {
    const looks: (() => void)[] = [];
    let state = 'empty';
    const updated: string[] = [];
    const subscriptions = new Subscriptions({
      clock: world.clock,
      // Slow: it tells what was there when it began.
      fingerprint: () => {
        const seen = state;
        return new Promise((resolve) => looks.push(() => resolve(seen)));
      },
      updated: (uri) => updated.push(uri),
      log: (text) => expect.unreachable(text),
    });
    const added = subscriptions.add(INBOX, { kind: 'inbox' });
    state = 'one message';
    subscriptions.hint();
    looks.shift()?.();
    await added;
    await pass(1000);
    expect(looks).toHaveLength(1);
    looks.shift()?.();
    await pass(0);
    expect(updated).toEqual([INBOX]);
    subscriptions.remove(INBOX);
  });

  it('that was never made can be ended', async () => {
    expect(await (await connect('bob')).request('resources/unsubscribe', { uri: 'x:y' })).toEqual({});
  });

  it('that is made twice is one', async () => {
    const [alice, bob] = [await connect('alice'), await connect('bob')];
    await send(alice, { target: 'carol' });
    const timers = vi.getTimerCount();
    for (let times = 0; times < 2; times++) await bob.request('resources/subscribe', { uri: INBOX });
    await send(alice, {});
    await pass(10_000);
    expect(updatesOf(bob)).toEqual([INBOX]);
    await bob.request('resources/unsubscribe', { uri: INBOX });
    expect(vi.getTimerCount()).toBe(timers);
  });

  it('is refused beyond a hundred, and possible again after one ended', async () => {
    const bob = await subscribe(
      'bob',
      ...Array.from({ length: MOST_SUBSCRIPTIONS }, (_, n) => `dispatch://thread/${n}`),
    );
    const { code, message } = await bob.refusal('resources/subscribe', { uri: INBOX });
    expect([code, message]).toEqual([-32600, expect.stringContaining('subscribed to 100 resources')]);
    await bob.request('resources/unsubscribe', { uri: 'dispatch://thread/7' });
    expect(await bob.request('resources/subscribe', { uri: INBOX })).toEqual({});
  });

  it('outlives a relay that cannot be read for a while, which is said once', async () => {
    let broken = false;
    const flaky = withFaults(world.memory, {
      list: (prefix) => (broken ? Promise.reject(new Error('gone')) : world.memory.list(prefix)),
    });
    const bob = await connect('bob', 10_240, new RelayWorld({ wrap: () => flaky }));
    await bob.request('resources/subscribe', { uri: INBOX });
    broken = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bob.log).toEqual(['A resource could not be looked at: gone']);
    broken = false;
    await send(await connect('alice'), {});
    await vi.advanceTimersByTimeAsync(10_000);
    expect(updatesOf(bob)).toEqual([INBOX]);
  });

  it('to what cannot be read is refused, and is none', async () => {
    const nobody = await connect(undefined);
    expect((await nobody.refusal('resources/subscribe', { uri: INBOX })).message).toContain('NO_IDENTITY');
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Two names of threads with one hash, found by trying: some 2^16 names hold a pair. */
function collidingThreads(): [string, string] {
  const seen = new Map<string, string>();
  for (let n = 0; n < 1_000_000; n++) {
    const name = `t${n}`;
    const other = seen.get(threadHash(name));
    if (other !== undefined) return [other, name];
    seen.set(threadHash(name), name);
  }
  throw new Error('no two of a million names share a hash');
}
