/**
 * Judges one log, line by line:
 * 1. a line that is linked must have the next number, name the hash of the line before, and have the hash of its bytes;
 * 2. what is not linked may only be the beginning of a record at the very end, which a kill left;
 * 3. where the record of a job names a line of the log, that line must be there, with that hash.
 *
 * After a line that is wrong the chain is taken up where that line leaves it, so that one deed is one finding or two.
 */
import { beginningOf, type Link, linkOf } from './chain.js';
import type { AuditFinding, FindingKind } from './finding.js';
import type { LogLine } from './log-lines.js';
import { isTorn } from './torn.js';

/** What the record of a job says of the log. */
export interface Anchor {
  readonly job: string;
  readonly seq: number;
  readonly hash: string;
}

export interface LogVerdict {
  readonly findings: readonly AuditFinding[];
  /** Lines that are linked. */
  readonly lines: number;
  /** The number of the line that was cut short. */
  readonly torn?: number;
}

// Within a text each quote is escaped, so that no words look like these.
const MARKS = ['"hash":"', '"prev":"', '"event":"job.', '"event":"worker.'].map((mark) => Buffer.from(mark));

/** What the next line may be; undefined of it after a line of which nothing is known. */
interface Expected {
  readonly seq: number;
  /** Of a line that was changed both its own hash and that of its bytes: the next one names what it was before. */
  readonly prev: readonly string[];
}

export class LogJudge {
  readonly #findings: AuditFinding[] = [];
  /** The numbers of lines that would be wrong in the log of an audit, as long as nothing tells that it is one. */
  #doubtful: number[] = [];
  #isAudit: boolean;
  readonly #anchors = new Map<number, Anchor[]>();
  #expected: Expected | undefined;
  #last = { seq: 0, line: 1 };
  #lines = 0;
  #torn: number | undefined;

  /** @param log `<day>/<writer>` */
  constructor(
    private readonly log: string,
    private readonly anchors: readonly Anchor[],
  ) {
    this.#isAudit = anchors.length > 0;
    for (const anchor of anchors) this.#anchors.set(anchor.seq, [...(this.#anchors.get(anchor.seq) ?? []), anchor]);
    this.#expected = { seq: 1, prev: [beginningOf(log)] };
  }

  take({ bytes, number, last }: LogLine): void {
    if (number === 1) {
      if (bytes.length > 0) this.#doubt(bytes, number);
      return;
    }
    const link = linkOf(bytes);
    if (link !== undefined) this.#judge(link, number);
    else if (last && isTorn(bytes)) {
      this.#torn = number;
      if (isMarked(bytes)) this.#knowAsAudit();
    } else this.#doubt(bytes, number);
  }

  /** Undefined for a log that is none of the audit, as far as anything tells. */
  end(): LogVerdict | undefined {
    const torn = this.#torn === undefined ? {} : { torn: this.#torn };
    // Before its first whole line nothing tells a log of the audit from another one.
    if (!this.#isAudit) return this.#torn === 2 ? { findings: [], lines: 0, ...torn } : undefined;
    const beyond = this.anchors.filter(({ seq }) => seq > this.#last.seq);
    const [first] = beyond.toSorted((a, b) => b.seq - a.seq);
    if (first !== undefined) {
      const others = beyond.length === 1 ? '' : ` (and those of ${beyond.length - 1} more)`;
      const detail = `ends with number ${this.#last.seq}, and the record of ${first.job}${others} names number ${first.seq}`;
      this.#find('cut', this.#last.line, detail, { seq: this.#last.seq, job: first.job });
    }
    const findings = this.#findings.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    return { findings, lines: this.#lines, ...torn };
  }

  #judge({ seq, prev, hash, actual }: Link, line: number): void {
    this.#knowAsAudit();
    this.#lines++;
    const expected = this.#expected;
    const anchor = this.#anchors.get(seq)?.find((each) => each.hash !== hash);
    if (hash !== actual) {
      this.#find('altered', line, 'its hash does not fit its bytes', { seq });
      // Its number may be what was changed.
      this.#expected = { seq: (expected?.seq ?? seq) + 1, prev: [hash, actual] };
      this.#last = { seq: Math.max(this.#last.seq, expected?.seq ?? seq), line };
      return;
    }
    if (expected !== undefined && seq !== expected.seq) {
      this.#find('misplaced', line, `has number ${seq} in the place of number ${expected.seq}`, { seq });
    } else if (expected !== undefined && !expected.prev.includes(prev)) {
      const detail =
        seq === 1 ? 'begins another log: this one was copied or renamed' : 'does not name the line before it';
      this.#find('unlinked', line, detail, { seq });
    } else if (anchor !== undefined) {
      this.#find('rewritten', line, `is not the line that the record of ${anchor.job} names`, { seq, job: anchor.job });
    }
    this.#expected = { seq: seq + 1, prev: [hash] };
    this.#last = { seq: Math.max(this.#last.seq, seq), line };
  }

  #doubt(bytes: Buffer, line: number): void {
    if (!this.#isAudit && !isMarked(bytes)) {
      this.#doubtful.push(line);
      return;
    }
    this.#knowAsAudit();
    // One that is whole stands between two lines of the chain; anything else may have been one of them.
    if (line > 1 && isWhole(bytes)) this.#find('unchained', line, 'a record that is not of the chain');
    else {
      this.#find('damaged', line, 'no record, and not the beginning of one that a kill cut short');
      this.#expected = undefined;
    }
  }

  #knowAsAudit(): void {
    this.#isAudit = true;
    for (const line of this.#doubtful) this.#find('unchained', line, 'not of the chain that stands in this log');
    this.#doubtful = [];
  }

  #find(kind: FindingKind, line: number, detail: string, more: Pick<AuditFinding, 'seq' | 'job'> = {}): void {
    this.#findings.push({ kind, log: this.log, line, ...more, detail });
  }
}

function isMarked(line: Buffer): boolean {
  return MARKS.some((mark) => line.includes(mark));
}

function isWhole(line: Buffer): boolean {
  try {
    JSON.parse(line.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
