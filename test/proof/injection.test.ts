/**
 * What one agent writes reaches another as the content of a message with its true sender, and nothing else: by every path a
 * parser recovers it, and no notice, doorbell, hook, error, listing or log holds a word of it.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { styleFor } from '../../src/cli/terminal.js';
import { waitFor } from '../../src/cli/wait.js';
import { listEvents } from '../../src/hooks/shapes.js';
import { composeNotice } from '../../src/wake/notice.js';
import { Desk } from '../cli/desk.js';
import { RelayClient, type ToolJson } from '../helpers/relay-client.js';
import { RelayWorld } from '../helpers/relay-world.js';
import { CLIENT, HookTest } from '../hooks/hook-desk.js';
import { BODIES, MARK } from './injection-bodies.js';

const SENDERS = ['alice', 'carol'] as const;
const senderOf = (index: number) => SENDERS[index % SENDERS.length] as string;

let world: RelayWorld;
let clients: RelayClient[];

beforeEach(() => {
  world = new RelayWorld({ maxMessageBytes: 1_048_576 });
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await world.close();
});

async function connect(agent: string, where = world): Promise<RelayClient> {
  const client = new RelayClient(where, agent);
  clients.push(client);
  await client.connect();
  return client;
}

/** Sends every body to bob, by turns of the senders; gives their ids. */
async function sendAll(): Promise<string[]> {
  const from = new Map<string, RelayClient>();
  for (const sender of SENDERS) from.set(sender, await connect(sender));
  const ids: string[] = [];
  for (const [index, message] of BODIES.entries()) {
    const { json, text, isError } = await (from.get(senderOf(index)) as RelayClient).call('dispatch', {
      target: 'bob',
      message,
      payload: { said: message.slice(0, 500) },
      idempotency_key: `key-${index}`,
    });
    expect(isError, text).toBe(false);
    // Nor does the answer to the sender repeat it.
    expect(text).not.toMatch(MARK);
    ids.push(json.id);
  }
  return ids;
}

interface Recovered {
  readonly from: string;
  readonly content: string;
}

/**
 * Reads all that comes, as a client does that knows nothing but JSON: `next` gives a further answer and the field that holds
 * its mail, until there is none. Long messages are fetched to their end.
 */
async function readAll(
  bob: RelayClient,
  next: () => Promise<{ text: string; field: string }>,
): Promise<Map<string, Recovered>> {
  const recovered = new Map<string, Recovered>();
  for (;;) {
    const { text, field } = await next();
    const answer = JSON.parse(text) as ToolJson;
    const shown: ToolJson[] = answer[field] ?? [];
    if (shown.length === 0) return recovered;
    // Whatever is not mail holds no word of it.
    const { [field]: _, ...rest } = answer;
    expect(JSON.stringify(rest)).not.toMatch(MARK);
    for (const message of shown) {
      expect(recovered.has(message.id), `${message.id} came twice`).toBe(false);
      let { content, next_offset: offset } = message;
      while (offset !== undefined) {
        const part = JSON.parse((await bob.call('peek', { message_id: message.id, offset })).text).messages[0];
        expect(part.from).toBe(message.from);
        content += part.content ?? '';
        offset = part.payload_part === undefined && part.content !== undefined ? part.next_offset : undefined;
      }
      recovered.set(message.id, { from: message.from, content });
    }
  }
}

function expectAll(recovered: ReadonlyMap<string, Recovered>, ids: readonly string[]): void {
  expect([...recovered.keys()].sort()).toEqual([...ids].sort());
  for (const [index, id] of ids.entries()) {
    const one = recovered.get(id);
    expect(one?.from).toBe(senderOf(index));
    expect(one?.content === BODIES[index], `body ${index} is not what was sent`).toBe(true);
  }
}

