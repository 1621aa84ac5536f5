/** What hooks note in the relay, of sessions that are over: what they announced, and failures that nobody came to hear of. */
import type { Store } from '../store/store.js';
import { namesInFolder } from './folder-names.js';
import { HOOKS, hooksKey } from './keys.js';

// A session that is older and still there has mail announced a second time, which is all that hangs on it.
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

export async function sweepHooks(store: Store, now: number): Promise<void> {
  for (const agent of await namesInFolder(store, HOOKS)) {
    for (const name of await namesInFolder(store, hooksKey(agent))) {
      const writtenAt = (await store.read(hooksKey(agent, name), 0))?.modifiedAt;
      if (writtenAt !== undefined && writtenAt < now - KEPT_MS)
        await store.remove(hooksKey(agent, name), { durable: false });
    }
    await store.prune(hooksKey(agent));
  }
}
