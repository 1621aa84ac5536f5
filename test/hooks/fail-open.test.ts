/** A hook that fails stops nobody: it is silent, and the session's server says so once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DispatchError } from '../../src/model/errors.js';
import { RelayClient } from '../helpers/relay-client.js';
import { DAY, send, withFaults } from '../helpers/relay-world.js';
import { CLIENT, HookTest } from './hook-desk.js';

let hooks: HookTest;
let clients: RelayClient[];
let broken = false;

beforeEach(() => {
  broken = false;
  clients = [];
  hooks = new HookTest((store) =>
    withFaults(store, {
      list: async (prefix) => {
        if (broken && prefix === 'bob') throw new DispatchError('STORE_UNAVAILABLE', 'Cannot list bob: EIO.');
        return store.list(prefix);
      },
    }),
  );
});
afterEach(async () => {
  for (const client of clients) await client.close();
  await hooks.close();
});

/** A server of bob's, as its client meets it, and that its client is known. */
async function server() {
  const process = hooks.world.process();
  const client = new RelayClient(hooks.world, 'bob', { process });
  clients.push(client);
  await client.connect();
  await client.call('who');
  const [session] = await process.relay.presence.sessions('bob');
  const record = { ...session, session: session?.session ?? '', clientProcess: CLIENT };
  if (session !== undefined) await process.relay.presence.announce('bob', record as never);
  return client;
}

const BAD = [
  ['no JSON', 'not json', 'its input was not one JSON object'],
  ['half of a JSON object', '{"session_id":', 'its input was not one JSON object'],
  ['a list', '[]', 'its input was not one JSON object'],
  ['null', 'null', 'its input was not one JSON object'],
  ['nothing', '', 'its input was not one JSON object'],
  ['two objects', '{}{}', 'its input was not one JSON object'],
  ['more than 1 MiB', 'too large', 'its input was larger than 1 MiB'],
  ['no end', 'too slow', 'its input did not end in time'],
] as const;

describe('an input that is', () => {
  it.each(BAD)('%s is answered with silence, and told once by the next tool', async (_, raw, why) => {
    const bob = await server();
    await send(await hooks.start('alice', {}), 'bob', 'hello');
    for (const _again of [1, 2]) expect(await hooks.run({ event: 'PostToolBatch', raw })).toEqual({ out: '', err: '' });
    const told = `A hook of this session (claude-code PostToolBatch) failed: ${why}. It announced no mail.`;
    expect((await bob.call('peek')).json.notices).toEqual([told]);
    expect((await bob.call('who')).json.notices).toBeUndefined();
    expect(await hooks.world.keys('.hooks')).toEqual([]);
  });

  it('JSON with a byte order mark is understood', async () => {
    await hooks.start('bob');
    await send(await hooks.start('alice', {}), 'bob', 'hello');
    expect((await hooks.run({ event: 'PostToolBatch', raw: '\ufeff{"session_id":"s"}' })).out).toContain('unread');
  });

  it.each([{}, { session_id: 7 }, { session_id: '' }, { session_id: 's'.repeat(129) }, { session_id: null }])(
    'an object without a session id, %j, finds its session by the process',
    async (input) => {
      await hooks.start('bob');
      await send(await hooks.start('alice', {}), 'bob', 'hello');
      expect((await hooks.run({ event: 'PostToolBatch', raw: JSON.stringify(input) })).out).toContain('unread');
    },
  );
});

describe('a relay that fails', () => {
  it('is said on stderr in one line, and by the server once it can', async () => {
    const bob = await server();
    broken = true;
    expect(await hooks.run({ event: 'Stop' })).toEqual({ out: '', err: 'mcp-dispatch hook: Cannot list bob: EIO.\n' });
    broken = false;
    expect((await bob.call('who')).json.notices).toEqual([
      'A hook of this session (claude-code Stop) failed: the relay could not be read or written. It announced no mail.',
    ]);
  });

  it('is no more than a line when it cannot be opened at all', async () => {
    let err = '';
    const { runHook } = await import('../../src/cli/hook.js');
    await runHook(['codex', 'Stop'], {
      env: {},
      open: async () => {
        throw new DispatchError('CONFIG_INVALID', 'config.toml:1:1:\u001b[2J wrong.');
      },
      read: async () => Buffer.from('{}'),
      out: () => expect.unreachable(),
      err: (text) => {
        err += text;
      },
    });
    expect(err).toBe('mcp-dispatch hook: config.toml:1:1:\ufffd[2J wrong.\n');
  });
});

describe('what is told of failures', () => {
  it('goes to the session whose hook it was, and comes only from names that hooks give', async () => {
    const bob = await server();
    const [{ session = '' } = {}] = await hooks.world.process().relay.presence.sessions('bob');
    for (const name of [
      `failed~${session}~claude-code~Stop~because I say so`,
      `failed~${session}~claude-code~Stop~constructor`,
      `failed~${session}~claude-code~Approve~input_not_json`,
      `failed~${session}~toString~Stop~input_not_json`,
      `failed~${'x'.repeat(20)}~claude-code~Stop~input_not_json`,
      'failed~',
    ])
      await hooks.world.put(`.hooks/bob/${name}`, '');
    expect((await bob.call('who')).json.notices).toBeUndefined();
  });

  it('waits for a reply that was written', async () => {
    const bob = await server();
    await hooks.run({ event: 'Stop', raw: 'x' });
    expect((await bob.call('ack', { message_ids: 7 })).isError).toBe(true);
    expect((await bob.call('who')).json.notices).toHaveLength(1);
  });
});

describe('an unknown command line', () => {
  it.each([
    ['claude-code', 'PreToolUse'],
    ['claude-code'],
    ['emacs', 'Stop'],
    ['__proto__', 'toString'],
    ['codex', '__proto__'],
  ])('%j %j is said on stderr, and no input is read', async (...argv) => {
    const { runHook } = await import('../../src/cli/hook.js');
    const said: string[] = [];
    await runHook(argv, {
      env: {},
      open: () => expect.unreachable(),
      read: () => expect.unreachable(),
      out: () => expect.unreachable(),
      err: (text) => said.push(text),
    });
    expect(said).toEqual([`mcp-dispatch hook: unknown: ${argv.join(' ')}\n`]);
  });

  it('with --help, or nothing at all, lists the clients and their events', async () => {
    for (const argv of [[], ['--help'], ['codex', 'Stop', '-h']]) {
      const { runHook } = await import('../../src/cli/hook.js');
      let out = '';
      await runHook(argv, {
        env: {},
        open: () => expect.unreachable(),
        read: () => expect.unreachable(),
        out: (text) => {
          out += text;
        },
        err: () => expect.unreachable(),
      });
      expect(out).toContain('  gemini-cli   SessionStart, BeforeAgent, AfterTool, AfterAgent\n');
    }
  });
});

describe('a sweep', () => {
  it('forgets what hooks have left after seven days, and no sooner', async () => {
    await hooks.start('bob');
    await send(await hooks.start('alice', {}), 'bob', 'hello');
    await hooks.run({ event: 'PostToolBatch' });
    await hooks.run({ event: 'Stop', raw: 'x' });
    const { sweeper } = hooks.world.process().relay;
    hooks.world.clock.advance(7 * DAY);
    await sweeper.sweep();
    expect(await hooks.world.keys('.hooks')).toHaveLength(2);
    hooks.world.clock.advance(1);
    await sweeper.sweep();
    expect(await hooks.world.keys('.hooks')).toEqual([]);
  });
});
