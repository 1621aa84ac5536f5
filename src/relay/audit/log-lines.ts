/** The lines of one log as they stand there, to the byte. */
import type { Store } from '../../store/store.js';

export interface LogLine {
  /** Without its newline. */
  readonly bytes: Buffer;
  /** As an editor counts, from 1. A log begins with a newline, so that the first line is empty. */
  readonly number: number;
  /** Nothing stands behind it. */
  readonly last: boolean;
}

const NEWLINE = 10;
const PART_BYTES = 256 * 1024;
// No record is that long. Of a line that is, the beginning will do: it is none of ours whatever follows.
const MAX_LINE_KEPT = 16 * 1024 * 1024;

/** In batches of any size; nothing for a log that is not there. Reads to the end that it has when that is reached. */
export async function* linesOfLog(store: Pick<Store, 'readLog'>, log: string): AsyncGenerator<LogLine[]> {
  let number = 1;
  let rest: Buffer = Buffer.alloc(0);
  for (let after = 0; ; ) {
    const part = await store.readLog(log, after, PART_BYTES);
    if (part === undefined) return;
    if (part.bytes.length === 0) break;
    after = part.next;
    const bytes = Buffer.concat([rest.subarray(0, MAX_LINE_KEPT), part.bytes]);
    const lines: LogLine[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      lines.push({ bytes: bytes.subarray(start, end), number: number++, last: false });
      start = end + 1;
    }
    rest = bytes.subarray(start);
    yield lines;
  }
  yield [{ bytes: rest, number, last: true }];
}
