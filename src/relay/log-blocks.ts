/**
 * Goes through one log in parts that hold whole records, forward or from its end. Each record begins with a newline, so a
 * part is cut at one, and the next part is read from there again: nothing is copied, and nothing is kept between two parts.
 */
import { isDispatchError } from '../model/errors.js';
import type { Store } from '../store/store.js';

export interface Block {
  readonly bytes: Buffer;
  /** Where the block begins in the log. */
  readonly start: number;
}

export type LogStore = Pick<Store, 'list' | 'readLog'>;

const NEWLINE = 10;
// A message has at most 8 MiB, and a record at most one message. What is longer is none, and is passed over.
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** From `from` to the end that the log has when it is reached. The last record of the last block may be there by half. */
export async function* blocksFrom(
  store: LogStore,
  log: string,
  from: number,
  partBytes: number,
): AsyncGenerator<Block> {
  let start = from;
  let size = partBytes;
  for (;;) {
    const part = await readPart(store, log, start, size);
    if (part === undefined) return;
    // The relay was removed, and a writer that goes on has begun its log anew.
    if (part.end < start) {
      start = 0;
      continue;
    }
    const { bytes } = part;
    if (bytes.length === 0) return;
    if (start > 0 && start === from && bytes[0] !== NEWLINE) {
      // Whoever looked for the end found it within a record that was just being appended.
      start = await beginningOfRecord(store, log, start, partBytes);
      if (start < from) continue;
    }
    if (start + bytes.length >= part.end) {
      yield { bytes, start };
      return;
    }
    const cut = bytes.lastIndexOf(NEWLINE);
    if (cut > 0) {
      yield { bytes: bytes.subarray(0, cut), start };
      start += cut;
      size = partBytes;
    } else if (size < MAX_RECORD_BYTES) size *= 2;
    else start += bytes.length;
  }
}

/** From `end` back to the beginning: the last block first, the records within each block in their order. */
export async function* blocksBack(store: LogStore, log: string, end: number, partBytes: number): AsyncGenerator<Block> {
  let size = partBytes;
  for (let stop = end; stop > 0; ) {
    const start = Math.max(0, stop - size);
    const part = await readPart(store, log, start, stop - start);
    if (part === undefined) return;
    const cut = start === 0 ? 0 : part.bytes.indexOf(NEWLINE);
    if (cut !== -1) {
      yield { bytes: part.bytes.subarray(cut), start: start + cut };
      stop = start + cut;
      size = partBytes;
    } else if (size < MAX_RECORD_BYTES) size *= 2;
    else stop = start;
  }
}

/** Where a log ends; 0 for one that is not there or cannot be read. */
export async function endOf(store: LogStore, log: string): Promise<number> {
  return (await readPart(store, log, Number.MAX_SAFE_INTEGER, 0))?.end ?? 0;
}

async function beginningOfRecord(store: LogStore, log: string, within: number, partBytes: number): Promise<number> {
  for await (const { bytes, start } of blocksBack(store, log, within, partBytes)) {
    const newline = bytes.lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline;
  }
  return within;
}

/** One log that cannot be read must not hold back the others; a lack of file handles concerns them all. */
async function readPart(store: LogStore, log: string, after: number, maxBytes: number) {
  try {
    const part = await store.readLog(log, after, maxBytes);
    if (part === undefined) return undefined;
    const { buffer, byteOffset, byteLength } = part.bytes;
    return { bytes: Buffer.from(buffer, byteOffset, byteLength), end: part.end };
  } catch (error) {
    const { errno } = isDispatchError(error, 'STORE_UNAVAILABLE') ? error.data : {};
    if (errno !== 'EACCES' && errno !== 'EPERM' && errno !== 'EIO') throw error;
    return undefined;
  }
}
