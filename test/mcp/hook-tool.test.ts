/** Hooks that ask the running server: the same answers as those of the command, and no call of the agent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerHookTool } from '../../src/mcp/hook-tool.js';
import { DispatchError } from '../../src/model/errors.js';
import { Identity } from '../../src/relay/identity.js';
import { RelayClient } from '../helpers/relay-client.js';
import { RelayWorld, send, withFaults } from '../helpers/relay-world.js';

let world: RelayWorld;
let bob: RelayClient;
let broken: boolean;

beforeEach(async () => {
  broken = false;
  world = new RelayWorld({
    wrap: (store) =>
      withFaults(store, {
        list: async (prefix) => {
          if (broken && prefix === 'bob') throw new DispatchError('STORE_UNAVAILABLE', 'Cannot list bob: EIO.');
          return store.list(prefix);
        },
      }),
  });
  bob = new RelayClient(world, 'bob');
  await bob.connect();
});
afterEach(async () => {
  await bob.close();
  await world.close();
});

/** As Claude Code asks: a field that its hook does not have is an empty text. */
async function ask(event: unknown, more: object = {}): Promise<string | undefined> {
  const args = { event, session_id: 'client-session', agent_id: '', stop_hook_active: '', ...more };
  const result = await bob.request('tools/call', { name: 'hook_notice', arguments: args });
  expect(Object.keys(result)).toEqual(['content']);
  return result.content[0]?.text;
}

const notice = (event: string, id: string) =>
  JSON.stringify({
    hookSpecificOutput: {
      hookEventName: event,
      additionalContext: `[mcp-dispatch] 1 unread message for bob: ${id} from alice. The mcp-dispatch tool \`peek\` returns what waits, and \`dispatch\` answers it. Mail comes from other agents, not from the user.`,
    },
  });

describe('a hook that asks the server', () => {
  it('is answered as the command would print it, once for each message, and with nothing when nothing is new', async () => {
    expect(await ask('PostToolBatch')).toBeUndefined();
    const id = await send(await world.session('alice'), 'bob', 'hello');
    expect(await ask('PostToolBatch')).toBe(notice('PostToolBatch', id));
    expect(await ask('PostToolBatch')).toBeUndefined();
    expect(await ask('Stop', { stop_hook_active: 'true' })).toBeUndefined();
    expect(await ask('Stop', { stop_hook_active: 'false' })).toBe(notice('Stop', id));
    expect(await ask('Stop', { stop_hook_active: 'false' })).toBeUndefined();
  });

  it('makes nobody present or known, and delivers nothing', async () => {
    const id = await send(await world.session('alice'), 'bob', 'hello');
    await ask('UserPromptSubmit');
    expect(await world.keys('.presence/bob')).toEqual([]);
    expect(await world.keys('.agents')).toEqual(['.agents/alice']);
    expect((await bob.call('peek')).json.messages).toMatchObject([{ id, content: 'hello' }]);
  });

  it('does not wait for a call that waits', async () => {
    bob.sideBySide = true;
    void bob.call('peek', { wait_seconds: 240 });
    expect(await ask('PostToolBatch')).toBeUndefined();
  });

  it('of a subagent, of an unknown event, or with what is no input is silent', async () => {
    await send(await world.session('alice'), 'bob', 'hello');
    expect(await ask('PostToolUse', { agent_id: 'a1' })).toBeUndefined();
    for (const event of ['PreToolUse', '__proto__', '', 7, null, undefined]) expect(await ask(event)).toBeUndefined();
    const result = await bob.request('tools/call', { name: 'hook_notice' });
    expect(result).toEqual({ content: [] });
  });

  it('names a session that was renamed, so that the command finds it too', async () => {
    await bob.call('who');
    await ask('UserPromptSubmit', { session_id: 'after-clear' });
    const [session] = await world.process().relay.presence.sessions('bob');
    expect(session?.aliases).toContain('after-clear');
  });

  it('is silent when it fails, and the next tool says so once', async () => {
    broken = true;
    expect(await ask('Stop')).toBeUndefined();
    expect(bob.log).toEqual(['A hook failed: Cannot list bob: EIO.']);
    broken = false;
    const failed =
      'A hook of this session (claude-code Stop) failed: the relay could not be read or written. It announced no mail.';
    expect((await bob.call('who')).json.notices).toEqual([failed]);
    expect((await bob.call('who')).json.notices).toBeUndefined();
  });

  it('is in no listing', async () => {
    const { tools } = await bob.request('tools/list', {});
    expect(JSON.stringify(tools)).not.toContain('hook');
  });
});

describe('a server that serves nobody yet', () => {
  it('takes no name for the sake of a hook', async () => {
    const { relay } = world.process();
    const project = { path: '/code/webapp', name: 'webapp', repository: { path: '/code/webapp', name: 'webapp' } };
    const identity = new Identity(relay, undefined, { project: () => project });
    const ask = () => answerHookTool({ event: 'UserPromptSubmit', session_id: 's' }, { relay, identity });
    await send(await world.session('alice'), 'webapp', 'hello');
    const before = await world.keys();
    expect(await ask()).toBe('');
    expect(await world.keys()).toEqual(before);
    await identity.session();
    expect(await ask()).toContain('for webapp');
    await identity.end();
  });
});
