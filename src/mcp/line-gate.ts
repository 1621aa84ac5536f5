/**
 * Lines as they come in. The SDK stops reading at one that is longer than it takes, and whoever sent it would wait for ever: such
 * a line is passed over here, in bounded memory, and the request that it was can be answered.
 */
import type { RequestId } from '@modelcontextprotocol/sdk/types.js';

/** With its end. What the SDK's buffer holds. */
export const MAX_LINE_BYTES = 10 * 1024 * 1024;

// Of a line that is passed over: its id stands near its beginning, as most clients write it, or near its end.
const KEPT_BYTES = 4096;
const NEWLINE = 0x0a;

const ID = String.raw`"id"\s*:\s*(-?\d{1,15}|"[^"\\]{1,200}")\s*`;
const OTHER = String.raw`"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*`;
// Only where it must be the message's own: not below another key, and not in a text, where quotes are escaped.
const AT_BEGINNING = new RegExp(String.raw`^\s*\{\s*(?:${OTHER},\s*)*${ID}[,}]`);
const AT_END = new RegExp(String.raw`,\s*${ID}(?:,\s*${OTHER})*\}\s*$`);

export class LineGate {
  #held: Buffer[] = [];
  #bytes = 0;
  // Of a line that is too long.
  #beginning: Buffer | undefined;
  #end: Buffer = Buffer.alloc(0);

  constructor(
    /** Takes a whole line with its end. */
    private readonly pass: (line: Buffer) => void,
    /** Told of a line that was passed over, with the id of its request where that was found. */
    private readonly refuse: (id: RequestId | undefined) => void,
  ) {}

  push(chunk: Buffer): void {
    for (let start = 0; start < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, start);
      const end = newline === -1 ? chunk.length : newline + 1;
      this.#hold(chunk.subarray(start, end));
      if (newline !== -1) this.#endLine();
      start = end;
    }
  }

  #hold(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#beginning === undefined) {
      this.#held.push(part);
      if (this.#bytes <= MAX_LINE_BYTES) return;
      const line = Buffer.concat(this.#held);
      this.#held = [];
      // Copies: a view would keep all of it.
      this.#beginning = Buffer.from(line.subarray(0, KEPT_BYTES));
      this.#end = Buffer.from(line.subarray(-KEPT_BYTES));
      return;
    }
    this.#end = Buffer.from(Buffer.concat([this.#end, part.subarray(-KEPT_BYTES)]).subarray(-KEPT_BYTES));
  }

  #endLine(): void {
    const [held, beginning, end] = [this.#held, this.#beginning, this.#end];
    this.#held = [];
    this.#bytes = 0;
    this.#beginning = undefined;
    this.#end = Buffer.alloc(0);
    if (beginning !== undefined) this.refuse(idIn(beginning.toString('utf8'), end.toString('utf8')));
    else this.pass(held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held));
  }
}

function idIn(beginning: string, end: string): RequestId | undefined {
  const [, id] = AT_BEGINNING.exec(beginning) ?? AT_END.exec(end) ?? [];
  return id === undefined ? undefined : JSON.parse(id);
}
