/** Whether mail that ends had been shown to its reader. Nobody says "never" of what a reply may have carried. */
import { HUMAN } from '../model/agent-id.js';
import type { Store } from '../store/store.js';
import { partOf } from './keys.js';
import { isRedelivered } from './mail.js';
import { markedReadAt } from './marked-read.js';
import type { MessageName } from './message-name.js';

export type WasShown = 'read' | 'unread' | 'maybe';

/** Of the mail at `key`, wherever it is of its reader's. */
export async function wasShown(store: Store, key: string, name: MessageName): Promise<WasShown> {
  const part = partOf(key);
  if (part === 'read') return 'read';
  // The human looks without leaving a trace.
  if (key.startsWith(`${HUMAN}/`)) return 'maybe';
  // A reply with it is being written, or was when its session died.
  if (part === 'taken') return 'maybe';
  return (await markedReadAt(store, key)) === undefined ? howUnshown(name) : 'read';
}

/** Of mail in an inbox that no other program has marked. */
export function howUnshown(name: MessageName): 'unread' | 'maybe' {
  return isRedelivered(name) ? 'maybe' : 'unread';
}
