/** The handlers of the four tools on a relay in memory, called as a client calls them. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import type { Store } from '../../src/store/store.js';
import { RelayClient, type ToolAnswer, type ToolJson } from '../helpers/relay-client.js';
import { foreignMessage, MINUTE, RelayWorld, START, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let clients: RelayClient[];

beforeEach(() => {
  world = new RelayWorld();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
});

async function client(agent: string, maxReplyBytes = 10_240, where = world): Promise<RelayClient> {
  const made = new RelayClient(where, agent, { maxReplyBytes });
  clients.push(made);
  await made.connect();
  return made;
}

const bytes = (answer: ToolAnswer) => Buffer.byteLength(answer.text);

// What is found is reported in time, without the last bit of shrinking; a slow machine makes fewer runs.
const RUNS = { numRuns: 25, interruptAfterTimeLimit: 20_000 };

// One to four bytes of UTF-8 a character, one to six of JSON.
const anyText = (maxLength: number) =>
  fc.string({
    unit: fc.constantFrom('a', ' ', '"', '\\', '\n', '\u0001', '\u00e9', '\u20ac', '\u{1f600}'),
    maxLength,
    size: 'max',
  });

const draft = fc.record(
  {
    message: fc
      .oneof({ weight: 4, arbitrary: anyText(60) }, { weight: 1, arbitrary: anyText(6000) })
      .map((text) => `m${text}`),
    priority: fc.constantFrom('normal', 'urgent'),
    thread_id: anyText(128).map((text) => `t${text.replace(/\p{Cc}/gu, '')}`.slice(0, 60).toWellFormed()),
    payload: fc.dictionary(anyText(10), anyText(3000), { maxKeys: 3 }),
    must_read: fc.boolean(),
    ttl: fc.nat(1000),
  },
  { requiredKeys: ['message'] },
);

describe('replies', () => {
  it('never exceed their budget, and show every message once, whatever the mail', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(draft, { maxLength: 25, size: 'max' }),
        fc.integer({ min: 2048, max: 12_000 }),
        async (drafts, budget) => {
          const own = new RelayWorld();
          const [alice, bob] = [await client('alice', budget, own), await client('bob', budget, own)];
          const sent = new Set<string>();
          for (const one of drafts) {
            const answer = await alice.call('dispatch', { target: 'bob', ...one });
            expect(answer.isError ? answer.text : '').toBe('');
            expect(bytes(answer)).toBeLessThanOrEqual(budget);
            sent.add(answer.json.id);
          }
          const shown: string[] = [];
          for (let calls = 0; ; calls++) {
            if (calls > 3 * drafts.length + 3) throw new Error('the mail comes to no end');
            const answer = await bob.call(calls % 3 === 0 ? 'who' : 'peek', calls % 3 === 2 ? { limit: 3 } : {});
            expect(bytes(answer)).toBeLessThanOrEqual(budget);
            const messages: ToolJson[] = answer.json.messages ?? answer.json.new_messages ?? [];
            shown.push(...messages.map(({ id }) => id));
            if (calls % 3 !== 0 && answer.json.more === undefined) break;
          }
          expect(shown.sort()).toEqual([...sent].sort());
          const kept: string[] = [];
          for (let cursor: string | undefined, pages = 0; ; pages++) {
            if (pages > 3 * drafts.length + 3) throw new Error('the pages come to no end');
            const answer = await bob.call('peek', { include_read: true, ...(cursor === undefined ? {} : { cursor }) });
            expect(answer.isError ? answer.text : '').toBe('');
            expect(bytes(answer)).toBeLessThanOrEqual(budget);
            kept.push(...answer.json.messages.map(({ id }: ToolJson) => id));
            cursor = answer.json.next_cursor;
            if (cursor === undefined) break;
          }
          expect(kept.sort()).toEqual([...sent].sort());
          expect(bytes(await alice.call('peek'))).toBeLessThanOrEqual(budget);
          const ack = await bob.call('ack', { message_ids: [...sent, 'x'.repeat(100)] });
          expect([ack.json.acked, bytes(ack) <= budget]).toEqual([sent.size, true]);
          await own.close();
        },
      ),
      RUNS,
    );
  });

  it('give a message of any text in parts that make it up exactly', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        anyText(8000).map((text) => `m${text}`),
        fc.option(fc.dictionary(anyText(10), anyText(5000), { maxKeys: 2 })),
        fc.integer({ min: 2048, max: 10_240 }),
        async (message, payload, budget) => {
          const own = new RelayWorld();
          const [alice, bob] = [await client('alice', 10_240, own), await client('bob', budget, own)];
          await alice.call('dispatch', { message, target: 'bob', payload });
          let content = '';
          let pieces = '';
          let whole: unknown;
          let part = (await bob.call('peek')).json.messages[0];
          const { id } = part;
          for (let parts = 1; ; parts++) {
            content += part.content ?? '';
            pieces += part.payload_part ?? '';
            whole ??= part.payload;
            if (part.next_offset === undefined) break;
            if (parts > 100) throw new Error('the parts come to no end');
            const answer = await bob.call('peek', { message_id: id, offset: part.next_offset });
            expect(answer.isError ? answer.text : '').toBe('');
            expect(bytes(answer)).toBeLessThanOrEqual(budget);
            part = answer.json.messages[0];
          }
          expect(content).toBe(message);
          expect(JSON.stringify(whole ?? (pieces === '' ? null : JSON.parse(pieces)))).toBe(JSON.stringify(payload));
          await own.close();
        },
      ),
      RUNS,
    );
  });

  it('are one object, the same as text and as structured content', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await alice.call('dispatch', { message: 'hi', target: 'bob', payload: { a: ['\u20ac', null] } });
    for (const answer of [await bob.call('who'), await bob.call('peek'), await alice.call('peek')]) {
      expect(JSON.parse(answer.text)).toEqual(answer.json);
    }
  });

  it('show mail of another program without its null and default fields, and within the budget', async () => {
    await world.put(
      `bob/${START}-alice.json`,
      foreignMessage({ payload: null, ttl: 0, thread_id: null, reply_to: null }),
    );
    await world.put(
      'bob/x.json',
      foreignMessage({ id: 'big', content: 'x'.repeat(1_000_000), thread_id: '\u0001'.repeat(128) }),
    );
    const bob = await client('bob');
    const answer = await bob.call('peek', { limit: 1 });
    expect(answer.json.messages).toEqual([
      {
        id: 'msg-foreign00001',
        from: 'alice',
        timestamp: new Date(START).toISOString(),
        age_seconds: 0,
        content: 'hello from elsewhere',
      },
    ]);
    const big = await bob.call('peek');
    expect(big.json.messages[0]).toMatchObject({ id: 'big', content_bytes: 1_000_000 });
    expect(bytes(big)).toBeLessThanOrEqual(10_240);
  });
});

describe('calls that come together', () => {
  it('run one after the other, in the order they came, though the first takes its time', async () => {
    const steps: string[] = [];
    const own = new RelayWorld({
      wrap: (store) =>
        withFaults(store, {
          createAll: async (entries, options) => {
            const sends = entries.filter(({ key }) => key.startsWith('bob/'));
            steps.push(...sends.map(() => 'begins'));
            if (steps.length === 1) await new Promise(setImmediate);
            const outcomes = await store.createAll(entries, options);
            steps.push(...sends.map(() => 'ends'));
            return outcomes;
          },
        }),
    });
    const alice = await client('alice', undefined, own);
    const sends = ['one', 'two'].map((message) => alice.call('dispatch', { message, target: 'bob' }));
    expect((await Promise.all(sends)).map(({ isError }) => isError)).toEqual([false, false]);
    expect(steps).toEqual(['begins', 'ends', 'begins', 'ends']);
    const bob = await client('bob', undefined, own);
    expect((await bob.call('peek')).json.messages.map(({ content }: ToolJson) => content)).toEqual(['one', 'two']);
    await own.close();
  });
});

describe('dispatch', () => {
  it('answers with what is known and nothing that is null or default', async () => {
    const alice = await client('alice');
    const { json } = await alice.call('dispatch', { message: 'hi', target: 'bob' });
    expect(json).toEqual({
      sent: true,
      id: expect.stringMatching(/^msg-[0-9a-z]{12}$/),
      from: 'alice',
      to: 'bob',
      priority: 'normal',
      queued_to: ['bob'],
      not_listening: ['bob'],
      note: expect.stringContaining('No session has ever served "bob"'),
    });
  });

  it('names apart those where nobody listens and those of whom that is unknown; who says why', async () => {
    const [alice, bob, carol] = [await client('alice'), await client('bob'), await client('carol')];
    for (const one of [bob, carol]) await one.call('who');
    await carol.close();
    world.clock.advance(11 * MINUTE);
    const { json } = await alice.call('dispatch', { message: 'hi', target: 'all' });
    expect(json).toMatchObject({ queued_to: ['bob', 'carol'], not_listening: ['carol'], listening_unknown: ['bob'] });
    const answer = (await alice.call('who')).json;
    expect([...answer.agents, ...answer.known]).toMatchObject([
      { agent_id: 'alice', listening: 'yes', listening_reason: 'called a tool in the last minute' },
      { agent_id: 'bob', listening: 'unknown', listening_reason: 'live; no tool called for 11 min' },
      { agent_id: 'carol', listening: 'no', listening_reason: 'no session; last served within the hour' },
    ]);
  });

  it('to a hundred agents names as many as there is room for and counts the others', async () => {
    const roster = Array.from({ length: 300 }, (_, index) => `${'n'.repeat(40)}-${index}`);
    world = new RelayWorld({ roster: ['alice', ...roster] });
    const alice = await client('alice', 4096);
    const answer = await alice.call('dispatch', { message: 'hi', target: 'all' });
    expect(bytes(answer)).toBeLessThanOrEqual(4096);
    expect(answer.json.queued_to.length + answer.json.queued_to_more).toBe(300);
    expect(answer.json.not_listening.length + answer.json.not_listening_more).toBe(300);
  });
});

describe('mail that rides along', () => {
  it('is new once, is counted as unacked from the next reply on, and leaves with its acknowledgement', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const { id } = (await alice.call('dispatch', { message: 'hi', target: 'bob' })).json;
    const first = (await bob.call('who')).json;
    expect(first.new_messages).toMatchObject([{ id, content: 'hi' }]);
    expect(first.unacked).toBeUndefined();
    const second = (await bob.call('who')).json;
    expect([second.new_messages, second.unacked]).toEqual([undefined, 1]);
    expect((await bob.call('ack', { message_ids: [id] })).json).toEqual({ agent_id: 'bob', acked: 1 });
    expect((await alice.call('peek')).json.sent_receipts).toMatchObject([{ id, to: 'bob', state: 'acked' }]);
    expect((await alice.call('peek')).json.sent_receipts).toBeUndefined();
  });

  it('does not come with an error: that consumes nothing', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await alice.call('dispatch', { message: 'hi', target: 'bob' });
    expect((await bob.call('dispatch', { message: '', target: 'alice' })).isError).toBe(true);
    expect((await bob.call('dispatch', { message: 'hi', target: '../x' })).isError).toBe(true);
    expect((await bob.call('peek')).json.count).toBe(1);
  });
});

describe('peek', () => {
  it('of nothing is an empty list', async () => {
    expect((await (await client('bob')).call('peek')).json).toEqual({ agent_id: 'bob', messages: [], count: 0 });
  });

  it('that fails after it has claimed mail gives it back as new', async () => {
    const faults: Partial<Store> = {};
    world = new RelayWorld({ wrap: (store) => withFaults(store, faults) });
    const [alice, bob] = [await client('alice'), await client('bob')];
    await alice.call('dispatch', { message: 'hi', target: 'bob' });
    faults.list = async (prefix) => {
      if (prefix === 'bob/read') throw new DispatchError('STORE_UNAVAILABLE', 'Cannot list bob/read: EMFILE.');
      return world.memory.list(prefix);
    };
    const failed = await bob.call('peek', { include_read: true });
    expect([failed.isError, failed.text]).toEqual([true, 'STORE_UNAVAILABLE: Cannot list bob/read: EMFILE.']);
    delete faults.list;
    const { messages } = (await bob.call('peek')).json;
    expect(messages).toMatchObject([{ content: 'hi' }]);
    expect(messages[0].redelivered).toBeUndefined();
  });

  it('tells unread mail that expired from mail that was handled', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const { id } = (await alice.call('dispatch', { message: 'hi', target: 'bob', ttl: 60 })).json;
    world.clock.advance(60_000);
    expect((await bob.call('peek')).json.count).toBe(0);
    // The sweep that the peek of bob began goes on behind its answer.
    await vi.waitFor(async () => {
      const { sent_receipts } = (await alice.call('peek')).json;
      expect(sent_receipts).toMatchObject([{ id, to: 'bob', state: 'expired', never_read: true }]);
    });
    const [byId] = (await alice.call('peek', { message_id: id })).json.sent_receipts;
    expect(byId).toMatchObject({ state: 'expired', never_read: true });
  });

  it('by id shows a message that was read before, and does not count that one as left over', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const { id } = (await alice.call('dispatch', { message: 'one', target: 'bob' })).json;
    await bob.call('peek');
    const { json } = await bob.call('peek', { message_id: id });
    expect(json).toMatchObject({ messages: [{ id, content: 'one', state: 'read' }], count: 1 });
    expect(json.unacked).toBeUndefined();
  });

  it("by id tells the sender where its message is, and nobody else's", async () => {
    const [alice, bob, eve] = [await client('alice'), await client('bob'), await client('eve')];
    const { id } = (await alice.call('dispatch', { message: 'one', target: 'bob' })).json;
    expect((await alice.call('peek', { message_id: id })).json.sent_receipts).toEqual([
      { id, to: 'bob', state: 'pending' },
    ]);
    const refused = await eve.call('peek', { message_id: id });
    expect([refused.isError, refused.text]).toEqual([true, expect.stringContaining('NOT_FOUND')]);
    expect((await bob.call('peek')).json.count).toBe(1);
  });

  it('with a limit that new mail uses up goes on to the read mail by its cursor', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await alice.call('dispatch', { message: 'old', target: 'bob' });
    await bob.call('peek');
    await alice.call('dispatch', { message: 'new', target: 'bob' });
    const first = (await bob.call('peek', { include_read: true, limit: 1 })).json;
    expect(first.messages).toMatchObject([{ content: 'new' }]);
    const next = await bob.call('peek', { include_read: true, limit: 5, cursor: first.next_cursor });
    expect(next.isError ? next.text : next.json.messages.map(({ content }: ToolJson) => content)).toContain('old');
  });
});

describe('ack', () => {
  it("of others' ids and of none there names them, within the budget", async () => {
    const [alice, bob, eve] = [await client('alice'), await client('bob'), await client('eve', 2048)];
    const { id } = (await alice.call('dispatch', { message: 'one', target: 'bob' })).json;
    expect((await eve.call('ack', { message_ids: [id, id] })).json).toEqual({
      agent_id: 'eve',
      acked: 0,
      not_found: [id],
    });
    const many = await eve.call('ack', { message_ids: Array.from({ length: 1000 }, (_, index) => `msg-${index}`) });
    expect(bytes(many)).toBeLessThanOrEqual(2048);
    expect(many.json.not_found.length + many.json.not_found_more).toBe(1000);
    expect((await bob.call('peek')).json.count).toBe(1);
  });
});

describe('who', () => {
  it('pages through more agents than one reply holds, each once', async () => {
    const bob = await client('bob', 2048);
    for (let number = 0; number < 60; number++) await (await world.session(`agent-${number}`)).end();
    await world.session('zoe');
    const names: string[] = [];
    for (let cursor: string | undefined, pages = 0; ; pages++) {
      if (pages > 50) throw new Error('the pages come to no end');
      const answer = await bob.call('who', cursor === undefined ? {} : { cursor });
      expect(bytes(answer)).toBeLessThanOrEqual(2048);
      names.push(...[...answer.json.agents, ...(answer.json.known ?? [])].map(({ agent_id }) => agent_id));
      cursor = answer.json.next_cursor;
      if (cursor === undefined) break;
    }
    expect([names.length, new Set(names).size]).toEqual([62, 62]);
    expect(names.slice(0, 2)).toEqual(['bob', 'zoe']);
  });

  it('shows an agent with more sessions than one reply holds, and gets past it', async () => {
    const bob = await client('bob', 2048);
    await Promise.all(Array.from({ length: 60 }, () => world.session('busy')));
    await world.session('zoe');
    const seen: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 5; pages++) {
      const answer = await bob.call('who', cursor === undefined ? {} : { cursor });
      expect(bytes(answer)).toBeLessThanOrEqual(2048);
      seen.push(...answer.json.agents.map(({ agent_id }: ToolJson) => agent_id));
      cursor = answer.json.next_cursor;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(['bob', 'busy', 'zoe']);
  });
});
