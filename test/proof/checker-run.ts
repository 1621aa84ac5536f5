/**
 * A short run over a directory, in one process and always the same, with its journal: what the checker must find nothing in.
 * Mail is sent directly and to all, urgent and not; a session dies with a reply; some is acknowledged, some kept.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Claim } from '../../src/relay/claim.js';
import type { Session } from '../../src/relay/session.js';
import { FilesystemStore } from '../../src/store/filesystem/filesystem-store.js';
import type { Store } from '../../src/store/store.js';
import { claimAll, RelayWorld } from '../helpers/relay-world.js';
import { type Body, type Event, only, tokenOf } from './checker-journal.js';

const READERS = ['bob', 'carol'];

export class ScriptedRun {
  readonly journal: Event[] = [];
  readonly #world: RelayWorld;
  #replies = 0;
  #rounds = 0;

  constructor(
    private readonly folder: string,
    defect: (store: Store) => Store = (store) => store,
  ) {
    this.#world = new RelayWorld({ wrap: () => defect(new FilesystemStore(folder, { durability: 'process' })) });
    this.#world.clock.set(Date.now());
  }

  /** Again, it does the same with other tokens, and sessions of its own. */
  async play(): Promise<void> {
    const round = this.#rounds++ === 0 ? '' : `-${this.#rounds}`;
    const alice = await this.#world.session('alice');
    const carol = await this.#world.session('carol');
    const process = this.#world.process();
    const lost = await process.session('bob');
    await this.#send(alice, `first${round}`, 'bob');
    // Killed when its reply was out, and before it could note that.
    this.#shown(lost, await claimAll(lost.inbox));
    process.kill();
    this.journal.push({ kind: 'killed', agent: 'bob' });
    await this.#send(alice, `second${round}`, 'bob');
    await this.#send(alice, `urgent${round}`, 'bob', 'urgent');
    const bob = await this.#world.session('bob');
    // Some of it is given back by one session, unseen, and read by another.
    await this.#send(alice, `third${round}`, 'bob');
    await this.#send(alice, `everyone${round}`, 'all');
    await (await claimAll((await this.#world.session('bob')).inbox)).release();
    for (const reader of [bob, carol]) {
      const claim = await claimAll(reader.inbox);
      await claim.commit();
      this.#shown(reader, claim);
    }
    await this.#ack(bob, [`first${round}`, `everyone${round}`]);
    await this.#ask(alice);
    await this.#world.close();
  }

  /** Where a message is, below the relay. */
  fileOf(token: string, agent: string): string {
    const id = this.#idOf(token);
    return this.#find(agent, id);
  }

  /** The receipt that tells of a message's end. */
  receiptOf(token: string): string {
    return this.#find('.receipts/alice', `.acked.read.${this.#idOf(token)}`);
  }

  #find(folder: string, part: string): string {
    const files = readdirSync(path.join(this.folder, folder), { recursive: true }).map(String);
    const found = files.find((file) => file.includes(part));
    if (found === undefined) throw new Error(`nothing with ${part} in ${folder}`);
    return path.join(folder, found);
  }

  #idOf(token: string): string {
    return only(this.journal, 'sent').find((sent) => sent.token === token)?.id ?? '';
  }

  async #send(from: Session, token: string, target: string, priority: 'normal' | 'urgent' = 'normal'): Promise<void> {
    const body: Body = { content: `${token} message`, priority, thread: 'red', payload: { token } };
    const to = target === 'all' ? READERS : [target];
    this.journal.push({ kind: 'attempt', token, from: from.agent, session: from.id, to, body, expires: false });
    const draft = { target, content: body.content, priority, threadId: 'red', payload: { token } };
    const { message, queuedTo } = await from.send(draft);
    this.journal.push({ kind: 'sent', token, id: message.id, queuedTo });
  }

  #shown({ agent, id: session }: Session, { delivered }: Claim): void {
    const reply = `reply ${this.#replies++}`;
    const acksBefore = only(this.journal, 'acked').length;
    for (const { message, redelivered } of delivered) {
      const { id, from, content, priority, thread_id: thread, payload } = message;
      const body = { content, priority, thread, payload };
      this.journal.push({
        kind: 'shown',
        agent,
        session,
        reply,
        filtered: false,
        id,
        from,
        redelivered,
        body,
        acksBefore,
      });
    }
  }

  async #ack({ agent, kept }: Session, tokens: readonly string[]): Promise<void> {
    const ids = tokens.map((token) => this.#idOf(token));
    this.journal.push({ kind: 'acking', agent, ids });
    this.journal.push({ kind: 'acked', agent, ids: (await kept.ack(ids)).acked });
  }

  async #ask(sender: Session): Promise<void> {
    const { receipts } = this.#world.process().relay;
    for (const { id, body } of only(this.journal, 'shown')) {
      if (!tokenOf(body).endsWith(this.#rounds === 1 ? '' : `-${this.#rounds}`)) continue;
      for (const { to, state } of await receipts.lookUp(sender.agent, id))
        this.journal.push({ kind: 'told', id, to, state, asked: true });
    }
  }
}
