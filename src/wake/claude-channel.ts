/**
 * A channel of Claude Code: a notification that the client turns into a turn, where the user has switched channels on for
 * this server, and drops in silence everywhere else. So it never counts as rung, and comes only where the socket does not work.
 */
import type { ClaudeSocket } from './claude-socket.js';
import { type Attempt, CLAUDE_CODE, type Connection, type Method } from './method.js';
import type { Notice } from './notice.js';

export class ClaudeChannel implements Method {
  readonly name = 'claude-channel';

  constructor(
    private readonly connection: Connection,
    /** Undefined where the operator left that method out. */
    private readonly socket: Pick<ClaudeSocket, 'failing' | 'obstacle'> | undefined,
  ) {}

  obstacle(): string | undefined {
    const { client, notify } = this.connection;
    if (client !== CLAUDE_CODE || notify === undefined) return 'the client is not Claude Code';
    const { socket } = this;
    return socket !== undefined && socket.obstacle() === undefined && !socket.failing
      ? 'the socket does the same'
      : undefined;
  }

  async ring({ text, count }: Notice): Promise<Attempt> {
    try {
      await this.connection.notify?.('notifications/claude/channel', {
        content: text,
        meta: { count: String(count) },
      });
      return { outcome: 'unconfirmed', why: 'sent; the client confirms nothing' };
    } catch {
      return { outcome: 'failed', why: 'the connection is closed' };
    }
  }
}
