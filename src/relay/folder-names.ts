/** Looks into folders of others, of which any may be something else by now. */
import { isDispatchError } from '../model/errors.js';
import type { Store } from '../store/store.js';

/**
 * The names in the folder of `prefix`; none where something else stands in its place, such as a file. For folders of one
 * agent or session, so that what is wrong with one costs only its owner, who is told.
 */
export async function namesInFolder(store: Store, prefix: string): Promise<readonly string[]> {
  try {
    return await store.list(prefix);
  } catch (error) {
    if (!isDispatchError(error, 'RELAY_UNSAFE')) throw error;
    return [];
  }
}
