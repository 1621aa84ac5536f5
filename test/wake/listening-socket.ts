/** A stand-in for the inbox socket of a Claude Code session: notes what is written to it, each connection on its own. */
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';

export class FakeInbox {
  /** What each connection wrote, whole, in the order in which they ended. */
  readonly received: string[] = [];
  readonly #server: net.Server;
  readonly #open = new Set<net.Socket>();

  private constructor(
    readonly path: string,
    closes: boolean,
  ) {
    this.#server = net.createServer({ allowHalfOpen: !closes }, (socket) => {
      this.#open.add(socket);
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('end', () => this.received.push(text));
      socket.on('error', () => {});
      socket.on('close', () => this.#open.delete(socket));
    });
  }

  /** In a folder of its own below `folder`. With `closes: false` it reads and never closes. */
  static async listen(
    folder: string,
    { closes = true, name = 'inbox.sock' }: { closes?: boolean; name?: string } = {},
  ): Promise<FakeInbox> {
    const own = path.join(folder, 'claude');
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const inbox = new FakeInbox(path.join(own, name), closes);
    inbox.#server.listen(inbox.path);
    await once(inbox.#server, 'listening');
    chmodSync(inbox.path, 0o600);
    return inbox;
  }

  /** The lines of all connections, parsed. */
  get lines(): unknown[] {
    return this.received
      .flatMap((text) => text.split('\n').filter((line) => line !== ''))
      .map((line) => JSON.parse(line));
  }

  /** The notices among them. */
  get notices(): string[] {
    return (this.lines as { message?: { content: string } }[]).flatMap(({ message }) => message?.content ?? []);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
