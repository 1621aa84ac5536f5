/**
 * Follows a log from its end: what is new in it since the last look. The first look reads only the end of a long log.
 *
 * Records of these logs close with ` .`, which tells a whole one from one that is being appended or was left torn: the
 * latter is looked at again as long as nothing stands behind it, and passed over then.
 */
import type { Store } from '../../store/store.js';

export const WHOLE = ' .';

const CHUNK_BYTES = 256 * 1024;

export class LogTail {
  #next: number | undefined;

  constructor(
    private readonly store: Store,
    private readonly log: string,
    /** At most this much is read in one look. */
    private readonly maxBytes: number,
  ) {}

  /** True until the first look has succeeded: what that gives may have been there for long. */
  get isNew(): boolean {
    return this.#next === undefined;
  }

  /** The whole records since the last look, oldest first, without their ` .`; the first of a first look may be cut. */
  async records(): Promise<string[]> {
    const start = this.#next ?? Math.max(0, (await this.#end()) - this.maxBytes);
    const parts: Uint8Array[] = [];
    let next = start;
    while (next - start < this.maxBytes) {
      const part = await this.store.readLog(this.log, next, CHUNK_BYTES);
      if (part === undefined) break;
      parts.push(part.bytes);
      next = part.next;
      // Spares the look that finds nothing more; what is appended meanwhile is for the next one.
      if (part.bytes.length < CHUNK_BYTES) break;
    }
    const lines = Buffer.concat(parts).toString('latin1').split('\n');
    const last = lines.at(-1) ?? '';
    // The newline before it is read again as well.
    if (last !== '' && !last.endsWith(WHOLE) && lines.length > 1) {
      next -= last.length + 1;
      lines.pop();
    }
    this.#next = next;
    return lines.filter((line) => line.endsWith(WHOLE)).map((line) => line.slice(0, -WHOLE.length));
  }

  /** Where the log ends, if it is longer than what is to be read; found by looking, since a log does not say its size. */
  async #end(): Promise<number> {
    const isBefore = async (place: number) => ((await this.store.readLog(this.log, place, 1))?.bytes.length ?? 0) > 0;
    let low = this.maxBytes;
    if (!(await isBefore(low))) return low;
    let high = 2 * low;
    while (await isBefore(high)) [low, high] = [high, 2 * high];
    // To the nearest chunk: a little less is read then.
    while (high - low > CHUNK_BYTES) {
      const middle = Math.floor((low + high) / 2);
      if (await isBefore(middle)) low = middle;
      else high = middle;
    }
    return high;
  }
}
