/**
 * Fills a relay faster than sending could. Names, messages and process records are made by the code of src/ itself.
 *
 * Only the oldest messages, which are the ones that get opened, are files of their own. The names behind them are links to
 * one file, for the sake of what is measured afterwards: for minutes after 100,000 files were removed, ext4 makes a new one
 * in 1.5 ms instead of 10 us, because it passes over every inode that was freed lately (recently_deleted() in fs/ext4/ialloc.c).
 */
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { bundleSource } from './source-bundle.mjs';

const SOURCE = `
  export { coreName, SUFFIX } from './src/relay/message-name.ts';
  export { agentKey, inboxKey, presenceFile, readKey, readName, receiptKey, sessionKey } from './src/relay/keys.ts';
  export { newMessageId, newSessionId } from './src/model/ids.ts';
  export { serializeMessage } from './src/model/message.ts';
  export { ProcessTable } from './src/store/filesystem/process-table.ts';
`;

// What the figures open: less than this.
const REAL = 400;
// ext4 allows an inode 65,000 names.
const NAMES_A_FILE = 30_000;

export async function loadRelayMaker(temp) {
  const source = await import(pathToFileURL(await bundleSource(temp, 'relay-source', SOURCE)).href);
  return (relay) => new RelayMaker(relay, source);
}

class RelayMaker {
  #relay;
  #source;

  constructor(relay, source) {
    this.#relay = relay;
    this.#source = source;
  }

  folder(...names) {
    return path.join(this.#relay, ...names);
  }

  /** `count` messages of `from` that `to` has been shown and not acknowledged. */
  keep(to, from, count) {
    const { readKey, readName } = this.#source;
    this.#write(to, from, count, readKey(to), (core, sentAt) =>
      path.basename(readKey(to, readName(core, 'p', sentAt))),
    );
  }

  /** `count` messages of `from` that wait for `to`. */
  queue(to, from, count) {
    const { inboxKey, SUFFIX } = this.#source;
    this.#write(to, from, count, inboxKey(to), (core) => core + SUFFIX);
  }

  /** What became of `count` messages of `sender`, which has not been told: `to` was shown each of them a minute ago. */
  notify(sender, to, count) {
    const { newMessageId, receiptKey } = this.#source;
    const first = Date.now() - 60_000 - count;
    const nameOf = (index) => `${first + index}.read.peek.${newMessageId()}.${to}`;
    const made = receiptKey(sender, nameOf(0));
    this.#file(made, '');
    for (let index = 1; index < count; index++) {
      linkSync(this.folder(made), this.folder(receiptKey(sender, nameOf(index))));
    }
  }

  /** A live session of `agent`, as far as anybody can tell: its record names this process. Its bell is there to be rung. */
  attend(agent) {
    const { agentKey, newSessionId, presenceFile, ProcessTable, sessionKey } = this.#source;
    const session = newSessionId();
    const since = new Date().toISOString();
    const own = { pid: process.pid, cwd: process.cwd(), since, client: { name: 'bench', version: '1' } };
    this.#file(sessionKey(agent, session), { agent_id: agent, session, ...own, ...new ProcessTable().self() });
    this.#file(presenceFile(agent), { agent_id: agent, pid: process.pid, started: since, session });
    this.#file(agentKey(agent), { served_at: since });
    this.#file(`.bell/${agent}`, '');
  }

  #write(to, from, count, folderKey, nameOf) {
    const { coreName, newMessageId, serializeMessage } = this.#source;
    const folder = this.folder(...folderKey.split('/'));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Sent one a millisecond, the last one a minute ago.
    const first = Date.now() - 60_000 - count;
    let unopened;
    for (let index = 0; index < count; index++) {
      const sentAt = first + index;
      const message = {
        id: newMessageId(),
        from,
        to,
        timestamp: new Date(sentAt).toISOString(),
        priority: 'normal',
        content: `Message ${index} of ${count}`,
        payload: null,
        thread_id: null,
        reply_to: null,
        ttl: 0,
        must_read: false,
        state: 'pending',
      };
      const value = serializeMessage(message);
      const file = path.join(folder, nameOf(coreName(message, sentAt, 0, Buffer.byteLength(value)), sentAt));
      if (index < REAL || index % NAMES_A_FILE === 0) {
        writeFileSync(file, value, { mode: 0o600, flag: 'wx' });
        unopened = file;
      } else {
        linkSync(unopened, file);
      }
    }
  }

  #file(key, value) {
    const file = this.folder(...key.split('/'));
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o600 });
  }
}
