/**
 * A stand-in for the inbox socket of a Claude Code session: notes what is written to it, each connection on its own. It is a
 * thread, as a client is a process: where many tests share this one, an answer from here could come too late to be one.
 */
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';

const CLIENT = `
  const net = require('node:net');
  const { parentPort, workerData: { path, closes, notes } } = require('node:worker_threads');
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => {
      notes.postMessage(text);
      if (closes) socket.end();
    });
    socket.on('error', () => {});
  });
  server.listen(path, () => parentPort.postMessage('listening'));
`;

export class FakeInbox {
  readonly #received: string[] = [];

  private constructor(
    readonly path: string,
    private readonly client: Worker,
    private readonly notes: MessagePort,
  ) {}

  /** In a folder of its own below `folder`. With `closes: false` it reads and never closes. */
  static async listen(
    folder: string,
    { closes = true, name = 'inbox.sock' }: { closes?: boolean; name?: string } = {},
  ): Promise<FakeInbox> {
    const own = path.join(folder, 'claude');
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const at = path.join(own, name);
    const { port1: notes, port2 } = new MessageChannel();
    const workerData = { path: at, closes, notes: port2 };
    const client = new Worker(CLIENT, { eval: true, workerData, transferList: [port2] });
    await once(client, 'message');
    chmodSync(at, 0o600);
    return new FakeInbox(at, client, notes);
  }

  /** What each connection wrote, whole, in the order in which they ended. */
  get received(): readonly string[] {
    for (let note = receiveMessageOnPort(this.notes); note; note = receiveMessageOnPort(this.notes)) {
      this.#received.push(note.message);
    }
    return this.#received;
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
    this.notes.close();
    await this.client.terminate();
  }
}
