/** Which methods are tried, in which order, and where the ladder ends. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ClaudeChannel } from '../../src/wake/claude-channel.js';
import { Ladder } from '../../src/wake/ladder.js';
import type { Attempt, Connection, Method, MethodName } from '../../src/wake/method.js';
import { composeNotice } from '../../src/wake/notice.js';
import { START } from '../helpers/relay-world.js';
import { candidate } from './candidates.js';

const notice = composeNotice('bob', [candidate('msg-a'), candidate('msg-b')], START);
const RUNG: Attempt = { outcome: 'rung' };
const FAILED: Attempt = { outcome: 'failed', why: 'no luck' };
const UNCONFIRMED: Attempt = { outcome: 'unconfirmed', why: 'who knows' };

let noted: [MethodName, Attempt][];
beforeEach(() => {
  noted = [];
});

const method = (name: MethodName, attempt: Attempt, obstacle?: string): Method => ({
  name,
  obstacle: () => obstacle,
  ring: async () => attempt,
});

const ladder = (...methods: Method[]) =>
  new Ladder(methods, async (name, attempt, about) => {
    expect(about).toBe(notice);
    noted.push([name, attempt]);
  });

describe('the ladder', () => {
  it('ends with the first method that has rung', async () => {
    await ladder(method('claude-socket', RUNG), method('command', RUNG)).ring(notice);
    expect(noted).toEqual([['claude-socket', RUNG]]);
  });

  it('goes on after one that failed and one that nothing is known of, and notes each', async () => {
    await ladder(
      method('claude-socket', FAILED),
      method('claude-channel', UNCONFIRMED),
      method('command', RUNG),
      method('codex-queue', RUNG),
    ).ring(notice);
    expect(noted).toEqual([
      ['claude-socket', FAILED],
      ['claude-channel', UNCONFIRMED],
      ['command', RUNG],
    ]);
  });

  it('neither tries nor names what cannot be tried', async () => {
    const methods = ladder(method('claude-socket', RUNG, 'no socket'), method('command', RUNG));
    expect(methods.available()).toEqual(['command']);
    await methods.ring(notice);
    expect(noted).toEqual([['command', RUNG]]);
    noted = [];
    await ladder(method('command', RUNG, 'none')).ring(notice);
    expect(noted).toEqual([]);
  });
});

describe('the channel', () => {
  it('is a notification of the notice and the number, and never counts as rung', async () => {
    const sent: [string, unknown][] = [];
    const notify = async (name: string, params: object) => {
      sent.push([name, params]);
    };
    const channel = new ClaudeChannel({ client: 'claude-code', notify }, undefined);
    expect(await channel.ring(notice)).toEqual({ outcome: 'unconfirmed', why: 'sent; the client confirms nothing' });
    expect(sent).toEqual([['notifications/claude/channel', { content: notice.text, meta: { count: '2' } }]]);
  });

  it('is there for Claude Code alone, and where its socket is not, or has just failed', () => {
    const notify = async () => {};
    const channel = (connection: Connection, socket?: { failing: boolean; obstacle: () => string | undefined }) =>
      new ClaudeChannel({ notify, ...connection }, socket).obstacle();
    const claude = { client: 'claude-code' };
    expect(channel({ client: 'codex-mcp-client' })).toBe('the client is not Claude Code');
    expect(channel({})).toBe('the client is not Claude Code');
    expect(channel(claude)).toBeUndefined();
    expect(channel(claude, { failing: false, obstacle: () => 'no socket' })).toBeUndefined();
    expect(channel(claude, { failing: false, obstacle: () => undefined })).toBe('the socket does the same');
    expect(channel(claude, { failing: true, obstacle: () => undefined })).toBeUndefined();
  });

  it('of a closed connection is an attempt that failed', async () => {
    const notify = async () => {
      throw new Error('Not connected');
    };
    const channel = new ClaudeChannel({ client: 'claude-code', notify }, undefined);
    expect(await channel.ring(notice)).toEqual({ outcome: 'failed', why: 'the connection is closed' });
  });
});