describe('every body', () => {
  it('is one of at least eighty', () => {
    expect(BODIES.length).toBeGreaterThanOrEqual(80);
    expect(new Set(BODIES).size).toBe(BODIES.length);
    for (const body of BODIES) expect(body).toMatch(MARK);
  });

  it('comes with its sender by peek', async () => {
    const ids = await sendAll();
    const bob = await connect('bob');
    const next = async () => ({ text: (await bob.call('peek')).text, field: 'messages' });
    expectAll(await readAll(bob, next), ids);
  });

  it('comes with its sender on the answer of another tool, also of one that fails', async () => {
    const ids = await sendAll();
    const bob = await connect('bob');
    const failed = await bob.call('dispatch', { target: 'bob', message: '' });
    expect([failed.isError, MARK.test(failed.text)]).toEqual([true, false]);
    const next = async () => ({
      text: (await bob.call('ack', { message_ids: ['msg-x'] })).text,
      field: 'new_messages',
    });
    expectAll(await readAll(bob, next), ids);
  });

  it('comes with its sender to a call that waits', async () => {
    const ids = await sendAll();
    const bob = await connect('bob');
    let left = ids.length;
    const next = async () => {
      const { text, json } = await bob.call('peek', left > 0 ? { wait_seconds: 30 } : {});
      left -= json.count;
      return { text, field: 'messages' };
    };
    expectAll(await readAll(bob, next), ids);
  });
});

describe('no word of a body', () => {
  it('is in a doorbell', async () => {
    await sendAll();
    const { relay } = world.process();
    const { pending } = await relay.mail.scan('bob', false);
    expect(pending).toHaveLength(BODIES.length);
    for (const some of [pending, ...pending.map((one) => [one])]) {
      const { text, from } = composeNotice('bob', some, world.clock.now());
      expect(text).not.toMatch(MARK);
      expect(text).toMatch(/^mcp-dispatch: [ -~]{1,590}$/);
      expect(from).toMatch(/^(alice|carol)(, (alice|carol))?$/);
    }
  });

  it('is in what a hook prints, at whatever moment and for whatever client', async () => {
    const hooks = new HookTest();
    try {
      const bob = await hooks.start('bob', { clientProcess: CLIENT });
      for (const [index, content] of BODIES.entries()) {
        const sender = await hooks.world.session(senderOf(index));
        await sender.send({ target: 'bob', content });
      }
      let said = 0;
      for (const { client, events } of listEvents()) {
        for (const event of events) {
          const { out, err } = await hooks.run({ client, event, input: { source: 'compact' } });
          expect(`${out}${err}`).not.toMatch(MARK);
          if (out !== '') said++;
        }
      }
      expect(said).toBeGreaterThanOrEqual(4);
      await bob.end();
    } finally {
      await hooks.close();
    }
  });

  it('is in a resource, a list of agents, or a prompt', async () => {
    await sendAll();
    const bob = await connect('bob');
    for (const uri of ['dispatch://inbox', 'dispatch://agents']) {
      const { contents } = await bob.request('resources/read', { uri });
      expect(contents[0].text).not.toMatch(MARK);
    }
    const { tools } = await bob.request('tools/list', {});
    expect(JSON.stringify(tools)).not.toMatch(MARK);
    for (const name of ['coordinate', 'collaborate'])
      expect(JSON.stringify(await bob.request('prompts/get', { name }))).not.toMatch(MARK);
  });

  it('is in what wait, tail, trace, who and stats print', async () => {
    const desk = new Desk({ maxMessageBytes: 1_048_576 });
    try {
      const bob = await desk.world.session('bob');
      const ids: string[] = [];
      for (const [index, content] of BODIES.entries()) {
        const sender = await desk.world.session(senderOf(index));
        ids.push((await sender.send({ target: 'bob', content })).message.id);
      }
      let printed = '';
      const terminal = {
        stdinIsTTY: false,
        columns: undefined,
        style: styleFor(false, {}),
        out: async (text: string) => {
          printed += text;
          return true;
        },
        err: (text: string) => {
          printed += text;
        },
        readInput: async () => Buffer.alloc(0),
      };
      const context = { env: {}, json: false, version: '1', terminal, open: () => Promise.reject(new Error('open')) };
      const never = new AbortController().signal;
      expect(await waitFor(context, desk.relay, { follow: false }, { agent: 'bob' }, never)).toBe(0);
      expect(printed).toContain(`${BODIES.length} unread messages for bob`);
      for (const argv of [
        ['tail', '--limit', '100'],
        ['who'],
        ['stats'],
        ...ids.slice(0, 5).map((id) => ['trace', id]),
      ]) {
        const { out, err, code } = await desk.run(argv);
        expect([argv, code]).toEqual([argv, 0]);
        printed += out + err;
      }
      expect(printed).not.toMatch(MARK);
      await bob.end();
    } finally {
      await desk.world.close();
    }
  });
});
