/** The last of what a program prints, in memory that does not grow with it. */

export class OutputTail {
  #ring: Buffer | undefined;
  #total = 0;

  constructor(private readonly maxBytes: number) {}

  add(chunk: Uint8Array): void {
    this.#ring ??= Buffer.alloc(this.maxBytes);
    const kept = chunk.subarray(-this.maxBytes);
    // Where the byte behind all that came before this chunk's kept part goes.
    const start = (this.#total + chunk.length - kept.length) % this.maxBytes;
    const untilEnd = kept.subarray(0, this.maxBytes - start);
    this.#ring.set(untilEnd, start);
    this.#ring.set(kept.subarray(untilEnd.length), 0);
    this.#total += chunk.length;
  }

  /** As UTF-8; what is not is replaced, and a character that the beginning cuts in two is left out. */
  text(): string {
    if (this.#ring === undefined) return '';
    if (this.#total <= this.maxBytes) return this.#ring.toString('utf8', 0, this.#total);
    const at = this.#total % this.maxBytes;
    const bytes = Buffer.concat([this.#ring.subarray(at), this.#ring.subarray(0, at)]);
    let begin = 0;
    // A character has at most three bytes of the form 10xxxxxx behind its first.
    while (begin < 3 && ((bytes[begin] ?? 0) & 0xc0) === 0x80) begin++;
    return bytes.toString('utf8', begin);
  }
}
