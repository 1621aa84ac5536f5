/**
 * Finds where each key of a TOML file stands, which the parser does not tell. Runs only after the parser has accepted
 * the file, so it may assume valid TOML: it skips values without understanding them, and has no errors of its own.
 *
 * 1. A line is blank, a comment, a `[header]` or `[[header]]` that sets the prefix, or `key = value`.
 * 2. A key is bare, "basic" or 'literal' parts joined by dots. Every part is recorded under the path that leads to it,
 *    the first time that path appears: `dispatch.watch` gives `dispatch` and, further right, `dispatch.watch`.
 * 3. A value is a string (all four kinds, so text inside one is never taken for a key), an array (each element is
 *    recorded under its number), an inline table (its keys are recorded), or runs to the next `,`, `]`, `}`, `#` or
 *    end of line.
 */

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
}

/** Names of tables and keys, numbers of array elements, from the top of the file down. */
export type KeyPath = readonly (string | number)[];

export type FindPosition = (path: KeyPath) => Position | undefined;

/** Deeper keys are not recorded: no setting is that deep, and a key of a million dots must not cost a million paths. */
const MAX_DEPTH = 8;

/** A look-up from key path to the place of the key, or of the array element. `source` must be valid TOML. */
export function locateKeys(source: string): FindPosition {
  const positions = new Scanner(source).scan();
  return (path) => positions.get(nameOf(path));
}

function nameOf(path: KeyPath): string {
  return JSON.stringify(path);
}

class Scanner {
  private at = 0;
  private line = 1;
  private lineStart = 0;
  private lineEnd: number;
  private readonly positions = new Map<string, Position>();

  constructor(private readonly source: string) {
    this.lineEnd = this.endOfLine(0);
  }

  scan(): ReadonlyMap<string, Position> {
    let prefix: KeyPath = [];
    let tablesSeen = 0;
    for (this.skip(BLANK); this.at < this.source.length; this.skip(BLANK)) {
      const header = this.take(/\[\[?/y);
      if (header === '') {
        this.keyAndValue(prefix);
        continue;
      }
      const table = this.key([]);
      this.take(/\]\]?/y);
      // Every [[x]] begins another element; numbering them apart keeps the keys of one out of the others.
      prefix = header === '[[' ? this.record([...table, tablesSeen++], this.at) : table;
    }
    return this.positions;
  }

  private keyAndValue(prefix: KeyPath): void {
    const before = this.at;
    const path = this.key(prefix);
    this.take(/[ \t]*=[ \t]*/y);
    this.value(path);
    // Never true for valid TOML; without it, a mistake in here would be a server that hangs at its start.
    if (this.at === before) this.at += 1;
  }

  private key(prefix: KeyPath): KeyPath {
    let path = prefix;
    do {
      this.take(/[ \t]*/y);
      const offset = this.at;
      const part = this.take(/"(?:[^"\\]|\\.)*"|'[^']*'|[^\s.=\]"'#,{}[]+/y);
      path = this.record([...path.slice(0, MAX_DEPTH), keyText(part)], offset);
    } while (this.take(/[ \t]*\./y) !== '');
    this.take(/[ \t]*/y);
    return path;
  }

  private value(path: KeyPath): void {
    if (this.take(STRING) !== '') return;
    const bracket = this.take(/[[{]/y);
    if (bracket === '') {
      this.take(/[^,\]}#\r\n]+/y);
      return;
    }
    for (let index = 0; this.at < this.source.length; index++) {
      this.skip(BLANK_OR_COMMA);
      if (this.take(/[\]}]/y) !== '') return;
      if (bracket === '{') this.keyAndValue(path);
      else this.element(this.record([...path.slice(0, MAX_DEPTH), index], this.at));
    }
  }

  private element(path: KeyPath): void {
    const before = this.at;
    this.value(path);
    if (this.at === before) this.at += 1;
  }

  /** Offsets only ever grow from call to call, so the lines of the file are counted once. */
  private record(path: KeyPath, offset: number): KeyPath {
    while (this.lineEnd < offset) {
      this.line += 1;
      this.lineStart = this.lineEnd + 1;
      this.lineEnd = this.endOfLine(this.lineStart);
    }
    if (path.length > MAX_DEPTH) return path;
    const name = nameOf(path);
    if (!this.positions.has(name)) {
      this.positions.set(name, { line: this.line, column: offset - this.lineStart + 1 });
    }
    return path;
  }

  private endOfLine(start: number): number {
    const feed = this.source.indexOf('\n', start);
    return feed === -1 ? this.source.length : feed;
  }

  /** What the sticky pattern matches here, "" when nothing; moves behind it. */
  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const text = pattern.exec(this.source)?.[0] ?? '';
    this.at += text.length;
    return text;
  }

  private skip(pattern: RegExp): void {
    while (this.take(pattern) !== '');
  }
}

/** A comment runs to the line feed: "." would stop at U+2028 and take the rest of the comment for a key. */
const BLANK = /\s+|#[^\n]*/y;
const BLANK_OR_COMMA = /[\s,]+|#[^\n]*/y;

/** The three-quote forms first, and with up to two more quotes at their end, which belong to the text. */
const STRING = /"""(?:[^\\]|\\.)*?"{3,5}|'''.*?'{3,5}|"(?:[^"\\]|\\.)*"|'[^']*'/sy;

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1b' };

function keyText(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  if (!part.startsWith('"')) return part;
  return part
    .slice(1, -1)
    .replace(/\\(?:x(..)|u(.{4})|U(.{8})|(.))/g, (_all, x?: string, u?: string, long?: string, char?: string) => {
      const hex = x ?? u ?? long;
      return hex === undefined ? (ESCAPES[char ?? ''] ?? char ?? '') : String.fromCodePoint(Number.parseInt(hex, 16));
    });
}
