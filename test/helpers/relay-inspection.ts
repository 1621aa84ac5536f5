/**
 * What stands in a relay directory, read with nothing of the relay's own code but the grammar of names and messages: what
 * the code under test would pass over or set aside is told as wrong here.
 */
import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { isRecipient } from '../../src/model/agent-id.js';
import { type Message, parseMessage } from '../../src/model/message.js';
import { parseEndedMark } from '../../src/relay/keys.js';
import { parseName } from '../../src/relay/message-name.js';
import { parseReceipt, type Receipt } from '../../src/relay/receipt-name.js';
import type { DiskCalls } from './simulated-disk.js';

type Calls = Pick<DiskCalls, 'lstatSync' | 'readdirSync' | 'readFileSync'>;

export interface Copy {
  readonly owner: string;
  readonly standing: 'pending' | 'taken' | 'read';
  readonly redelivered: boolean;
  readonly message: Message;
}

export interface RelayContents {
  readonly copies: readonly Copy[];
  /** Seen or not, and those to be written of mail in `ended/`, whose names say the same. */
  readonly receipts: readonly (Receipt & { readonly sender: string })[];
  /** What must never be: torn or misnamed mail, anything set aside, a file or folder that others can open. */
  readonly wrong: readonly string[];
}

/** @param calls of the disk that the relay is on. */
export function inspectRelay(root: string, calls: Calls = nodeFs): RelayContents {
  const copies: Copy[] = [];
  const receipts: (Receipt & { sender: string })[] = [];
  const wrong: string[] = [];
  const { stats, namesIn } = lookAt(root, calls);

  const mailIn = (owner: string, standing: Copy['standing'] | 'ended', folder: string) => {
    for (const file of namesIn(folder)) {
      const path = join(folder, file);
      const stat = stats.get(path);
      if (stat === undefined || stat.isDirectory()) continue;
      const name = parseName(file);
      const parsed = parseMessage(calls.readFileSync(path));
      if (name === undefined) wrong.push(`${path}: not the name of a message`);
      else if ('problem' in parsed) wrong.push(`${path}: ${parsed.problem}`);
      else if (parsed.message.id !== name.id || parsed.message.from !== name.from || stat.size !== name.bytes)
        wrong.push(`${path}: its name says something else than its content`);
      else if (standing === 'ended') {
        const mark = parseEndedMark(name.mark);
        if (mark === undefined) wrong.push(`${path}: says no end`);
        else receipts.push({ ...mark, how: mark.was, id: name.id, to: owner, sender: name.from });
      } else copies.push({ owner, standing, redelivered: name.mark === 'r', message: parsed.message });
    }
  };
  for (const owner of namesIn(root).filter(isRecipient)) {
    mailIn(owner, 'pending', join(root, owner));
    mailIn(owner, 'read', join(root, owner, 'read'));
    mailIn(owner, 'ended', join(root, owner, 'ended'));
    for (const session of namesIn(join(root, owner, 'taken')))
      mailIn(owner, 'taken', join(root, owner, 'taken', session));
  }
  for (const sender of namesIn(join(root, '.receipts'))) {
    for (const folder of ['.', 'seen']) {
      for (const name of namesIn(join(root, '.receipts', sender, folder))) {
        const receipt = parseReceipt(name);
        if (receipt !== undefined) receipts.push({ ...receipt, sender });
        else if (name !== 'seen') wrong.push(`.receipts/${sender}/${name}: not the name of a receipt`);
      }
    }
  }
  wrong.push(...namesIn(join(root, '.quarantine')).map((name) => `set aside: ${name}`));
  for (const [path, { mode }] of stats)
    if ((mode & 0o077) !== 0) wrong.push(`${path}: mode ${(mode & 0o777).toString(8)}`);
  return { copies, receipts, wrong };
}

/** Everything at `root` and below, looked at once: thousands of relays are inspected. */
function lookAt(root: string, calls: Calls) {
  const stats = new Map<string, nodeFs.Stats>();
  const names = new Map<string, readonly string[]>();
  const look = (path: string) => {
    const stat = calls.lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    stats.set(path, stat);
    if (!stat.isDirectory()) return;
    const children = calls.readdirSync(path).sort();
    names.set(path, children);
    for (const name of children) look(join(path, name));
  };
  look(root);
  /** Sorted; none where there is no folder. */
  return { stats, namesIn: (folder: string) => names.get(folder) ?? [] };
}
