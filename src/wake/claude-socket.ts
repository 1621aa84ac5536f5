/**
 * The inbox of a Claude Code session: a socket that the client names in the environment of its servers. One line written
 * there starts a turn of an idle session, and lands beside the next tool result of a busy one.
 *
 * Other programs that were started from that session inherit the variables, so they count only where the client that said
 * `initialize` is Claude Code. The line never has `priority: "now"`, which would abort a running tool call, and no
 * `session_id`, which changes under a running server.
 */
import type { Socket } from 'node:net';
import { basename } from 'node:path';
import { errnoOf } from '../model/errors.js';
import { lazyBuiltin } from '../model/lazy-builtin.js';
import { type Attempt, CLAUDE_CODE, type Connection, type Method } from './method.js';
import type { Notice } from './notice.js';

/** From connecting to the end, in milliseconds. */
export const SOCKET_BOUND_MS = 2000;

const net = lazyBuiltin<typeof import('node:net')>('node:net');

export interface ClaudeInbox {
  /** CLAUDE_CODE_MESSAGING_SOCKET, unless it is another session's. */
  readonly path: string | undefined;
  /** CLAUDE_CODE_MESSAGING_TOKEN */
  readonly token: string | undefined;
  /** Why this path must not be written to; undefined for a socket of our own that no other user could have put there. */
  findProblem(path: string): string | undefined;
}

export class ClaudeSocket implements Method {
  readonly name = 'claude-socket';
  /** True since the last attempt failed. */
  failing = false;

  constructor(
    private readonly connection: Connection,
    private readonly inbox: ClaudeInbox,
  ) {}

  obstacle(): string | undefined {
    if (this.connection.client !== CLAUDE_CODE) return 'the client is not Claude Code';
    const { path } = this.inbox;
    if (!path) return 'the client gave no socket';
    return this.inbox.findProblem(path);
  }

  async ring({ text }: Notice): Promise<Attempt> {
    const { path, token } = this.inbox;
    const lines = [
      ...(token ? [{ type: 'auth', token }] : []),
      { type: 'user', message: { role: 'user', content: text } },
    ];
    const attempt = await write(path ?? '', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    this.failing = attempt.outcome === 'failed';
    return attempt;
  }
}

/**
 * True where the variables are those of a session of Claude Code from whose shell this client was started: one that makes no
 * socket of its own, as an older version or one that its organisation forbids it, hands them on to its servers. Such a shell
 * says in CLAUDE_PID whose it is, and the socket has its name from that. `client` finds the PID of our own client.
 */
export function isInherited(env: NodeJS.ProcessEnv, client: () => number | undefined): boolean {
  const { CLAUDE_CODE_MESSAGING_SOCKET: path, CLAUDE_PID } = env;
  if (!path || !CLAUDE_PID || basename(path) !== `${CLAUDE_PID}.sock`) return false;
  return client() !== Number(CLAUDE_PID);
}

/** The client closes when it has read to the end, which is all the answer there is. */
function write(path: string, data: string): Promise<Attempt> {
  return new Promise((resolve) => {
    let socket: Socket | undefined;
    let written = false;
    const settle = (attempt: Attempt) => {
      clearTimeout(timer);
      socket?.destroy();
      resolve(attempt);
    };
    const timer = setTimeout(
      () =>
        settle(
          written
            ? { outcome: 'unconfirmed', why: 'written, and not closed by the client' }
            : { outcome: 'failed', why: 'the socket does not answer' },
        ),
      SOCKET_BOUND_MS,
    );
    timer.unref();
    try {
      socket = net().connect({ path });
      socket.unref();
      socket.on('error', (error) =>
        settle({ outcome: 'failed', why: `the socket cannot be written (${errnoOf(error) ?? 'unknown error'})` }),
      );
      socket.on('finish', () => {
        written = true;
      });
      socket.on('close', () =>
        settle(written ? { outcome: 'rung' } : { outcome: 'failed', why: 'the socket was closed by the client' }),
      );
      // Nothing is expected back, but the end is only seen by whoever reads.
      socket.resume();
      socket.end(data);
    } catch (error) {
      settle({ outcome: 'failed', why: `the socket cannot be used (${errnoOf(error) ?? 'unknown error'})` });
    }
  });
}
