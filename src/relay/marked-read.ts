/** What another program says of mail in its agent's inbox: the Python server rewrites a file in place to mark it as read. */
import { isDispatchError } from '../model/errors.js';
import { MAX_STORED_BYTES, parseMessage } from '../model/message.js';
import type { Store } from '../store/store.js';

/** When the mail at `key` was marked as read by another program, in milliseconds; undefined when nothing says that it was. */
export async function markedReadAt(store: Store, key: string): Promise<number | undefined> {
  try {
    const read = await store.read(key, MAX_STORED_BYTES);
    if (read?.ok !== true || !maySayRead(read.bytes)) return undefined;
    const parsed = parseMessage(read.bytes);
    return 'message' in parsed && parsed.message.state === 'read' ? Math.trunc(read.modifiedAt) : undefined;
  } catch (error) {
    // What cannot be read now says nothing.
    if (!isDispatchError(error)) throw error;
    return undefined;
  }
}

/** Whether JSON may hold the text "read", escaped or not. Nearly all mail does not, and need not be parsed to tell. */
function maySayRead(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return text.includes('"read"') || text.includes('\\u00');
}
